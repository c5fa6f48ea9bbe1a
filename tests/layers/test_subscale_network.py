"""The layers of Subscale: what they compute, precision, pruning, serialisation."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.subscale import subscale_config
from wavernn_tf._keras import keras, set_seed
from wavernn_tf.audio import signal
from wavernn_tf.config import SubscaleConfig
from wavernn_tf.config.matrices import network_shapes
from wavernn_tf.layers import SubscaleNetwork, TeacherForcing, Unfold
from wavernn_tf.models import wavernn
from wavernn_tf.sparsity import pruning


def test_teacher_forcing_reads_the_own_sub_tensor():
    samples = np.random.default_rng(0).integers(-20000, 20000, [2, 8 + 24])
    coarse, fine = signal.split(samples, 128)
    x, v = TeacherForcing(batch=8)(tf.constant(256 * coarse + fine))
    np.testing.assert_array_equal(v, samples[:, 8:] / np.float32(32768))
    scalars = signal.scalar(coarse), signal.scalar(fine)
    for waveform in range(2):
        for s in range(8):
            row = x[waveform * 8 + s].numpy()
            np.testing.assert_array_equal(row[:, 0], scalars[0][waveform, s:-8:8])
            np.testing.assert_array_equal(row[:, 1], scalars[1][waveform, s:-8:8])
            np.testing.assert_array_equal(row[:, 2], scalars[0][waveform, 8 + s :: 8])


def test_the_first_sub_tensor_is_told_nothing():
    layer = SubscaleNetwork(SubscaleConfig(batch=4, horizon=8, dilations=(1, 2)))
    v = np.random.default_rng(0).standard_normal([2, 40]).astype(np.float32)
    out = layer(v).numpy().reshape(2, 4, 10, 64)
    assert np.ptp(out[:, 0], axis=(0, 1)).max() == 0
    assert all(np.ptp(out[:, s], axis=(0, 1)).max() > 0 for s in range(1, 4))


def test_without_gain_the_network_is_blind():
    layer = SubscaleNetwork(SubscaleConfig(batch=4, horizon=8, dilations=(1,), input_gain=0.0))
    v = np.random.default_rng(0).standard_normal([2, 40]).astype(np.float32)
    np.testing.assert_array_equal(layer(v), layer(0 * v))


@pytest.mark.parametrize("shape", [{}, {"kernel_size": 2, "dilations": (1, 1, 3)}])
def test_weights_have_the_listed_shapes(shape):
    subscale = SubscaleConfig(batch=8, horizon=8, **{"dilations": (1, 2), **shape})
    layer = SubscaleNetwork(subscale)
    layer(tf.zeros([1, 16]))
    assert [tuple(k.shape) for k in layer.kernels] == list(network_shapes(subscale).values())
    assert layer.get_prunable_weights() == layer.kernels[1:]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_whole_samples_reach_the_network_under_any_precision(precision):
    """A sample of 16 bits has more than bfloat16's eight: two that differ in the last must tell."""
    config = subscale_config(4)
    set_seed(0)
    keras.mixed_precision.set_global_policy(precision)
    try:
        model = wavernn.build(config, wrap=pruning.wrapper(config))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    layer = model.get_layer("prune_matrices_subscale")
    assert layer.compute_dtype == "float32"
    v = np.full([1, 40], 20001 / 32768, np.float32)
    moved = v.copy()
    moved[0, 20] = 20002 / 32768
    assert not np.array_equal(layer(v), layer(moved))


@pytest.mark.parametrize(
    "layer, value",
    [
        (SubscaleNetwork(SubscaleConfig(batch=4, horizon=8, dilations=(1, 2))), np.ones([2, 16])),
        (TeacherForcing(4), np.full([2, 20], 33000)),
        (Unfold(4), np.ones([8, 3, 2])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layers_survive_their_configuration(layer, value):
    value = tf.constant(value, tf.int32 if isinstance(layer, TeacherForcing) else tf.float32)
    before = layer(value)
    twin = keras.layers.deserialize(keras.layers.serialize(layer))
    twin(value)
    twin.set_weights(layer.get_weights())
    for a, b in zip(tf.nest.flatten(before), tf.nest.flatten(twin(value))):
        np.testing.assert_array_equal(a, b)


def test_one_sub_tensor_needs_no_network():
    with pytest.raises(ValueError, match="Leave the layer out"):
        SubscaleNetwork(SubscaleConfig(batch=1))
