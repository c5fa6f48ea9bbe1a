"""The oracle's integer activations, by hand and against sums of integers."""

import dataclasses

import numpy as np
import pytest

from tests.helpers.small import assert_same_scores, features_for, reference_for
from wavernn_tf.export.format import op, packing
from wavernn_tf.generation.reference import (
    ACTIVATION_STEPS,
    Reference,
    round_projection,
    round_state,
)
from wavernn_tf.voice.weights import Weights


def without_matrices(weights: Weights) -> Weights:
    matrices = {name: np.zeros_like(m) for name, m in weights.matrices.items()}
    biases = {name: np.zeros_like(b) for name, b in weights.bias.items()}
    return dataclasses.replace(weights, matrices=matrices, bias=biases)


def test_state_by_hand():
    """0.3 * 127 = 38.1; 0.5 * 127 = 63.5 is a tie and goes to even."""
    q, scale = round_state(np.array([1.0, -1.0, 0.5, -0.5, 0.3, 0.0]), 127)
    assert q.tolist() == [127, -127, 64, -64, 38, 0]
    assert scale == np.float32(1) / np.float32(127)
    assert q.dtype == scale.dtype == np.float32


def test_projection_by_hand():
    """The largest becomes 127: 2 -> 127, 1 -> 63.5 (a tie, to even), 0.5 -> 31.75."""
    q, scale = round_projection(np.array([0.0, 2.0, 1.0, 0.5]), 127)
    assert q.tolist() == [0, 127, 64, 32]
    assert scale == np.float32(2) / np.float32(127)


@pytest.mark.parametrize("largest", [0.0, 1e-31])
def test_a_silent_projection_is_zero(largest):
    q, scale = round_projection(np.array([0.0, largest]), 127)
    assert q.tolist() == [0, 0] and scale == 0


def test_head_by_hand(config, weights):
    """Two states pass one projection each to one logit each.

    ::

        state 0.3 -> 38/127 -> x 1 -> 38/127, the largest: 127 steps of 38/127/127 -> x 2 -> logit 5
        state 0.1 -> 13/127 -> x 1 -> 13/127: 43.4 -> 43 steps                     -> x 2 -> logit 6
    """
    weights = without_matrices(weights)
    for unit in (0, 1):
        weights.matrices["O1"][unit, unit] = 1
        weights.matrices["O2"][unit, 5 + unit] = 2
    y = np.zeros(config.model.state_size // 2)
    y[:2] = 0.3, 0.1
    logits = Reference(config, weights, weight_type="int8").logits(y, fine=False)
    np.testing.assert_allclose(logits[[5, 6]], [2 * 38 / 127, 2 * 43 * 38 / 127**2], rtol=1e-6)
    assert np.count_nonzero(logits) == 2
    plain = Reference(config, weights).logits(y, fine=False)
    np.testing.assert_allclose(plain[[5, 6]], [0.6, 0.2], rtol=1e-12)


def test_the_state_itself_is_not_rounded(config, weights):
    """Without matrices the products read nothing: both oracles step alike."""
    weights = without_matrices(weights)
    rng = np.random.default_rng(0)
    h, x = rng.uniform(-1, 1, 64), rng.uniform(-1, 1, 3)
    gates = rng.standard_normal(3 * 64)
    for fine in (False, True):
        plain, rounded = (
            Reference(config, weights, weight_type=weight_type).step_half(h, x, gates, fine)
            for weight_type in ("float32", "int8")
        )
        np.testing.assert_array_equal(rounded, plain)


@pytest.mark.parametrize("weight_type", packing.INTEGERS)
def test_products_are_scaled_sums_of_integers(config, weights, weight_type):
    """O3's product is (sum of q w) * scales / steps, as the op's."""
    packed = op.pack_matrices(config, weights, weight_type)["O3"]
    held = op.held_weights(config, weights, weight_type)
    steps = ACTIVATION_STEPS[weight_type]
    y = np.random.default_rng(1).uniform(-1, 1, config.model.state_size // 2)
    scales = np.repeat(packed.scales, packed.values.shape[2])
    integers = np.rint(held.matrices["O3"] / scales).astype(np.int64)
    q = round_state(y, steps)[0].astype(np.int64)
    expected = (q @ integers) * (scales * np.float32(1 / steps)) + held.bias["O3"]
    reference = Reference(config, held, weight_type=weight_type)
    read = reference._read(round_state, y)
    got = read @ reference.matrices["O3"] + reference.bias["O3"]
    # Each dequantised weight is rounded once to float32.
    bound = 2.0**-23 * (np.abs(read) @ np.abs(held.matrices["O3"]) + np.abs(expected))
    assert np.all(np.abs(got - expected) <= bound)
    assert np.any(np.abs(y @ reference.matrices["O3"] + held.bias["O3"] - expected) > bound)


def test_float32_rounds_as_float64(config, weights):
    """But for ties; and both are far from activations that are not rounded."""
    features, scores = features_for(config, 4), {}
    exact, _ = reference_for(config, weights, "int8")
    held = op.held_weights(config, weights, "int8")
    audio = exact.generate(features, seed=9).audio
    for case in ((np.float64, "int8"), (np.float32, "int8"), (np.float64, "float32")):
        scores[case] = Reference(config, held, *case).score(features, audio)
    expected = scores[np.float64, "int8"]
    assert_same_scores(scores[np.float32, "int8"], expected, "int8", 1e-5)
    with pytest.raises(AssertionError):
        assert_same_scores(scores[np.float64, "float32"], expected, "int8", 1e-5)


def test_rounded_activations_change_the_score_a_little(config, weights):
    features = features_for(config, 4)
    audio = Reference(config, weights).generate(features, seed=9).audio
    plain, rounded = (
        Reference(config, weights, weight_type=weight_type).score(features, audio)
        for weight_type in ("float32", "int8")
    )
    change = np.abs(rounded - plain)
    # Half a step in 127 of some ten inputs of weight one, through two layers.
    assert 1e-3 < change.max() < 0.5
