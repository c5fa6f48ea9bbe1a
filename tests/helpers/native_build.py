"""One build of the native code for all tests: `make install`'s own, with what tests need besides.

What `make install` compiled is not compiled again, and processes of tests that need the build wait
for each other.
"""

import fcntl
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "native"
_OPTIONS = ("-DCMAKE_BUILD_TYPE=Release", "-DWAVERNN_TF_TESTS=ON", "-DWAVERNN_TF_C_API=ON")


def run(*command, **options):
    """Run a command; what it printed if it succeeds."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(*targets):
    """The build's folder, with these targets up to date.

    Args:
      *targets: names of CMake targets; all of them without any.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    chosen = ("--target", *targets) if targets else ()
    with open(BUILD.parent / "native.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("cmake", "-S", ROOT / "export" / "native", "-B", BUILD, *_OPTIONS, *_ninja())
        run("cmake", "--build", BUILD, "--parallel", "2", *chosen)
    return BUILD


def _ninja():
    """Options for a build by ninja, if there is one: `pip` built with one of its own, now gone."""
    found = shutil.which("ninja")
    cache = BUILD / "CMakeCache.txt"
    if not found or (cache.exists() and "CMAKE_GENERATOR:INTERNAL=Ninja" not in cache.read_text()):
        return []
    return ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={found}"]
