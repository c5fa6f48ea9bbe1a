"""A small voice, exported once, and a stand-in for TF Serving that serves it."""

from pathlib import Path

import numpy as np
import pytest

from tests.export.tflite.test_tflite import info_for
from tests.helpers.small import assert_same_samples, features_for, small_config, sparse_weights
from wavernn_tf.export.serving import kit, saved_model
from wavernn_tf.generation.reference import Reference


class Served:
    """A voice in a folder for TF Serving, and what the tests need to judge its answers."""

    def __init__(self, folder):
        self.config = small_config()
        self.weights = sparse_weights(self.config)
        self.info = info_for(self.config, self.weights)
        self.folder = Path(folder)
        self.version = Path(saved_model.save(self.config, self.weights, self.info, self.folder))
        self.hop = self.config.mel.hop_length

    def features(self, frames, seed):
        return features_for(self.config, frames, seed, padded=False)

    def draws(self, features, seed, temperature=1.0):
        shape = self.config.model.conditioning
        padded = np.pad(features, ((shape.past, shape.lookahead), (0, 0)), mode="edge")
        return Reference(self.config, self.weights).generate(padded, seed, temperature)

    def assert_spoken(self, audio, features, seed, temperature=1.0):
        """The samples are the reference's, as many as there should be."""
        draws = self.draws(features, seed, temperature)
        assert len(audio) == len(draws.audio)
        assert_same_samples(audio, draws)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    return Served(tmp_path_factory.mktemp("served") / "voice")


@pytest.fixture(scope="session")
def batching(tmp_path_factory):
    """The kit's own batching parameters, as the official message."""
    from tests.helpers.serving_configs import read_batching

    path = tmp_path_factory.mktemp("batching") / "batching.config"
    path.write_text(kit.batching_config())
    return read_batching(path)


@pytest.fixture(scope="session")
def server(served, batching):
    """A stand-in that batches as the kit says."""
    from tests.helpers.serving_stand_in import StandIn

    with StandIn({"voice": served.folder}, batching, largest=1 << 20) as running:
        yield running


@pytest.fixture(params=["grpc", "http"])
def url(request, server):
    return server.urls[request.param]
