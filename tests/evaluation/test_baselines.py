"""Mu-law, Griffin-Lim and WORLD."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.helpers.sounds import RATE, harmonics, needs, speech
from wavernn_tf.config import MelRecipe, recipes
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import baselines, f0, griffin_lim, log_mel, packages
from wavernn_tf.evaluation.held_out import Clip
from wavernn_tf.voice import features


def test_mu_law_has_256_levels_and_the_ratio_of_the_textbook():
    """The quantiser's error is some 38 dB below a loud signal; silence stays within one step."""
    ramp = np.arange(-32768, 32768).astype(np.int16)
    coded = baselines.mu_law(ramp)
    assert 250 <= len(np.unique(coded)) <= 256
    assert (np.diff(coded.astype(int)) >= 0).all()
    audio = harmonics(220)
    error = baselines.mu_law(audio).astype(float) - audio
    assert 35 < 20 * np.log10(audio.std() / error.std()) < 41
    assert np.abs(baselines.mu_law(np.zeros(3, np.int16))).max() <= 4


@pytest.mark.parametrize("name", ["wavernn-16k", "tacotron2", "hifigan", "librosa", "torchaudio"])
def test_magnitudes_have_the_features_that_they_came_from(name):
    """Griffin-Lim starts from magnitudes whose mel energies are those of the recording."""
    recipe = MelRecipe() if name == "wavernn-16k" else recipes.find(name)
    audio = harmonics(150, 0.5, snr=20, rate=recipe.sample_rate, up_to=7000)
    mel = features.compute(audio, recipe)
    spectra = griffin_lim.magnitudes(mel, recipe)
    assert spectra.shape == (len(mel), recipe.n_fft // 2 + 1) and (spectra >= 0).all()
    from wavernn_tf.audio import mel as mel_lib

    again = np.maximum(spectra**recipe.power @ mel_lib.mel_filterbank(recipe), recipe.floor)
    unit = {"ln": 1.0, "log10": np.log(10), "db": np.log(10) / 10}[recipe.log]
    energies = np.exp((mel.astype(float) * recipe.scale + recipe.offset) * unit)
    assert np.median(np.abs(np.log(again / energies))) < 0.05


def test_griffin_lim_gives_the_spectrum_and_the_pitch_back():
    recipe, audio = MelRecipe(), speech()
    mel = features.compute(audio, recipe)
    made = griffin_lim.synthesize(mel, recipe, seed=1)
    assert made.dtype == np.int16 and len(made) == len(mel) * recipe.hop_length
    padded = np.pad(audio, (0, len(made) - len(audio)))
    assert log_mel.distance(padded, made, RATE) < 2.5
    assert log_mel.distance(padded, np.roll(made, 1600), RATE) > 5  # it is aligned
    before, after = f0.track(padded, RATE), f0.track(made, RATE)
    assert f0.right(before, after) > 90
    assert np.array_equal(made, griffin_lim.synthesize(mel, recipe, seed=1))
    assert not np.array_equal(made, griffin_lim.synthesize(mel, recipe, seed=2))


def test_griffin_lim_of_other_recipes_is_aligned():
    recipe = dataclasses.replace(MelRecipe(), padding="center", power=2.0, log="db")
    audio = speech()[: 200 * 100]
    made = griffin_lim.synthesize(features.compute(audio, recipe), recipe)
    assert log_mel.distance(audio, made, RATE) < 3


def test_griffin_lim_of_features_from_elsewhere():
    external = MelRecipe(kind="external")
    with pytest.raises(WaveRNNError, match="kind"):
        griffin_lim.synthesize(np.zeros([3, 80], np.float32), external)
    assert list(baselines.all_for(external)) == [baselines.MU_LAW, baselines.WORLD]


@needs("pyworld")
def test_world_keeps_the_pitch():
    audio = speech()
    made = baselines.all_for(MelRecipe())[baselines.WORLD](
        Clip("a", audio, np.zeros([1, 80], np.float32)), MelRecipe(), 0
    )
    assert made.dtype == np.int16 and len(made) == len(audio)
    found = f0.track(audio, RATE)
    assert f0.right(found, f0.track(made, RATE)) > 95
    assert log_mel.distance(audio, made, RATE) < 6


def test_without_pyworld(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyworld", None)
    message = r"WORLD is not measured: the package pyworld .*wavernn-tf\[quality\]"
    with pytest.raises(packages.MissingPackage, match=message):
        baselines.world(harmonics(100), RATE)
