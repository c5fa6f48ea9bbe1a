"""Linear prediction from log-mel features: against scipy, on speech, for any finite features."""

import dataclasses

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import soundfile
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.small import SPEECH
from wavernn_tf.audio import signal
from wavernn_tf.config import MelRecipe, SignalConfig, recipes
from wavernn_tf.generation import predictors
from wavernn_tf.prediction import linear_prediction as prediction
from wavernn_tf.voice import features

SIGNAL = SignalConfig(prediction_order=16)


def speech(rate, name="ru_0063"):
    audio, own = soundfile.read(SPEECH / f"{name}.flac", dtype="int16")
    if own != rate:
        audio = scipy.signal.resample_poly(audio.astype(np.float64), rate, own)
    return np.clip(np.rint(audio), -32768, 32767).astype(np.int16)


def gain_db(recipe, mel, audio, order=16):
    settings_ = dataclasses.replace(SIGNAL, prediction_order=order)
    s = signal.pre_emphasis(audio, SIGNAL.pre_emphasis)
    a = prediction.coefficients(mel, recipe, settings_)
    p = prediction.predict(s, a, recipe.hop_length, settings_)
    return 10 * np.log10(
        np.mean(np.square(s, dtype=float)) / np.mean(np.square(s - p, dtype=float))
    )


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_predicts_speech(name):
    recipe = recipes.find(name)
    audio = speech(recipe.sample_rate)
    mel = features.compute(audio, recipe)
    gain = gain_db(recipe, mel, audio)
    assert gain > 8
    # The canary: another frame's spectrum does not predict so well.
    assert gain_db(recipe, np.roll(mel, 15, axis=0), audio) < gain - 3
    assert gain_db(recipe, mel, audio, order=2) < gain


def test_scale_and_offset_of_a_recipe_are_undone():
    plain = MelRecipe()
    moved = dataclasses.replace(plain, offset=-4.0, scale=3.0, log="log10")
    audio = speech(16000)
    a, b = (prediction.coefficients(features.compute(audio, r), r, SIGNAL) for r in (plain, moved))
    # float32 features are good to 1e-6 of their size; a rounding may then go the other way.
    np.testing.assert_allclose(a, b, atol=2 * prediction.COEFFICIENT_STEP)
    wrong = prediction.coefficients(features.compute(audio, moved), plain, SIGNAL)
    assert np.abs(a - wrong).max() > 0.1


def test_levinson_solves_the_normal_equations():
    rng = np.random.default_rng(0)
    r = prediction.autocorrelation(rng.standard_normal([5, 80]) - 4, MelRecipe(), SIGNAL)
    for row, a in zip(r, prediction.levinson(r)):
        np.testing.assert_allclose(a, scipy.linalg.solve_toeplitz(row[:-1], row[1:]), rtol=1e-8)


def test_a_flat_spectrum_gives_the_pre_emphasis():
    """White audio is a moving average after pre-emphasis: its predictor is known."""
    recipe = MelRecipe()
    mel = np.full([1, 80], np.log(16.0 * recipe.n_fft / recipe.sample_rate))
    r = prediction.autocorrelation(mel, recipe, SIGNAL)[0]
    window = np.exp(-0.5 * (2 * np.pi * 40.0 / 16000) ** 2)
    np.testing.assert_allclose(r[1] / r[0], -0.85 / (1 + 0.85**2) * window / (1 + 1e-4), rtol=1e-3)
    np.testing.assert_allclose(r[2:] / r[0], 0, atol=1e-3)


def test_prediction_is_that_of_a_loop():
    rng = np.random.default_rng(1)
    s = rng.integers(-32000, 32000, 57)
    a = prediction.round_coefficients(rng.standard_normal([6, 3]))
    got = prediction.predict(s, a, 10, SIGNAL)
    for t in range(len(s)):
        terms = [a[t // 10, k] * (s[t - 1 - k] if t > k else 0) for k in range(3)]
        assert got[t] == np.clip(np.rint(sum(terms)), -32896, 32639)
    assert len(np.unique(got)) > 40


def radius(a):
    return np.abs(np.roots(np.concatenate([[1.0], -a]))).max()


finite = st.floats(-1e30, 1e30, allow_subnormal=False)
frames = st.one_of(
    st.lists(finite, min_size=20, max_size=20),
    st.lists(st.floats(-15, 8, allow_subnormal=False), min_size=20, max_size=20),
    st.sampled_from([-1e30, -11.5, 0.0, 10.0, 1e30]).map(lambda v: [v] * 20),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(mel=frames, order=st.sampled_from([2, 16, 32]), log=st.sampled_from(["ln", "db"]))
def test_any_finite_features_give_a_stable_filter(mel, order, log):
    recipe = MelRecipe(n_mels=20, log=log)
    settings_ = dataclasses.replace(SIGNAL, prediction_order=order)
    r = prediction.autocorrelation(np.array([mel]), recipe, settings_)
    assert np.all(np.isfinite(r)) and r[0, 0] > 0
    exact = prediction.levinson(r)[0]
    assert radius(exact) < 1
    a = prediction.coefficients(np.array([mel]), recipe, settings_)[0]
    assert np.all(a / prediction.COEFFICIENT_STEP % 1 == 0)
    # Rounding to 2^-12 moves poles that lie together by some thousandths at most.
    assert radius(a) < 1.005
    loudest = np.where(np.arange(200) % 2, -32768, 32767)
    p = prediction.predict(loudest, a[None], 200, settings_)
    assert p.min() >= -32896 and p.max() <= 32639


def test_the_tensorflow_twin_predicts_the_same_integers():
    recipe, audio = MelRecipe(), speech(16000)
    mel = features.compute(audio, recipe)
    a = prediction.coefficients(mel, recipe, SIGNAL)
    twin = predictors.coefficients(mel[None], recipe, SIGNAL)
    # exp and the order of sums differ in the last bit: a rounding may go the other way.
    assert np.mean(a != twin[0]) < 1e-4
    s = signal.pre_emphasis(audio, SIGNAL.pre_emphasis)
    expected = prediction.predict(s, a, 200, SIGNAL)
    got = predictors.predict(tf.constant(s[None]), tf.constant(a[None]), 200, SIGNAL)[0]
    np.testing.assert_array_equal(got, expected)
    a[len(a) // 2] += prediction.COEFFICIENT_STEP
    assert np.any(prediction.predict(s, a, 200, SIGNAL) != expected)
