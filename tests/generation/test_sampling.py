"""The TensorFlow samplers against the NumPy transcription, and against themselves in chunks."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small import assert_same_samples, features_for, small_config, sparse_weights
from wavernn_tf.generation import sampling
from wavernn_tf.generation.reference import Reference

FRAMES = 6


def generate(config, weights, features, seeds, temperatures, state=None, position=None, fine=None):
    batch = len(seeds)
    if state is None:
        state = tf.zeros([batch, config.model.state_size + 2])
        position = tf.zeros([batch], tf.int64)
    run = tf.function(
        lambda *tensors: sampling.generate(*tensors, config, weights), autograph=False
    )
    return run(
        tf.constant(features),
        tf.constant(seeds, tf.int64),
        tf.constant(temperatures, tf.float32),
        tf.constant(temperatures, tf.float32) if fine is None else tf.constant(fine, tf.float32),
        state,
        position,
    )


@pytest.mark.parametrize("pre_emphasis", [0.0, 0.85])
def test_samples_equal_the_numpy_transcription(pre_emphasis):
    config = small_config(pre_emphasis=pre_emphasis)
    weights = sparse_weights(config)
    features = np.stack([features_for(config, FRAMES, seed) for seed in (1, 2, 3)])
    seeds, temperatures, fine = [7, -8, 2**40], [1.0, 0.7, 0.0], [0.8, 1.0, 0.0]
    audio, _, _ = generate(config, weights, features, seeds, temperatures, fine=fine)
    reference = Reference(config, weights)
    for row in range(3):
        draws = reference.generate(
            features[row], seeds[row], temperatures[row], fine_temperature=fine[row]
        )
        assert_same_samples(audio[row].numpy(), draws)


def test_a_perturbed_weight_changes_the_samples(config, weights):
    features = features_for(config, FRAMES)[None]
    before, _, _ = generate(config, weights, features, [1], [1.0])
    weights.matrices["O2"][:, 100] += 0.5
    after, _, _ = generate(config, weights, features, [1], [1.0])
    assert not np.array_equal(before, after)


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_chunks_equal_one_shot(config, weights, cut):
    features = features_for(config, FRAMES)[None]
    shape = config.model.conditioning
    context = shape.past + shape.lookahead
    whole, state, position = generate(config, weights, features, [5], [1.0])
    first, s, p = generate(config, weights, features[:, : cut + context], [5], [1.0])
    second, s, p = generate(config, weights, features[:, cut:], [5], [1.0], s, p)
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)
    np.testing.assert_array_equal(s, state)
    assert int(p[0]) == int(position[0]) == FRAMES * config.mel.hop_length


def test_a_stream_does_not_depend_on_its_batch(config, weights):
    features = np.stack([features_for(config, FRAMES, seed) for seed in (1, 2)])
    both, _, _ = generate(config, weights, features, [3, 4], [1.0, 1.0])
    alone, _, _ = generate(config, weights, features[1:], [4], [1.0])
    np.testing.assert_array_equal(both[1], alone[0])


def test_score_equals_the_numpy_transcription(config, weights):
    features = features_for(config, FRAMES)
    audio = Reference(config, weights).generate(features, seed=9).audio
    expected = Reference(config, weights).score(features, audio)
    got = sampling.score(features[None], audio[None], config, weights)[0]
    # Logits of size 10 from sums of 64 float32 products.
    np.testing.assert_allclose(got, expected, atol=1e-4, rtol=0)
    weights.matrices["R_e"][3] += 0.1
    moved = sampling.score(features[None], audio[None], config, weights)[0]
    assert np.abs(moved - expected).max() > 1e-3


def test_score_is_the_log_likelihood_of_the_draws(config, weights):
    """The frequency of drawn classes agrees with the score: mean surprise equals the entropy."""
    features = features_for(config, 50)[None]
    audio, _, _ = generate(config, weights, features, [1], [1.0])
    nats = sampling.score(features, audio, config, weights)[0]
    other = np.random.default_rng(0).permutation(audio[0].numpy())
    shuffled = sampling.score(features, other[None], config, weights)[0]
    assert np.sum(nats) > np.sum(shuffled)
