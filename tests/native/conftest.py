"""Fixtures: a build, an interpreter of each runtime with it, exported models."""

import zlib

import pytest
import tensorflow as tf

from tests.helpers import native_build
from tests.helpers import native_models as models


@pytest.fixture(scope="session")
def build():
    """Folder of a build of the library and of the C++ tests."""
    return native_build.build("wavernn_tf", "kernel_tests")


@pytest.fixture(scope="session", params=["tensorflow", "litert"])
def load(request, build):
    """load(bytes) -> an interpreter with the delegate."""
    library = str(next(build.glob("libwavernn_tf.*")))
    if request.param == "tensorflow":
        interpreter, load_delegate = tf.lite.Interpreter, tf.lite.experimental.load_delegate
    else:
        litert = pytest.importorskip("ai_edge_litert.interpreter")
        interpreter, load_delegate = litert.Interpreter, litert.load_delegate
    return lambda content: interpreter(
        model_content=content, experimental_delegates=[load_delegate(library)]
    )


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """exported(block, pre_emphasis, strides, weight_type) -> (config, weights, bytes).

    Made once each; `weights` are the trained ones, before rounding to the weight type.
    """
    cache = {}

    def make(block="4x4", pre_emphasis=0.85, strides=(2, 3), weight_type="float32"):
        key = (block, pre_emphasis, strides, weight_type)
        if key not in cache:
            config = models.make_config(block, pre_emphasis, strides)
            seed = zlib.crc32(repr(key).encode())  # whatever was made before
            weights = models.make_weights(config, seed=seed)
            arrays = list(models.tensors(config, weights, weight_type).values())
            content = models.convert(arrays, tmp_path_factory.mktemp("saved_model"))
            cache[key] = config, weights, content
        return cache[key]

    return make
