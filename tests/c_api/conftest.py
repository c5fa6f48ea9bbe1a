"""Fixtures: libwavernn, built and installed; small voices."""

import fcntl
import subprocess
from pathlib import Path

import pytest

from tests.c_api import binding
from tests.c_api.small_voices import make_voice

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "c_api"


def run(*command, **options):
    """Run a command; what it printed if it succeeds."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Folder in which the library is installed. It is built where the next run finds it."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        options = ["-DCMAKE_BUILD_TYPE=Release", "-DWAVERNN_TF_C_API=ON"]
        run("cmake", "-G", "Ninja", "-S", ROOT / "export/native", "-B", BUILD, *options)
        run("cmake", "--build", BUILD, "--parallel", "2", "--target", "wavernn", "wavernn_static")
        folder = tmp_path_factory.mktemp("installed")
        run("cmake", "--install", BUILD, "--component", "wavernn", "--prefix", folder)
    return folder


@pytest.fixture(scope="session")
def library(installed):
    """The shared library through ctypes."""
    return binding.load(next(installed.glob("lib*/libwavernn.so")))


@pytest.fixture(scope="session")
def voices():
    """voices(kind, weight_type) -> the bytes of a small .tflite voice; made once each."""
    cache = {}

    def make(kind="plain", weight_type="float32"):
        if (kind, weight_type) not in cache:
            cache[kind, weight_type] = make_voice(kind, weight_type)
        return cache[kind, weight_type]

    return make
