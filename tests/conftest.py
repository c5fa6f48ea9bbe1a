"""Shared fixtures: a small configuration and its weights."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from tests.helpers.small import small_config, sparse_weights


@pytest.fixture
def config():
    return small_config()


@pytest.fixture
def weights(config):
    return sparse_weights(config)
