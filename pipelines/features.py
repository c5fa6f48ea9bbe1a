"""One source to one utterance: audio at the recipe's rate, and its features."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from wavernn_tf.audio import feature_files
from wavernn_tf.audio.mel import frame_count
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import audio as audio_lib
from wavernn_tf.pipelines.records import Utterance
from wavernn_tf.voice.features import DEFAULT_SIGNAL, compute

PathLike = Union[str, "os.PathLike[str]"]


def load_utterance(
    key: str,
    path: PathLike,
    recipe: MelRecipe,
    mel_dir: Optional[PathLike] = None,
    signal: SignalConfig = DEFAULT_SIGNAL,
) -> Utterance:
    """Read a recording and compute, or read, its features.

    Args:
      key: id of the utterance.
      path: of the recording.
      recipe: of the features.
      mel_dir: folder of features computed elsewhere, `<id>.npy` or `<id>.npz`; with given pitch the
        fundamental frequency is their last column.
      signal: with given pitch the fundamental frequency, in Hz, follows the mel bands.

    Returns:
      The utterance; the audio is padded with zeros, or cut, to frames * hop_length samples.

    Raises:
      WaveRNNError: naming the file, for anything wrong with either.
    """
    recording = audio_lib.read_remarkably(path, recipe.sample_rate)
    samples = recording.audio
    if mel_dir is None:
        mel = compute(samples, recipe, signal)
    else:
        given = features_path(Path(mel_dir), key)
        mel = feature_files.read(given, recipe.n_mels + signal.extra_features)
        mel = _match(mel, len(samples), recipe, given)
    length = len(mel) * recipe.hop_length
    samples = np.pad(samples[:length], (0, max(0, length - len(samples))))
    return Utterance(key, samples, mel, recording.remarks)


def features_path(folder: Path, key: str) -> Path:
    """Where the features of an utterance lie, however its accents are written there.

    Args:
      folder: of the features.
      key: id of the utterance.

    Returns:
      The first of `<id>.npy` and `<id>.npz` that exists, else the first.
    """
    name = os.fsdecode(key.encode("utf-8", "surrogateescape"))
    spelled = [name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))]
    tried = [folder / f"{each}{end}" for end in (".npy", ".npz") for each in spelled]
    return next((path for path in tried if path.is_file()), tried[0])


def _match(
    mel: npt.NDArray[np.float32], samples: int, recipe: MelRecipe, path: Path
) -> npt.NDArray[np.float32]:
    """Features without frames beyond the audio; at most one frame may be missing."""
    hop = recipe.hop_length
    if abs(len(mel) - samples / hop) > 1:
        raise WaveRNNError(
            f"{path}: {len(mel)} frames do not fit {samples} samples, which make "
            f"{samples / hop:.2f} frames of {hop}.{_likely_cause(len(mel), samples, recipe)}"
        )
    return mel[: frame_count(samples, hop)]


_HOPS: Tuple[int, ...] = (64, 80, 100, 110, 120, 128, 160, 180, 200, 220, 240, 256, 275, 300)
_HOPS += (320, 400, 441, 480, 512, 600, 1024)
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def _likely_cause(frames: int, samples: int, recipe: MelRecipe) -> str:
    """What other hop or rate would make so many frames of a recording."""
    near = 2.0 / max(frames, 1)
    found = [f"a hop of {h}" for h in _HOPS if abs(frames * h / samples - 1) < near]
    found += [
        f"audio at {rate} Hz with a hop of {recipe.hop_length}"
        for rate in _RATES
        if rate != recipe.sample_rate
        and abs(frames * recipe.hop_length * recipe.sample_rate / rate / samples - 1) < near
    ]
    if frames >= 20 and found:
        return f" They fit {' or '.join(found[:3])}: are hop and rate those of the recipe?"
    return " Are they of this recording, and are hop and rate those of the recipe?"
