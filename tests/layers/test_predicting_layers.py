"""The layers in front of the network: serialisation, gains, masks, what is trained."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.predicting import predicting_config, predicting_features
from wavernn_tf._keras import keras, set_seed
from wavernn_tf.layers import DualSoftmaxGRU, GivenPitch, MulawFine, PitchEstimator
from wavernn_tf.layers.dual_softmax_gru import input_gains
from wavernn_tf.models import wavernn
from wavernn_tf.training import losses

EXTRA = ("sample", "lagged", "log_residual")


@pytest.mark.parametrize(
    "layer, inputs",
    [
        (PitchEstimator(channels=8), tf.ones([2, 9, 6])),
        (GivenPitch(16000), tf.constant([[0.0, 110.0, 300.0]])),
        (MulawFine(), [tf.ones([1, 4, 256]), tf.zeros([1, 4, 3])]),
        (
            DualSoftmaxGRU(8, 2, 512.0, split="mulaw", extra_inputs=EXTRA),
            [tf.ones([1, 4, 10]), tf.ones([1, 2, 3])],
        ),
    ],
)
def test_layers_survive_serialisation(layer, inputs):
    expected = layer(inputs)
    twin = type(layer).from_config(layer.get_config())
    twin(inputs)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(inputs), expected)


def test_gains_of_the_rows():
    linear = input_gains(512.0, "linear", EXTRA)[:, 0]
    assert linear.tolist() == [512, 2, 512, 512, 512, 512, 512, 512, 512, 8]
    assert input_gains(512.0, "mulaw", EXTRA)[:3, 0].tolist() == [8, 2, 8]


@pytest.mark.parametrize("split", ["linear", "mulaw"])
def test_the_coarse_half_never_sees_the_coarse_byte(split):
    set_seed(0)
    layer = DualSoftmaxGRU(8, 1, 512.0, split=split, extra_inputs=EXTRA)
    layer([tf.ones([1, 1, 10]), tf.ones([1, 1, 3])])
    kernel = layer.masked_input_kernel().numpy().reshape(10, 3, 8)
    zero = np.zeros_like(kernel, bool)
    zero[2, :, :4] = True
    assert np.array_equal(kernel == 0, zero)
    trained = layer.input_kernel.numpy()
    assert np.array_equal(trained[0], trained[1]) == (split == "linear")


def batch_for(config, frames=3):
    rng = np.random.default_rng(0)
    n = frames * config.mel.hop_length
    coarse = rng.integers(0, 256, [2, n])
    x = rng.standard_normal([2, n, config.model.input_rows]).astype(np.float32) * 0.1
    x[..., 2] = coarse / 127.5 - 1
    features = np.stack([predicting_features(config, frames, seed) for seed in (0, 1)])
    inputs = {"features": features, "inputs": x}
    return inputs, {"coarse": coarse, "fine": rng.integers(0, 6, [2, n])}


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_training_moves_all_but_the_estimator(precision):
    config = predicting_config()
    keras.mixed_precision.set_global_policy(precision)
    try:
        model = wavernn.build(config, np.full(10, -4.0), np.ones(10))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    model.compile(keras.optimizers.Adam(1e-2), loss=losses.of(config.signal))
    estimator = model.get_layer("pitch")
    before = [w.numpy() for w in model.trainable_variables], estimator.get_weights()
    inputs, targets = batch_for(config)
    first = model.train_on_batch(inputs, targets)[0]
    for _ in range(10):
        last = model.train_on_batch(inputs, targets)[0]
    assert np.isfinite(first) and last < first
    for old, new in zip(before[0], model.trainable_variables):
        assert np.any(old != new.numpy()), new.name
    for old, new in zip(before[1], estimator.get_weights()):
        assert new.dtype == np.float32
        np.testing.assert_array_equal(old, new)


def test_bits_of_the_fine_byte_are_those_of_its_likelihood():
    likelihoods = tf.math.log(tf.fill([2, 5, 256], 1 / 8))
    np.testing.assert_allclose(losses.value_bits(np.zeros([2, 5], int), likelihoods), 3, rtol=1e-6)
