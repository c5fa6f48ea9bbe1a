"""One source to one utterance: audio at the recipe's rate, and its features."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from wavernn_tf import dsp
from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import audio as audio_lib
from wavernn_tf.pipelines.records import Utterance

PathLike = Union[str, "os.PathLike[str]"]


def load_utterance(
    key: str, path: PathLike, recipe: MelRecipe, mel_dir: Optional[PathLike] = None
) -> Utterance:
    """Read a recording and compute, or read, its features.

    Args:
      key: id of the utterance.
      path: of the recording.
      recipe: of the features.
      mel_dir: folder of features computed elsewhere, `<id>.npy`.

    Returns:
      The utterance; the audio is padded with zeros, or cut, to frames * hop_length samples.

    Raises:
      WaveRNNError: naming the file, for anything wrong with either.
    """
    samples = audio_lib.read(path, recipe.sample_rate)
    if mel_dir is None:
        mel = compute(samples, recipe)
    else:
        mel = read_mel(Path(mel_dir) / f"{key}.npy", recipe)
        mel = _match(mel, len(samples), recipe.hop_length, Path(mel_dir) / f"{key}.npy")
    length = len(mel) * recipe.hop_length
    samples = np.pad(samples[:length], (0, max(0, length - len(samples))))
    return Utterance(key, samples, mel)


def compute(samples: npt.NDArray[np.int16], recipe: MelRecipe) -> npt.NDArray[np.float32]:
    """Features of a recording.

    Args:
      samples: int16 [samples] at the recipe's rate.
      recipe: of the features.

    Returns:
      float32 [ceil(samples / hop_length), n_mels].
    """
    mel: npt.NDArray[np.float32] = dsp.log_mel(dsp.to_float(samples), recipe).numpy()
    return mel


def read_mel(path: PathLike, recipe: MelRecipe) -> npt.NDArray[np.float32]:
    """Read features computed elsewhere.

    Args:
      path: of a .npy file, float [frames, n_mels].
      recipe: what they should be.

    Returns:
      float32 [frames, n_mels].

    Raises:
      WaveRNNError: if the file is missing or no array, for another shape, or for NaN.
    """
    path = Path(path)
    if not path.is_file():
        raise WaveRNNError(f"{path}: no such features file.")
    try:
        mel = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise WaveRNNError(f"{path}: not a .npy array ({error}).") from error
    if not isinstance(mel, np.ndarray) or mel.dtype.kind != "f":
        raise WaveRNNError(f"{path}: expected a .npy array of floats; got {type(mel).__name__}.")
    if mel.ndim != 2 or mel.shape[1] != recipe.n_mels:
        hint = ""
        if mel.ndim == 2 and mel.shape[0] == recipe.n_mels:
            hint = " It is transposed: save mel.T."
        raise WaveRNNError(
            f"{path}: expected features of shape [frames, {recipe.n_mels}]; got "
            f"{list(mel.shape)}.{hint}"
        )
    if not len(mel):
        raise WaveRNNError(f"{path}: the features hold no frame.")
    if not np.isfinite(mel).all():
        raise WaveRNNError(f"{path}: the features hold NaN or infinite values.")
    return mel.astype(np.float32)


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
