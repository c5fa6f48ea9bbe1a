"""The training layer: equations, mask, step = sequence, serialisation."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small import features_for, small_config
from wavernn_tf._keras import keras, set_seed
from wavernn_tf.audio import dsp, signal
from wavernn_tf.generation import equations
from wavernn_tf.generation.reference import Reference
from wavernn_tf.layers import DualSoftmaxGRU, DualSoftmaxHeads, Standardise
from wavernn_tf.models import wavernn
from wavernn_tf.voice import weights as weights_lib

TIME = 80


@pytest.fixture(scope="module")
def network():
    """A Keras model with every weight moved off its initial value, and random inputs."""
    set_seed(0)
    config = small_config(input_gain=4.0)  # far from saturation: every unit must move
    rng = np.random.default_rng(0)
    n = config.mel.n_mels
    model = wavernn.build(config, rng.standard_normal(n), 0.5 + rng.random(n))
    for variable in model.trainable_variables:
        variable.assign_add(0.2 * rng.standard_normal(variable.shape).astype(np.float32))
    frames = TIME // config.mel.hop_length
    inputs = {
        "features": features_for(config, frames)[None],
        "codes": rng.integers(0, 65536, [1, 1 + TIME], np.int32),
    }
    return config, model, inputs


def scalars(inputs):
    """The GRU's input float32 [TIME, 3] of the one waveform."""
    coarse, fine = signal.scalar(inputs["codes"][0] >> 8), signal.scalar(inputs["codes"][0] & 255)
    return np.stack([coarse[:-1], fine[:-1], coarse[1:]], axis=-1)


def states(model, inputs):
    layers = keras.Model(model.input, model.get_layer("gru").output)
    return layers(inputs).numpy()[0]


def test_sequence_equals_the_numpy_equations(network):
    config, model, inputs = network
    reference = Reference(config, weights_lib.extract(model))
    gates = reference.condition(inputs["features"][0])
    h = np.zeros(config.model.state_size)
    outputs, whole = model(inputs), states(model, inputs)
    for n, x in enumerate(scalars(inputs).astype(np.float64)):
        halves = [reference.step_half(h, x, gates[n], fine) for fine in (False, True)]
        h = np.concatenate(halves)
        # The state is bounded by 1; errors of float32 sums do not grow along the sequence.
        np.testing.assert_allclose(whole[n], h, atol=2e-5)
        for name, y, fine in (("coarse", halves[0], False), ("fine", halves[1], True)):
            np.testing.assert_allclose(outputs[name][0, n], reference.logits(y, fine), atol=2e-4)


def test_sequence_equals_the_step_function(network):
    config, model, inputs = network
    w = weights_lib.extract(model)
    gates = equations.condition(tf.constant(inputs["features"]), w)
    recurrent = tf.concat([w.matrices[f"R_{g}"] for g in "ure"], axis=1)
    h = tf.zeros([1, w.state_size])
    whole = states(model, inputs)
    for n in range(TIME):
        x = (
            tf.matmul(scalars(inputs)[None, n], w.input_kernel)
            + gates[:, n // config.samples_per_step]
        )
        inner = equations.recurrent_product(h, recurrent, w)
        h = equations.update(inner, tf.reshape(x, [1, 3, -1]), h)
        np.testing.assert_allclose(whole[n], h[0], atol=2e-5)


def test_current_coarse_byte_moves_the_fine_half_only(network):
    config, model, inputs = network
    half = config.model.state_size // 2
    at = 10
    moved = {**inputs, "codes": inputs["codes"].copy()}
    moved["codes"][0, 1 + at] ^= 64 << 8  # c_t of this step, c_{t-1} of the next
    before, after = states(model, inputs), states(model, moved)
    np.testing.assert_array_equal(before[: at + 1, :half], after[: at + 1, :half])
    assert np.abs(before[at, half:] - after[at, half:]).min() > 0
    coarse = [model(i)["coarse"].numpy()[0, : at + 1] for i in (inputs, moved)]
    np.testing.assert_array_equal(*coarse)
    fine = [model(i)["fine"].numpy()[0, at] for i in (inputs, moved)]
    assert np.abs(fine[0] - fine[1]).max() > 1e-3


def test_equals_the_stock_gru_with_the_same_weights():
    """Without the mask's effect (c_t = 0) the layer is tf_keras's own GRU."""
    rng = np.random.default_rng(1)
    layer = DualSoftmaxGRU(8, samples_per_step=4, input_gain=4.0)
    x = rng.standard_normal([2, 12, 3]).astype(np.float32)
    x[..., 2] = 0
    a = rng.standard_normal([2, 3, 5]).astype(np.float32)
    ours = layer([x, a])
    stock = keras.layers.GRU(8, return_sequences=True, reset_after=True)
    stock.build(tf.TensorShape([None, None, 8]))
    kernel = np.concatenate([layer.masked_input_kernel().numpy(), layer.cond_kernel.numpy()])
    recurrent = np.concatenate([r.numpy() for r in layer.recurrent], axis=1)
    stock.set_weights([kernel, recurrent, np.zeros([2, 24], np.float32)])
    np.testing.assert_array_equal(ours, stock(np.concatenate([x, a.repeat(4, axis=1)], axis=2)))


def test_receptive_field_of_the_conditioning(network):
    """Exactly the frames t - past .. t + lookahead move the gate inputs of frame t."""
    config, model, inputs = network
    shape, w = config.model.conditioning, weights_lib.extract(model)
    rng = np.random.default_rng(0)
    features = rng.standard_normal([9 + shape.past + shape.lookahead, config.mel.n_mels])
    before = equations.condition(tf.constant(features[None], tf.float32), w).numpy()[0]
    for moved in range(len(features)):
        other = features.copy()
        other[moved] += 1.0
        after = equations.condition(tf.constant(other[None], tf.float32), w).numpy()[0]
        changed = np.abs(after - before).max(axis=1).reshape(9, -1).max(axis=1) > 0
        frame = moved - shape.past  # of the output
        expected = [frame - shape.lookahead <= t <= frame + shape.past for t in range(9)]
        np.testing.assert_array_equal(changed, expected)


@pytest.mark.parametrize(
    "layer, shapes",
    [
        (DualSoftmaxGRU(8, samples_per_step=4, input_gain=3.0), [[2, 12, 3], [2, 3, 5]]),
        (DualSoftmaxHeads(16), [[2, 12, 8]]),
        (Standardise([1.0] * 4, [2.0] * 4), [[2, 12, 4]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layer_survives_its_configuration_and_trains(layer, shapes):
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(s).astype(np.float32) for s in shapes]
    inputs = inputs if len(inputs) > 1 else inputs[0]
    with tf.GradientTape() as tape:
        value = tf.add_n([tf.reduce_sum(tf.square(v)) for v in tf.nest.flatten(layer(inputs))])
    gradients = tape.gradient(value, layer.trainable_variables)
    assert all(np.all(np.isfinite(g)) and np.any(g) for g in gradients)
    twin = keras.layers.deserialize(keras.layers.serialize(layer))
    twin(inputs)
    twin.set_weights(layer.get_weights())
    for a, b in zip(tf.nest.flatten(layer(inputs)), tf.nest.flatten(twin(inputs))):
        np.testing.assert_array_equal(a, b)


def test_odd_state_is_refused():
    with pytest.raises(ValueError, match="even"):
        DualSoftmaxGRU(7, samples_per_step=4)


def test_scalars_span_minus_one_to_one():
    np.testing.assert_array_equal(dsp.scalar(tf.constant([0, 255])), [-1.0, 1.0])
