"""Shared fixtures: a small configuration and its weights, the wheel; the order of the files."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from tests.helpers import wheels
from tests.helpers.small import small_config, sparse_weights


def pytest_collection_modifyitems(items):
    """Files with slow tests come first: none of them begins when all others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def config():
    return small_config()


@pytest.fixture
def weights(config):
    return sparse_weights(config)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of the checkout, built once for all processes of a run of the tests."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    return wheels.wheel(folder / "wheel")
