"""Sampling, scoring and training inputs with prediction in front of the network."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.predicting import (
    VARIANTS,
    predicting_config,
    predicting_features,
    predicting_weights,
)
from tests.helpers.small import assert_same_samples
from wavernn_tf.audio import signal
from wavernn_tf.generation import predictors, sampling
from wavernn_tf.generation.reference import Reference
from wavernn_tf.layers import MulawFine
from wavernn_tf.models import wavernn
from wavernn_tf.prediction import coding, pitch, teacher
from wavernn_tf.prediction import linear_prediction as prediction
from wavernn_tf.voice import weights as weights_lib

FRAMES = 8


def generate(config, weights, features, seeds, temperatures, fine, state=None, position=None):
    batch = len(seeds)
    if state is None:
        state = tf.zeros([batch, sampling.state_values(config)])
        position = tf.zeros([batch], tf.int64)
    run = tf.function(
        lambda *tensors: sampling.generate(*tensors, config, weights), autograph=False
    )
    return run(
        tf.constant(features),
        tf.constant(seeds, tf.int64),
        tf.constant(temperatures, tf.float32),
        tf.constant(fine, tf.float32),
        state,
        position,
    )


def posterior_of(config, weights, features):
    """The posterior of the frames -1 .. frames, from padded features."""
    q = Reference(config, weights).posterior(features)
    shape = config.model.conditioning
    return q[shape.past - 1 : len(q) - shape.lookahead + 1]


def taught(config, weights, features, audio):
    inner = features[config.past : len(features) - config.lookahead]
    q = None if config.signal.pitch == "off" else posterior_of(config, weights, features)
    return teacher.teacher(audio, inner, config, q)


@pytest.mark.parametrize("variant", VARIANTS)
def test_samples_equal_the_numpy_transcription(variant):
    # Without pre-emphasis hardly a sample is clipped, which would hide a difference.
    config = predicting_config(pre_emphasis=0.0, **VARIANTS[variant])
    weights = predicting_weights(config)
    features = np.stack([predicting_features(config, FRAMES, seed) for seed in (1, 2, 3)])
    seeds, temperatures, fine = [7, -9, 2**40], [1.0, 0.7, 0.0], [1.0, 1.2, 1.0]
    audio, state, _ = generate(config, weights, features, seeds, temperatures, fine)
    reference = Reference(config, weights)
    for row in range(3):
        draws = reference.generate(
            features[row], seeds[row], temperatures[row], fine_temperature=fine[row]
        )
        assert_same_samples(audio[row].numpy(), draws)
        counts = coding.fine_counts(config.signal.split)
        assert np.all(draws.fine < counts[draws.coarse])
        if np.array_equal(audio[row], draws.audio):
            np.testing.assert_allclose(state[row], draws.state, atol=2e-4)


def test_every_extra_input_moves_the_samples():
    config = predicting_config()
    features = predicting_features(config, FRAMES)[None]
    before, _, _ = generate(config, predicting_weights(config), features, [1], [1.0], [1.0])
    weights = predicting_weights(config)
    names = list(weights_lib.named_arrays(weights))
    draws = tf.constant([1], tf.int64), tf.ones([1]), tf.ones([1])

    @tf.function(autograph=False)
    def run(*arrays):
        w = weights_lib.from_named(dict(zip(names, arrays)))
        state = tf.zeros([1, sampling.state_values(config)])
        return sampling.generate(features, *draws, state, tf.zeros([1], tf.int64), config, w)[0]

    for row in range(3, config.model.input_rows):
        kernel = weights.input_kernel.copy()
        kernel[row] = 0
        moved = dataclasses.replace(weights, input_kernel=kernel)
        after = run(*map(tf.constant, weights_lib.named_arrays(moved).values()))
        assert not np.array_equal(before, after), row


def test_coarse_and_fine_have_temperatures_of_their_own():
    config = predicting_config()
    weights = predicting_weights(config)
    features = predicting_features(config, FRAMES)[None]
    made = [generate(config, weights, features, [1], [c], [f])[0] for c, f in ((1, 1), (1, 0))]
    assert not np.array_equal(*made)
    greedy = [generate(config, weights, features, [s], [0.0], [0.0])[0] for s in (1, 2)]
    np.testing.assert_array_equal(*greedy)


@pytest.mark.parametrize("variant", ["all", "prediction alone", "given pitch", "shaped"])
@pytest.mark.parametrize("cut", [1, 5])
def test_chunks_equal_one_shot(variant, cut):
    config = predicting_config(**VARIANTS[variant])
    weights = predicting_weights(config)
    features = predicting_features(config, FRAMES)[None]
    context = config.past + config.lookahead
    draws = [5], [1.0], [1.0]
    whole, state, position = generate(config, weights, features, *draws)
    first, s, p = generate(config, weights, features[:, : cut + context], *draws)
    second, s, p = generate(config, weights, features[:, cut:], *draws, s, p)
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)
    np.testing.assert_array_equal(s, state)
    assert int(p[0]) == int(position[0]) == FRAMES * config.mel.hop_length


@pytest.mark.parametrize("variant", VARIANTS)
def test_score_equals_the_transcription_and_the_keras_model(variant):
    config = predicting_config(**VARIANTS[variant])
    model = wavernn.build(config, np.full(10, -4.0), np.full(10, 1.5))
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.shape.rank > 1:
            variable.assign_add(0.1 * rng.standard_normal(variable.shape).astype(np.float32))
    weights = weights_lib.extract(model)
    features = predicting_features(config, FRAMES)
    n = FRAMES * config.mel.hop_length - 17
    audio = (rng.standard_normal(n).cumsum() * 300 % 20000 - 10000).astype(np.int16)
    got = sampling.score(features[None], audio[None], config, weights)[0].numpy()
    expected = Reference(config, weights).score(features, audio)
    # Gains of 512 make gate inputs of some hundreds, good to 1e-4 in float32.
    np.testing.assert_allclose(got, expected, atol=5e-3, rtol=0)
    known = taught(config, weights, features, audio)
    out = model({"features": features[None], "inputs": known.inputs[None]})
    coarse, fine = tf.nn.log_softmax(out["coarse"][0]).numpy(), out["fine"][0].numpy()
    if config.signal.split == "linear":
        fine = tf.nn.log_softmax(fine).numpy()
    at = np.arange(n)
    keras = np.stack([coarse[at, known.coarse], fine[at, known.fine]], axis=1)
    np.testing.assert_allclose(got, keras, atol=5e-3, rtol=0)
    weights.matrices["R_e"][3] += 0.5
    moved = sampling.score(features[None], audio[None], config, weights)[0].numpy()
    assert np.abs(moved - got).max() > 2e-2


def test_likelihoods_of_all_values_sum_to_one():
    """Bits of the mu-law split are those of values: their probabilities add up."""
    rng = np.random.default_rng(0)
    logits = 3 * rng.standard_normal([1, 256, 256]).astype(np.float32)
    x = np.zeros([1, 256, 3], np.float32)
    x[0, :, 2] = np.arange(256) / 127.5 - 1
    log_f = MulawFine()([logits, x])[0].numpy()  # row c: likelihoods given c
    coarse = tf.nn.log_softmax(rng.standard_normal(256)).numpy()
    c, f = coding.encode(np.arange(65536), "mulaw")
    np.testing.assert_allclose(np.exp(coarse[c] + log_f[c, f]).sum(), 1, rtol=1e-5)
    absent = np.arange(256) >= coding.fine_counts("mulaw")[:, None]
    assert log_f[absent].max() < -1e8


@pytest.mark.parametrize("variant", VARIANTS)
def test_teacher_inputs_are_those_of_generation(variant):
    """Feed a recording through the sampler's state, and compare what the network would read."""
    config = predicting_config(**VARIANTS[variant])
    weights = predicting_weights(config)
    features = predicting_features(config, FRAMES)
    settings, hop, hold = config.signal, config.mel.hop_length, config.samples_per_step
    audio = Reference(config, weights).generate(features, seed=3, limit=500).audio
    known = taught(config, weights, features, audio)
    exact = config.signal.split == "linear"
    inner = features[config.past : len(features) - config.lookahead]
    a = lags = None
    if settings.prediction_order:
        a = predictors.coefficients(inner[None, :, :10], config.mel, settings)
    if "lagged" in config.model.extra_inputs:
        q = posterior_of(config, weights, features)
        lags = pitch.lags(q, config.model.conditioning.steps_per_frame, config.mel.sample_rate)
    kept_s, kept_e = predictors.history_sizes(config)
    history = predictors.History(tf.zeros([1, kept_s], tf.int32), tf.zeros([1, kept_e], tf.int32))
    s = prediction.clip(signal.pre_emphasis(audio, settings.pre_emphasis), settings)
    for t in range(len(audio)):
        p = predictors.prediction_of(history, None if a is None else a[:, t // hop], settings)
        lag = None if lags is None else tf.constant([lags[t // hold]])
        extra = predictors.extra_inputs(history, p, lag, config)
        np.testing.assert_array_equal(extra[0], known.inputs[t, 3:])
        v = predictors.value(tf.constant([int(s[t])]), p, settings)
        c, f = predictors.encode(v, settings.split)
        assert (int(c[0]), int(f[0])) == (known.coarse[t], known.fine[t])
        if exact:
            assert int(predictors.decode(c, f, settings.split)[0]) == int(v[0])
        history = history.append(tf.constant([int(s[t])]), v - (32768 + settings.offset))
    assert np.ptp(known.inputs[:, :3], axis=0).min() > 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_whole_inputs_are_those_of_the_teacher(variant):
    config = predicting_config(**VARIANTS[variant])
    weights = predicting_weights(config)
    features = predicting_features(config, FRAMES)
    rng = np.random.default_rng(0)
    audio = rng.integers(-32768, 32768, FRAMES * config.mel.hop_length).astype(np.int16)
    known = taught(config, weights, features, audio)
    lags = None
    if "lagged" in config.model.extra_inputs:
        steps = config.model.conditioning.steps_per_frame
        per_step = pitch.lags(posterior_of(config, weights, features), steps, 16000)
        lags = np.repeat(per_step, config.samples_per_step)[None]
    settings = config.signal
    s = prediction.clip(signal.pre_emphasis(audio, settings.pre_emphasis), settings)
    s = s.astype(np.int32)
    v = coding.decode(known.coarse, known.fine, "linear") if settings.split == "linear" else None
    p = np.zeros_like(s)
    if settings.prediction_order:
        inner = features[config.past : len(features) - config.lookahead, :10]
        a = prediction.coefficients(inner, config.mel, settings)
        p = prediction.predict(s, a, config.mel.hop_length, settings)
    expected_v = coding.value(s, p, settings)
    if v is not None:
        np.testing.assert_array_equal(v, expected_v)
    got = predictors.whole_inputs(s[None], p[None], expected_v[None], lags, config)[0]
    np.testing.assert_allclose(got, known.inputs, atol=1e-7)


def test_first_samples_see_silence():
    config = predicting_config(split="linear")
    weights = predicting_weights(config)
    features = predicting_features(config, FRAMES)
    known = taught(config, weights, features, np.zeros(80, np.int16))
    assert np.all(known.coarse == 128) and np.all(known.fine == 128)
    np.testing.assert_array_equal(known.inputs[0], known.inputs[1])
    assert not known.inputs[:, 3:].any()


def test_without_a_posterior_the_lagged_inputs_are_refused():
    config = predicting_config()
    with pytest.raises(ValueError, match="posterior"):
        teacher.teacher(np.zeros(80, np.int16), np.zeros([1, 10]), config)


def test_weights_keep_the_estimator():
    config = predicting_config()
    weights = predicting_weights(config)
    again = weights_lib.from_named(weights_lib.named_arrays(weights))
    assert len(again.pitch) == 3
    for (k, b), (k2, b2) in zip(weights.pitch, again.pitch):
        assert k is k2 and b is b2
    assert (
        weights_lib.from_named(
            weights_lib.named_arrays(dataclasses.replace(weights, pitch=()))
        ).pitch
        == ()
    )
