"""Log-mel features against librosa, scipy and TensorFlow, with derived bounds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Tuple

import librosa
import numpy as np
import pytest
import scipy.signal
import soundfile
import tensorflow as tf

from wavernn_tf.audio import mel as mel_lib
from wavernn_tf.config import MelRecipe, recipes
from wavernn_tf.errors import WaveRNNError

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "en_vm-forward-multiple.flac"
EPS = 2.0**-24
UNIT = {"ln": 1.0, "log10": 1 / np.log(10), "db": 10 / np.log(10)}
NAMED = pytest.mark.parametrize("recipe", recipes.RECIPES.values(), ids=lambda r: r.name)


def _speech(recipe: MelRecipe, seconds: float = 1.5) -> np.ndarray:
    """float32 speech, a whole number of frames, at the recipe's rate as it is (pitch shifted)."""
    audio, _ = soundfile.read(SPEECH, dtype="float32")
    frames = int(seconds * recipe.sample_rate) // recipe.hop_length
    return audio[: frames * recipe.hop_length]


def _librosa(audio: np.ndarray, recipe: MelRecipe) -> Tuple[np.ndarray, np.ndarray]:
    """Features in float64, and the derived bound on the error of a float32 computation."""
    x = audio.astype(np.float64)
    pad = recipe.n_fft - recipe.hop_length
    if recipe.padding == "same":
        x = np.pad(x, (pad // 2, pad - pad // 2), mode="reflect")
    frames = len(audio) // recipe.hop_length
    with np.errstate(all="ignore"):
        spectrum = librosa.stft(
            x,
            n_fft=recipe.n_fft,
            hop_length=recipe.hop_length,
            win_length=recipe.win_length,
            center=recipe.padding != "same",
            pad_mode="constant" if recipe.padding == "center-zero" else "reflect",
        )
    magnitude = np.abs(spectrum).T[:frames]
    filters = librosa.filters.mel(
        sr=recipe.sample_rate,
        n_fft=recipe.n_fft,
        n_mels=recipe.n_mels,
        fmin=recipe.fmin,
        fmax=recipe.fmax,
        htk=recipe.mel_scale == "htk",
        norm="slaney" if recipe.mel_norm == "slaney" else None,
        dtype=np.float64,
    ).T
    mel = magnitude**recipe.power @ filters
    features = UNIT[recipe.log] * np.log(np.maximum(mel, recipe.floor))

    # An FFT's error per bin: 4 eps log2(n) ||frame||, by Parseval's theorem from the spectrum.
    norm = np.sqrt(2 * np.square(magnitude).mean(1, keepdims=True))
    delta = 4 * EPS * np.log2(recipe.n_fft) * norm * np.ones_like(magnitude)
    if recipe.power == 2:
        delta = 2 * magnitude * delta + delta**2
    width = (filters > 0).sum(0)
    error = delta @ filters + (width + 6) * EPS * mel
    relative = error / np.maximum(mel - error, recipe.floor)
    bound = UNIT[recipe.log] * relative + 4 * EPS * np.abs(features)
    return features, bound


@NAMED
@pytest.mark.filterwarnings("ignore:Empty filters")
def test_log_mel_equals_librosa(recipe: MelRecipe) -> None:
    audio = _speech(recipe)
    expected, bound = _librosa(audio, recipe)
    got = mel_lib.log_mel(audio, recipe)
    assert got.shape == expected.shape == (len(audio) // recipe.hop_length, recipe.n_mels)
    assert got.dtype == np.float32
    assert (np.abs(got - expected) <= bound).all()
    assert np.median(bound) < 1e-3 * UNIT[recipe.log]  # the bound says something
    # Canaries: two samples off in the window, 1 Hz in the band, one sample in time.
    for change in ({"win_length": recipe.win_length - 2}, {"fmax": recipe.fmax - 1}):
        other = mel_lib.log_mel(audio, dataclasses.replace(recipe, **change))
        assert (np.abs(other - expected) > bound).any(), change
    moved = mel_lib.log_mel(np.roll(audio, 1), recipe)
    assert (np.abs(moved - expected) > bound).any()


@NAMED
def test_window_equals_scipy(recipe: MelRecipe) -> None:
    hann = scipy.signal.get_window("hann", recipe.win_length, fftbins=True)
    left = (recipe.n_fft - recipe.win_length) // 2
    expected = np.zeros(recipe.n_fft)
    expected[left : left + recipe.win_length] = hann
    np.testing.assert_allclose(mel_lib.window(recipe), expected, rtol=0, atol=2 * EPS)


def test_one_frame_equals_scipy() -> None:
    """One frame, from its samples to its features, with nothing of librosa's or ours."""
    recipe = MelRecipe()
    audio, t = _speech(recipe), 40
    start = t * recipe.hop_length - (recipe.n_fft - recipe.hop_length) // 2
    window = np.pad(scipy.signal.get_window("hann", 800), 112)
    spectrum = np.abs(scipy.fft.rfft(audio[start : start + 1024].astype(np.float64) * window))
    mel = spectrum @ mel_lib.mel_filterbank(recipe)
    got = mel_lib.log_mel(audio, recipe)[t]
    np.testing.assert_allclose(got, np.log(np.maximum(mel, 1e-5)), atol=2e-4)


def test_frame_covers_its_samples() -> None:
    """With "same" padding an impulse in the middle of frame t is symmetric about that frame.

    |  t-1  |   t   |  t+1  |
                ^ impulse
    """
    recipe = MelRecipe()
    audio = np.zeros(20 * recipe.hop_length, np.float32)
    audio[10 * recipe.hop_length + recipe.hop_length // 2] = 1.0
    mel = mel_lib.log_mel(audio, recipe).mean(1)
    assert mel.argmax() == 10
    np.testing.assert_allclose(mel[7:10], mel[13:10:-1], atol=1e-3)
    centred = dataclasses.replace(recipe, padding="center")
    mel = mel_lib.log_mel(audio, centred).mean(1)
    np.testing.assert_allclose(mel[10], mel[11], atol=1e-3)  # between the centres of 10 and 11


@pytest.mark.parametrize("samples", [1, 2, 199, 200, 201, 413, 1000])
@pytest.mark.parametrize("padding", ["same", "center", "center-zero"])
def test_short_audio(samples: int, padding: str) -> None:
    """Shorter than the reflection: like numpy, which goes back and forth."""
    recipe = MelRecipe(padding=padding)
    audio = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    frames = -(-samples // 200)
    pads = (412, 412) if padding == "same" else (512, 512)
    mode = "constant" if padding == "center-zero" else "reflect"
    padded = np.pad(np.pad(audio, (0, frames * 200 - samples)), pads, mode=mode)
    pieces = np.stack([padded[i * 200 : i * 200 + 1024] for i in range(frames)])
    spectrum = np.abs(np.fft.rfft(pieces * mel_lib.window(recipe)))
    expected = np.log(np.maximum(spectrum @ mel_lib.mel_filterbank(recipe), 1e-5))
    got = mel_lib.log_mel(audio, recipe)
    np.testing.assert_allclose(got, expected, atol=1e-3)


def test_silence_is_the_floor() -> None:
    recipe = MelRecipe(offset=-1.0, scale=4.0)
    mel = mel_lib.log_mel(np.zeros(2000), recipe)
    np.testing.assert_allclose(mel, (np.log(1e-5) + 1) / 4, rtol=1e-6)


def test_long_audio_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = MelRecipe()
    audio = _speech(recipe)
    whole = mel_lib.log_mel(audio, recipe)
    monkeypatch.setattr(mel_lib, "_FRAMES_AT_ONCE", 16)
    pieces = mel_lib.log_mel(audio, recipe)
    np.testing.assert_allclose(pieces, whole, rtol=0, atol=1e-6)
    assert np.abs(pieces[1:] - whole[:-1]).max() > 1e-3  # canary


def test_any_float_type_and_tensors_will_do() -> None:
    recipe = MelRecipe()
    audio = _speech(recipe)[:-77]
    made = mel_lib.log_mel(audio, recipe)
    assert made.dtype == np.float32 and len(made) == mel_lib.frame_count(len(audio), 200)
    for other in (audio.astype(np.float64), tf.constant(audio), audio.tolist()):
        np.testing.assert_array_equal(mel_lib.log_mel(other, recipe), made)


@pytest.mark.parametrize("recipe", [r for r in recipes.RECIPES.values() if r.padding == "same"])
def test_log_mel_equals_tensorflow(recipe: MelRecipe) -> None:
    """Features made by `tf.signal` in float32, as earlier builds did, are these within 2e-4.

    The paddings have a test of their own.
    """
    audio = _speech(recipe)
    pad = recipe.n_fft - recipe.hop_length
    padded = tf.pad(tf.constant(audio), [[pad // 2, pad - pad // 2]], "REFLECT")
    frames = tf.signal.frame(padded, recipe.n_fft, recipe.hop_length)
    spectrum = tf.abs(tf.signal.rfft(frames * mel_lib.window(recipe))) ** recipe.power
    energy = tf.maximum(spectrum @ mel_lib.mel_filterbank(recipe), recipe.floor)
    expected = (UNIT[recipe.log] * tf.math.log(energy) - recipe.offset) / recipe.scale
    bound = 2e-4 * UNIT[recipe.log] / recipe.scale
    assert np.abs(mel_lib.log_mel(audio, recipe) - expected).max() <= bound
    moved = mel_lib.log_mel(np.roll(audio, 1), recipe)
    assert np.abs(moved - expected).max() > bound  # canary


def test_what_cannot_be_computed() -> None:
    with pytest.raises(WaveRNNError, match="at least one sample"):
        mel_lib.log_mel(np.zeros(0), MelRecipe())
    with pytest.raises(WaveRNNError, match="--mel-dir"):
        mel_lib.log_mel(np.zeros(100), MelRecipe(kind="external"))
    with pytest.raises(WaveRNNError, match="hop_length"):
        mel_lib.log_mel(np.zeros(100), MelRecipe(n_fft=128, win_length=128))


def test_mel_scales_are_inverse() -> None:
    hz = np.linspace(0, 12000, 500)
    for scale in ("htk", "slaney"):
        back = mel_lib.mel_to_hz(mel_lib.hz_to_mel(hz, scale), scale)
        np.testing.assert_allclose(back, hz, atol=1e-8)
