"""Features computed elsewhere, and their lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavernn_tf.audio import feature_files
from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import features
from wavernn_tf.voice.features import compute

RECIPE = MelRecipe(kind="external")


def _pair(folder: Path, samples: int, mel: np.ndarray) -> Path:
    audio = np.random.default_rng(0).integers(-9000, 9000, samples).astype(np.int16)
    soundfile.write(folder / "a.wav", audio, 16000)
    (folder / "mels").mkdir(exist_ok=True)
    np.save(folder / "mels" / "a.npy", mel)
    return folder / "a.wav"


@pytest.mark.parametrize(
    ("samples", "frames", "kept"),
    [
        # 10 frames of audio exactly: one frame too many or too few will do.
        (2000, 10, 10),
        (2000, 11, 10),
        (2000, 9, 9),
        # 10.5 frames: padded to 11, or cut to 10.
        (2100, 11, 11),
        (2100, 10, 10),
    ],
)
def test_lengths_that_fit(tmp_path: Path, samples: int, frames: int, kept: int) -> None:
    mel = np.random.default_rng(1).normal(size=(frames, 80))
    path = _pair(tmp_path, samples, mel)
    got = features.load_utterance("a", path, RECIPE, tmp_path / "mels")
    assert got.mel.shape == (kept, 80) and got.mel.dtype == np.float32
    assert got.audio.shape == (kept * 200,) and got.audio.dtype == np.int16
    np.testing.assert_array_equal(got.mel, mel[:kept].astype(np.float32))
    original, _ = soundfile.read(path, dtype="int16")
    n = min(len(original), len(got.audio))
    np.testing.assert_array_equal(got.audio[:n], original[:n])
    assert not got.audio[n:].any()


@pytest.mark.parametrize(("samples", "frames"), [(2000, 12), (2000, 8), (2100, 9), (2100, 12)])
def test_lengths_that_do_not_fit(tmp_path: Path, samples: int, frames: int) -> None:
    path = _pair(tmp_path, samples, np.zeros((frames, 80)))
    with pytest.raises(WaveRNNError, match=f"a.npy: {frames} frames do not fit {samples} samples"):
        features.load_utterance("a", path, RECIPE, tmp_path / "mels")


@pytest.mark.parametrize(
    ("mel", "message"),
    [
        (np.zeros((10, 64)), r"expected features of shape \[frames, 80\]; got \[10, 64\]"),
        (np.zeros((80, 10)), "transposed: save mel.T"),
        (np.zeros((10, 80, 1)), "got"),
        (np.zeros((0, 80)), "no frame"),
        (np.full((10, 80), np.nan), "NaN"),
        (np.zeros((10, 80), np.int32), "float type"),
        (np.array([{}]), "not a .npy array"),
    ],
)
def test_bad_features(tmp_path: Path, mel: np.ndarray, message: str) -> None:
    np.save(tmp_path / "a.npy", mel)
    with pytest.raises(WaveRNNError, match=message) as caught:
        feature_files.read(tmp_path / "a.npy", RECIPE.n_mels)
    assert str(tmp_path / "a.npy") in str(caught.value)


def test_missing_and_damaged_features(tmp_path: Path) -> None:
    with pytest.raises(WaveRNNError, match="no features file"):
        feature_files.read(tmp_path / "a.npy", RECIPE.n_mels)
    for data in (b"", b"text", b"\x93NUMPY\x01\x00"):
        (tmp_path / "a.npy").write_bytes(data)
        with pytest.raises(WaveRNNError, match="not a .npy array"):
            feature_files.read(tmp_path / "a.npy", RECIPE.n_mels)


def test_computed_features_cover_the_audio(speech: Path) -> None:
    got = features.load_utterance("x", speech / "ru_0063.flac", MelRecipe())
    assert len(got.audio) == 200 * len(got.mel)
    np.testing.assert_array_equal(got.mel, compute(got.audio, MelRecipe()))
