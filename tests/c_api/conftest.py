"""Fixtures: libwavernn, built and installed; small voices."""

import pytest

from tests.c_api import binding
from tests.c_api.small_voices import make_voice
from tests.helpers import native_build


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Folder in which the library is installed."""
    built = native_build.build("wavernn", "wavernn_static")
    folder = tmp_path_factory.mktemp("installed")
    native_build.run("cmake", "--install", built, "--component", "wavernn", "--prefix", folder)
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
