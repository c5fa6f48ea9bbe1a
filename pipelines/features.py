"""One source to one utterance: audio at the recipe's rate, and its features."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from wavernn_tf import dsp, feature_files, pitch
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import audio as audio_lib
from wavernn_tf.pipelines.records import Utterance

PathLike = Union[str, "os.PathLike[str]"]
DEFAULT_SIGNAL = SignalConfig()


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
      mel_dir: folder of features computed elsewhere, `<id>.npy`; with given pitch the fundamental
        frequency is their last column.
      signal: with given pitch the fundamental frequency, in Hz, follows the mel bands.

    Returns:
      The utterance; the audio is padded with zeros, or cut, to frames * hop_length samples.

    Raises:
      WaveRNNError: naming the file, for anything wrong with either.
    """
    samples = audio_lib.read(path, recipe.sample_rate)
    if mel_dir is None:
        mel = compute(samples, recipe, signal)
    else:
        mel = feature_files.read(
            Path(mel_dir) / f"{key}.npy", recipe.n_mels + signal.extra_features
        )
        mel = _match(mel, len(samples), recipe.hop_length, Path(mel_dir) / f"{key}.npy")
    length = len(mel) * recipe.hop_length
    samples = np.pad(samples[:length], (0, max(0, length - len(samples))))
    return Utterance(key, samples, mel)


def compute(
    samples: npt.NDArray[np.int16], recipe: MelRecipe, signal: SignalConfig = DEFAULT_SIGNAL
) -> npt.NDArray[np.float32]:
    """Features of a recording.

    Args:
      samples: int16 [samples] at the recipe's rate.
      recipe: of the features.
      signal: with given pitch, the fundamental frequency that autocorrelation finds, in Hz, follows
        the mel bands.

    Returns:
      float32 [ceil(samples / hop_length), n_features].
    """
    mel: npt.NDArray[np.float32] = dsp.log_mel(dsp.to_float(samples), recipe).numpy()
    if signal.pitch == "given":
        classes = pitch.targets(samples, recipe.sample_rate, recipe.hop_length)
        mel = np.column_stack([mel, pitch.frequencies(classes, recipe.sample_rate)])
    return mel


def _match(
    mel: npt.NDArray[np.float32], samples: int, hop: int, path: Path
) -> npt.NDArray[np.float32]:
    """Features without frames beyond the audio; at most one frame may be missing."""
    if abs(len(mel) - samples / hop) > 1:
        raise WaveRNNError(
            f"{path}: {len(mel)} frames do not fit {samples} samples, which make "
            f"{samples / hop:.2f} frames of {hop}. Are hop and rate those of the recipe?"
        )
    return mel[: dsp.frame_count(samples, hop)]
