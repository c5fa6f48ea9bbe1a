"""A Python of 64-bit ARM in a folder, with what speaking needs, for qemu's user mode.

Debian's packages are unpacked, not installed: apt works on lists and a status of its own, so the
machine's stay as they are. The wheels are those that pip would take there.
"""

import shutil
import subprocess
import sys
import zipfile

from tests.helpers.native_build import ROOT

FOLDER = ROOT / "build" / "arm-root"
EMULATOR = "qemu-aarch64-static"
_TOOLS = {EMULATOR: "qemu-user-static", "apt-get": "apt", "dpkg-deb": "dpkg"}
_PACKAGES = ("python3", "libstdc++6")
_WHEELS = ("ai-edge-litert>=2", "numpy<2.3", "click>=8", "PyYAML>=6", "soundfile>=0.12")
_GLIBC = 36  # Debian 12's


def missing():
    """Why there can be no such folder here; None if there can."""
    tools = [f"{tool} ({package})" for tool, package in _TOOLS.items() if not shutil.which(tool)]
    if tools:
        return f"needs {', '.join(tools)}"
    if not own_wheels():
        return "needs dist/wavernn_tf-*_aarch64.whl (make wheel-arm)"
    return None


def own_wheels():
    """The package's wheels for 64-bit ARM, the newest last."""
    found = (ROOT / "dist").glob("wavernn_tf-*_aarch64.whl")
    return sorted(found, key=lambda path: path.stat().st_mtime)


def python():
    """The command that runs this Python, made at the first call; our wheel is unpacked anew."""
    root = FOLDER / "root"
    if not (FOLDER / "done").is_file():
        shutil.rmtree(FOLDER, ignore_errors=True)
        _unpack_debian(root)
        _unpack_wheels(_site(root))
        (FOLDER / "done").touch()
    shutil.rmtree(_site(root) / "wavernn_tf", ignore_errors=True)
    _unzip(own_wheels()[-1], _site(root))
    return [EMULATOR, "-L", str(root), str(_program(root))]


def _program(root):
    return next(p for p in (root / "usr/bin").glob("python3.*") if p.name[8:].isdigit())


def _site(root):
    return root / "usr/lib/python3/dist-packages"


def _unpack_debian(root):
    state, cache = FOLDER / "apt", FOLDER / "cache"
    (state / "lists" / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    (state / "status").touch()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Dir::State": state,
        "Dir::State::status": state / "status",
        "Dir::Cache": cache,
    }
    apt = ["apt-get", "-qq"]
    for name, value in options.items():
        apt += ["-o", f"{name}={value}"]
    _run(*apt, "update")
    _run(*apt, "--yes", "--download-only", "install", *_PACKAGES)
    root.mkdir()
    for package in sorted((cache / "archives").glob("*.deb")):
        _run("dpkg-deb", "--extract", package, root)


def _unpack_wheels(site):
    version = _program(site.parents[3]).name[len("python") :]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
    pip += ["--python-version", version, "--implementation", "cp"]
    for abi in (f"cp{version.replace('.', '')}", "abi3", "none"):
        pip += ["--abi", abi]
    for system in ("manylinux2014", *(f"manylinux_2_{n}" for n in range(17, _GLIBC + 1))):
        pip += ["--platform", f"{system}_aarch64"]
    _run(*pip, "--dest", FOLDER / "wheels", *_WHEELS)
    for wheel in (FOLDER / "wheels").glob("*.whl"):
        _unzip(wheel, site)


def _unzip(wheel, site):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)


def _run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}{done.stderr}"
