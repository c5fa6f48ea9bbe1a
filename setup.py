"""Builds the native library with CMake; everything else is in setup.cfg."""

import shutil
import subprocess
from pathlib import Path

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
        """Configures and builds in a fresh folder: CMake's cache pins absolute paths."""
        folder = ROOT / "build" / "native"
        shutil.rmtree(folder, ignore_errors=True)
        configure = ["cmake", "-S", str(ROOT / "export" / "native"), "-B", str(folder)]
        configure += ["-DCMAKE_BUILD_TYPE=Release"]
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


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3, bound to the platform alone."""

    def get_tag(self) -> tuple[str, str, str]:
        """Tags the wheel py3-none-<platform>."""
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[Extension("wavernn_tf.export.libwavernn_tf", sources=[])],
    cmdclass={"build_ext": CMakeBuild, "bdist_wheel": PlatformWheel},
)
