"""The ABI is that of `abi_64bit.txt`: programs linked against an older build go on running.

A line may be added to that file; one that goes or changes needs a new WAVERNN_ABI.
"""

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.helpers.native_build import ROOT, run

HERE = Path(__file__).parent
FROZEN = (HERE / "abi_64bit.txt").read_text().splitlines()


def test_structs_and_numbers(installed, tmp_path):
    if struct.calcsize("P") != 8:
        pytest.skip("frozen for 64-bit machines")
    strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]
    run("cc", *strict, f"-I{installed}/include", HERE / "abi.c", "-o", tmp_path / "abi")
    assert run(tmp_path / "abi").splitlines() == [
        line for line in FROZEN if not line.startswith("symbol ")
    ]


def test_exported_symbols(installed):
    library = next(installed.glob("lib*/libwavernn.so"))
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    names = sorted(line.split()[-1].split("@")[0] for line in lines)
    frozen = [line.split()[1] for line in FROZEN if line.startswith("symbol ")]
    assert names == sorted([*frozen, "WAVERNN_1"])
    declared = (installed / "include/wavernn.h").read_text()
    assert sorted(set(re.findall(r"\b(wavernn_\w+)\(", declared))) == sorted(frozen)


def test_soname_is_the_abi(installed):
    library = next(installed.glob("lib*/libwavernn.so"))
    dynamic = run("readelf", "-d", library)
    assert "soname: [libwavernn.so.1]" in dynamic
    # The C++ runtime is inside: a program needs the C library alone.
    needed = set(re.findall(r"NEEDED.*\[(.*?)\.so", dynamic))
    assert needed <= {"libc", "libm", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64"}


def test_header_is_cpp_too(installed, tmp_path):
    source = tmp_path / "main.cc"
    source.write_text(
        '#include "wavernn.h"\n'
        "int main() { wavernn_info i = WAVERNN_INFO_INIT; wavernn_draw d = WAVERNN_DRAW_INIT;\n"
        "wavernn_utterance u = WAVERNN_UTTERANCE_INIT; wavernn_options o = WAVERNN_OPTIONS_INIT;\n"
        "return i.size + d.size + u.size + o.size == 0; }\n"
    )
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    run("c++", *flags, f"-I{installed}/include", source)


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_find_package_and_pkg_config(installed, tmp_path, kind):
    target = "wavernn" if kind == "shared" else "wavernn_static"
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(app C)\n"
        "find_package(wavernn 0 REQUIRED)\n"
        f"add_executable(app {ROOT}/examples/device/speak.c)\n"
        f"target_link_libraries(app PRIVATE wavernn::{target})\n"
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={installed}")
    run("cmake", "--build", tmp_path / "build")
    done = subprocess.run([tmp_path / "build" / "app"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage: speak" in done.stderr


@pytest.mark.parametrize("static", [(), ("--static",)])
def test_pkg_config(installed, tmp_path, static):
    folder = next(installed.glob("lib*/pkgconfig"))
    if not shutil.which("pkg-config"):
        assert "-lwavernn" in (folder / "wavernn.pc").read_text()
        pytest.skip("no pkg-config here: only the file was read")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
    flags = run("pkg-config", "--cflags", "--libs", *static, "wavernn", env=environment).split()
    run("cc", ROOT / "examples/device/speak.c", "-o", tmp_path / "app", *flags)
