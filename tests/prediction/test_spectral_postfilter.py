"""The spectral postfilter: speech that has its features stays; another gets them; limits."""

import dataclasses

import numpy as np
import pytest

from tests.prediction.test_linear_prediction import speech
from wavernn_tf.audio import mel as mel_lib
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.pipelines import features
from wavernn_tf.prediction import postfilter
from wavernn_tf.prediction import spectral_postfilter as spectral

FULL = SignalConfig(prediction_order=16, postfilter="spectral")
RECIPES = {
    "ln": {},
    "powers": {"power": 2.0, "floor": 1e-10},
    "log10": {"log": "log10", "offset": -4.0, "scale": 4.0},
    "db": {"log": "db", "offset": 20.0, "scale": 100.0, "power": 2.0, "floor": 1e-10},
    "center": {"padding": "center", "win_length": 1024},
    "center-zero": {"padding": "center-zero", "hop_length": 160},
    "bands without bins": {"n_fft": 256, "win_length": 256, "hop_length": 64, "n_mels": 128},
    "fmax": {"fmin": 80.0, "fmax": 6000.0, "mel_scale": "htk", "mel_norm": "none"},
}


def recipe_of(name):
    return dataclasses.replace(MelRecipe(), **RECIPES[name])


def case(recipe):
    """Two seconds of speech in whole frames, and its features."""
    audio = speech(recipe.sample_rate)[8000:40000]
    audio = audio[: len(audio) // recipe.hop_length * recipe.hop_length]
    return audio, features.compute(audio, recipe)


def inside(recipe, values):
    """Without the ends, where the features reflect the waveform and the filter sees zeros."""
    return values[2 * recipe.n_fft : -2 * recipe.n_fft]


@pytest.mark.parametrize("name", RECIPES)
def test_speech_that_has_its_features_stays(name):
    recipe = recipe_of(name)
    audio, mel = case(recipe)
    difference = spectral.apply(audio, mel, recipe, FULL) - audio
    # float32 features are good to 1e-6 of their size, some 1e-5 in the gains.
    assert np.abs(inside(recipe, difference)).max() < 1e-4 * np.abs(audio).max()
    # Canary: the features of the next frame are noticed.
    moved = spectral.apply(audio, mel[1:], recipe, FULL) - audio
    assert np.abs(inside(recipe, moved)).max() > 0.01 * np.abs(audio).max()


@pytest.mark.parametrize("name", RECIPES)
def test_noise_gets_nearer_to_the_features(name):
    recipe = recipe_of(name)
    audio, mel = case(recipe)
    rng = np.random.default_rng(1)
    noisy = audio + 300 * rng.standard_normal(len(audio))

    def distance(waveform):
        made = features.compute(np.rint(waveform).astype(np.int16), recipe)
        return np.abs(made - mel)[10:-10].mean()

    whole = distance(spectral.apply(noisy, mel, recipe, FULL))
    half = distance(
        spectral.apply(noisy, mel, recipe, dataclasses.replace(FULL, postfilter_strength=0.5))
    )
    assert whole < 0.5 * distance(noisy)
    assert whole < half < distance(noisy)


def test_every_pass_brings_it_nearer():
    recipe = MelRecipe()
    audio, mel = case(recipe)
    rng = np.random.default_rng(1)
    noisy = audio + 300 * rng.standard_normal(len(audio))

    def filtered(passes):
        settings = dataclasses.replace(FULL, postfilter_passes=passes)
        return spectral.apply(noisy, mel, recipe, settings)

    def distance(waveform):
        made = features.compute(np.rint(waveform).astype(np.int16), recipe)
        return np.abs(made - mel)[10:-10].mean()

    once, twice = filtered(1), filtered(2)
    np.testing.assert_array_equal(twice, spectral.apply(once, mel, recipe, FULL))
    assert distance(filtered(8)) < distance(filtered(4)) < distance(twice) < 0.8 * distance(once)


def test_strength_is_the_share_of_the_change():
    recipe = MelRecipe()
    audio, mel = case(recipe)

    def filtered(strength):
        settings = dataclasses.replace(FULL, postfilter_strength=strength)
        return spectral.apply(audio, mel + 0.2, recipe, settings)

    np.testing.assert_allclose(filtered(0.0), audio, atol=1e-6)
    whole = filtered(1.0)
    np.testing.assert_array_equal(filtered(3.0), whole)
    np.testing.assert_allclose(filtered(0.25), audio + 0.25 * (whole - audio), atol=1e-6)
    assert np.abs(whole - audio).max() > 100


@pytest.mark.parametrize("shift, gain", [(100.0, spectral.LARGEST_GAIN), (-100.0, 0.1)])
def test_gains_are_limited(shift, gain):
    recipe = dataclasses.replace(recipe_of("ln"), floor=1e-12)
    audio, mel = case(recipe)
    filtered = spectral.apply(audio, mel + shift, recipe, FULL)
    np.testing.assert_allclose(filtered, gain * audio, atol=1e-3)


@pytest.mark.parametrize("value", [3e38, -3e38, 0.0])
def test_any_finite_features_are_safe(value):
    recipe = recipe_of("powers")
    audio, mel = case(recipe)
    filtered = spectral.apply(audio, np.full_like(mel, value), recipe, FULL)
    assert np.abs(filtered).max() <= 5 * np.abs(audio).max()
    silence = spectral.apply(np.zeros(len(audio)), mel, recipe, FULL)
    assert not silence.any()


def test_what_lies_above_the_bands_stays():
    recipe = recipe_of("fmax")
    audio, mel = case(recipe)
    n = np.arange(len(audio))
    for hertz, stays in ((7000, True), (3000, False)):
        tone = 5000 * np.sin(2 * np.pi * hertz / recipe.sample_rate * n)
        filtered = spectral.apply(tone, mel - 100, recipe, FULL)
        level = np.abs(inside(recipe, filtered)).max() / 5000
        assert level == pytest.approx(1.0 if stays else spectral.LEAST_GAIN, rel=0.05)


def test_bands_without_a_bin_are_left_out():
    recipe = recipe_of("bands without bins")
    known, filters = spectral.bands(recipe), mel_lib.mel_filterbank(recipe)
    assert 0 < len(known.columns) < recipe.n_mels
    assert filters[:, known.columns].any(axis=0).all()
    np.testing.assert_array_equal(known.filters, filters[:, known.columns])
    # What such a feature says is not heard.
    audio, mel = case(recipe)
    other = mel.copy()
    other[:, ~filters.any(axis=0)] = 5.0
    expected = spectral.apply(audio, mel, recipe, FULL)
    np.testing.assert_array_equal(spectral.apply(audio, other, recipe, FULL), expected)


def test_delay_and_state():
    recipe = MelRecipe()  # windows of 800 samples, frames of 200
    assert postfilter.delay(FULL, recipe) == 799
    assert postfilter.frames_ahead(FULL, recipe) == 4
    assert postfilter.state_values(FULL, recipe, 4) == 2 * 800
    three = dataclasses.replace(FULL, postfilter_passes=3)
    assert postfilter.delay(three, recipe) == 2 * 800 + 799
    assert postfilter.frames_ahead(three, recipe) == 12
    assert postfilter.state_values(three, recipe, 4) == 3 * 2 * 800
