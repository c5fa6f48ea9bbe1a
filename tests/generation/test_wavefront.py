"""Subscale in TensorFlow: the wavefront against one sub-tensor after another, and causality."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.subscale import (
    assert_same_draws,
    padded_features,
    subscale_config,
    subscale_weights,
)
from wavernn_tf._keras import set_seed
from wavernn_tf.audio import signal
from wavernn_tf.generation import folding, sampling, wavefront
from wavernn_tf.generation.reference import Reference
from wavernn_tf.models import wavernn
from wavernn_tf.voice import weights as weights_lib

FRAMES = 7


def generate(config, weights, features, seeds, temperatures):
    run = tf.function(
        lambda *tensors: wavefront.generate(*tensors, config, weights), autograph=False
    )
    seeds, temperatures = tf.constant(seeds, tf.int64), tf.constant(temperatures, tf.float32)
    return run(tf.constant(features), seeds, temperatures, tf.ones_like(temperatures)).numpy()


@pytest.mark.parametrize("batch", [2, 4, 8, 16])
def test_the_wavefront_draws_what_one_sub_tensor_after_another_draws(batch):
    config = subscale_config(batch)
    weights = subscale_weights(config)
    features = np.stack([padded_features(config, FRAMES, seed) for seed in (1, 2)])
    audio = generate(config, weights, features, [7, -8], [1.0, 0.7])
    assert audio.shape == (2, FRAMES * 40)
    reference = Reference(config, weights)
    for row, (seed, temperature) in enumerate([(7, 1.0), (-8, 0.7)]):
        draws = reference.generate(features[row], seed, temperature)
        assert_same_draws(audio[row], draws, batch)


def test_pre_emphasis_is_undone_in_the_order_of_time():
    config, flat = subscale_config(4, pre_emphasis=0.85), subscale_config(4)
    weights, features = subscale_weights(config), padded_features(config, FRAMES)[None]
    audio = generate(config, weights, features, [3], [1.0])[0]
    samples = generate(flat, weights, features, [3], [1.0])[0]
    expected, _ = signal.de_emphasis(samples, 0.85)
    # A sample of -32768 - offset .. -32769 was clipped, and is rare.
    np.testing.assert_array_equal(audio[:150], expected[:150])


@pytest.mark.parametrize("shape", [{"horizon": 6}, {"kernel_size": 2, "dilations": (1, 3, 2)}])
def test_neither_horizon_nor_chunks_change_the_samples(shape, monkeypatch):
    config = subscale_config(4, **shape)
    weights, features = subscale_weights(config), padded_features(config, FRAMES)[None]
    monkeypatch.setattr(wavefront, "CHUNK", 5)
    audio = generate(config, weights, features, [3], [1.0])[0]
    assert_same_draws(audio, Reference(config, weights).generate(features[0], 3), 4)


def test_the_network_is_heard():
    config = subscale_config(8)
    weights, features = subscale_weights(config), padded_features(config, FRAMES)[None]
    before = generate(config, weights, features, [3], [1.0])[0]
    weights.matrices["N_u"][:] = 0
    after = generate(config, weights, features, [3], [1.0])[0]
    folded = before.reshape(-1, 8), after.reshape(-1, 8)
    assert not np.array_equal(folded[0][:, 1:], folded[1][:, 1:])


@pytest.mark.parametrize("batch", [2, 16])
def test_scores_of_tensorflow_keras_and_numpy_agree(batch):
    config = subscale_config(batch)
    rng = np.random.default_rng(3)
    set_seed(0)
    model = wavernn.build(config)
    for variable in model.trainable_variables:
        variable.assign_add(0.1 * rng.standard_normal(variable.shape).astype(np.float32))
    weights = weights_lib.extract(model)
    n = FRAMES * 40 - 3  # no multiple of B
    audio = (2000 * rng.standard_normal(n)).astype(np.int16)
    features = padded_features(config, FRAMES)
    got = sampling.score(features[None], audio[None], config, weights)[0]
    expected = Reference(config, weights).score(features, audio)
    np.testing.assert_allclose(got, expected, atol=3e-4)

    samples = np.pad(signal.pre_emphasis(audio, config.signal.pre_emphasis), (batch, -n % batch))
    coarse, fine = signal.split(samples, 128)
    logits = model({"features": features[None], "codes": (256 * coarse + fine)[None]})
    for column, (name, classes) in enumerate((("coarse", coarse), ("fine", fine))):
        likelihood = tf.nn.log_softmax(logits[name][0]).numpy()
        taken = np.take_along_axis(likelihood, classes[batch:, None], 1)[:n, 0]
        np.testing.assert_allclose(taken, expected[:, column], atol=3e-4)


class Spy(Reference):
    """Keeps the coarse logits that it computes."""

    seen = []

    def logits(self, y, fine):
        result = super().logits(y, fine)
        if not fine:
            self.seen.append(result)
        return result


@pytest.mark.parametrize("batch", [2, 4])
def test_exactly_the_allowed_samples_matter(batch):
    """Perturb each sample of a teacher-forced waveform; see which predictions of c_t move.

    The network reaches exactly F ahead; further back the states remember.
    """
    config = subscale_config(batch, horizon=3, kernel_size=4, dilations=(1, 1))
    subscale = config.model.subscale
    assert (subscale.past, subscale.future) == (3, 3)
    weights = weights_lib.random_weights(config)  # dense: everything is heard
    rng = np.random.default_rng(0)
    positions = 9
    samples = rng.integers(-20000, 20000, positions * batch)
    features = padded_features(config, 1)
    reference = Spy(config, weights)

    def coarse_logits(samples):
        """Of every sample, teacher forced, [s, i, 256]."""
        reference.seen = []
        reference.score(features, samples.astype(np.int16))
        return np.stack(reference.seen).reshape(batch, positions, 256)

    before = coarse_logits(samples)
    for t in range(len(samples)):
        moved = samples.copy()
        moved[t] = -moved[t] - 1  # all bits
        after = coarse_logits(moved)
        changed = np.any(after != before, axis=-1)
        k, z = divmod(t, batch)
        for s in range(batch):
            for i in range(positions):
                allowed = folding.may_see((i, s), (k, z), batch, subscale.horizon)
                assert changed[s, i] == allowed, ((i, s), (k, z))


def test_features_of_a_sample_are_those_of_its_own_time():
    config = subscale_config(16)
    weights, features = subscale_weights(config), padded_features(config, FRAMES)
    audio = np.zeros(FRAMES * 40, np.int16)
    before = sampling.score(features[None], audio[None], config, weights)[0].numpy()
    other = features.copy()
    at = config.past + 4  # seen by the frames 1 .. 7: convolutions of 3 and 5
    other[at] += 3.0
    after = sampling.score(other[None], audio[None], config, weights)[0].numpy()
    first = np.flatnonzero(np.any(before != after, axis=1))[0]
    assert first == 40 * (4 - config.model.conditioning.lookahead)


def test_steps_are_few():
    """About N / B + B (F + 1) steps: the figure of a second at 16 kHz."""
    config = subscale_config(16, horizon=64)
    steps = 16000 // 16 + 15 * config.model.subscale.stagger
    assert steps == 1975 and config.model.subscale.latency == 15 * 65 * 16
