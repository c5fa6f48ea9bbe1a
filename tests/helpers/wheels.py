"""Building the package as a user would, for the tests that install it somewhere else."""

import fcntl
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
# A file of the tests too: it must not get into what is built.
SOURCES = ["setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"]
SOURCES += ["CHANGELOG.md", "wavernn_tf", "export", "pipelines", "tests/conftest.py"]

_scratch = tempfile.TemporaryDirectory(prefix="wavernn-tf-wheels-")


def run(*command, fails=None, variables=(), **options):
    """Runs a command outside the checkout, without the environment's own search paths.

    Args:
      *command: the program and its arguments.
      fails: the exit code with which it must fail; its standard error is returned then.
      variables: more of the environment.
      **options: of `subprocess.run`.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"  # its CMake
    env.update(variables)
    options.setdefault("cwd", _scratch.name)
    command = [str(part) for part in command]
    done = subprocess.run(command, env=env, capture_output=True, text=True, **options)
    assert done.returncode == (fails or 0), f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stderr if fails else done.stdout


@functools.cache
def checkout_copy():
    """A clean copy of the checkout's sources: building writes beside them."""
    copy = Path(_scratch.name) / "checkout"
    ignore = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    for name in SOURCES:
        source, target = CHECKOUT / name, copy / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignore)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return copy


@functools.cache
def source_distribution():
    """Folder of the source distribution of the checkout, unpacked."""
    needs_build_tools()
    out = Path(_scratch.name) / "sources"
    make = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    run(sys.executable, "-c", make, out, cwd=checkout_copy())
    (archive,) = out.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(out)
    return out / archive.name[: -len(".tar.gz")]


def wheel(folder):
    """The wheel of the source distribution, built with the tools of the environment.

    It holds the scalar kernels alone, not made for speed: the others take most of the time to
    compile, and give the same samples.

    Args:
      folder: where to build it; what another process has built there is taken.
    """
    needs_build_tools()
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
            plain = {"CMAKE_ARGS": "-DWAVERNN_TF_ISA=none -DCMAKE_BUILD_TYPE=MinSizeRel"}
            run(*pip, "--wheel-dir", folder, source_distribution(), variables=plain)
            (folder / "done").touch()
    (found,) = folder.glob("*.whl")
    return found


def needs_build_tools():
    """Skips a test where `make install` has not put what builds a wheel."""
    pytest.importorskip("setuptools.command.bdist_wheel", reason="needs setuptools >= 70.1")
    pytest.importorskip("wheel")


def fresh_environment(folder, wheel, *, share_dependencies):
    """A new environment with the wheel alone; returns its folder of programs.

    Args:
      folder: where to make it.
      wheel: from `wheel`.
      share_dependencies: let it import what the running environment has installed, but not an
        editable install of the package: a .pth file inside an added folder has no effect.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = Path(folder) / "bin"
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", wheel)
    if share_dependencies:
        site = run(
            programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
        )
        folders = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        Path(site.strip(), "shared.pth").write_text("\n".join(folders) + "\n")
    return programs
