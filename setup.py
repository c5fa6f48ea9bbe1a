"""Builds the native library with CMake; everything else is in setup.cfg."""

import os
import re
import shlex
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Optional

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
LIBRARY = "libwavernn_tf.so"


class CMakeBuild(build_ext):
    """Builds `export/native` as a plain C library, which knows nothing of Python."""

    def get_ext_filename(self, fullname: str) -> str:
        """Names the library as it is, without Python's ABI tag."""
        return str(Path(*fullname.split(".")[:-1], LIBRARY))

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """Exports no `PyInit_...`: this is no Python module."""
        return []

    def build_extension(self, ext: Extension) -> None:
        """Configures and builds in a fresh folder: CMake's cache pins absolute paths.

        The environment variable CMAKE_ARGS holds further options, such as -DWAVERNN_TF_ISA=avx2.
        """
        folder = ROOT / "build" / "native"
        shutil.rmtree(folder, ignore_errors=True)
        configure = ["cmake", "-S", str(ROOT / "export" / "native"), "-B", str(folder)]
        configure += ["-DCMAKE_BUILD_TYPE=Release", *shlex.split(os.environ.get("CMAKE_ARGS", ""))]
        if shutil.which("ninja"):
            configure += ["-G", "Ninja"]
        subprocess.run(configure, check=True)
        subprocess.run(
            ["cmake", "--build", str(folder), "--target", "wavernn_tf", "--parallel", "2"],
            check=True,
        )
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / LIBRARY, target)


MACHINES = {62: "x86_64", 183: "aarch64"}
"""Of ELF headers."""


def linux_platform(library: bytes) -> Optional[str]:
    """The platform tag of a library for Linux with glibc; None for another.

    The version in the tag is that of the newest symbol of glibc that the library asks for, from
    2.17 on, the oldest that pip knows on all machines. Everything else is linked statically.
    """
    machine = MACHINES.get(struct.unpack_from("<H", library, 18)[0])
    symbols = [int(minor) for minor in re.findall(rb"\0GLIBC_2\.(\d+)(?=[.\0])", library)]
    if library[:6] != b"\x7fELF\x02\x01" or not machine or not symbols:
        return None
    return f"manylinux_2_{max(17, *symbols)}_{machine}"


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3, bound to the platform alone."""

    def get_tag(self) -> tuple[str, str, str]:
        """Tags the wheel py3-none-<platform>; the platform is that of the library it holds."""
        library = Path(self.bdist_dir, "wavernn_tf", "export", LIBRARY)
        found = linux_platform(library.read_bytes()) if library.is_file() else None
        return "py3", "none", found or super().get_tag()[2]


setup(
    ext_modules=[Extension("wavernn_tf.export.libwavernn_tf", sources=[])],
    cmdclass={"build_ext": CMakeBuild, "bdist_wheel": PlatformWheel},
)
