"""Features in .npy and .npz files: one reader for `--mel-dir` and for speaking; numpy only."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError


def read(path: files.PathLike, n_features: int) -> np.ndarray:
    """Read features computed elsewhere.

    Args:
      path: of a .npy file, or a .npz file of one array, float [frames, n_features].
      n_features: expected features per frame.

    Returns:
      float32 [frames, n_features], at least one frame, finite.

    Raises:
      WaveRNNError: if the file is missing or no array of floats, for another shape, or for NaN.
    """
    path = Path(path)
    if not path.is_file():
        raise WaveRNNError(f"There is no features file {path}.")
    try:
        with path.open("rb") as file:
            mel = np.load(io.BytesIO(file.read()), allow_pickle=False)
    except Exception as error:  # NumPy parses the header as Python, and zipfile raises its own
        raise WaveRNNError(f"{path} is not a .npy array: {_brief(error)}") from error
    if not isinstance(mel, np.ndarray):
        mel = _only_array(mel, path)
    return check(mel, n_features, str(path))


def check(mel: np.ndarray, n_features: int, where: str = "", meaning: str = "") -> np.ndarray:
    """Check the form of features, wherever they come from.

    Args:
      mel: what should be float [frames, n_features].
      n_features: expected features per frame.
      where: the file they come from, for messages.
      meaning: what they are, for messages; it follows the expected shape.

    Returns:
      float32 [frames, n_features], contiguous.

    Raises:
      WaveRNNError: for another type or shape, no frames, NaN or infinity.
    """
    expected = f"{where}: expected" if where else "Expected"
    whose = f"{where}: the" if where else "The"
    if mel.dtype.kind != "f":
        raise WaveRNNError(f"{expected} features of a float type; got {mel.dtype}.")
    if mel.ndim != 2 or mel.shape[1] != n_features:
        hint = ""
        if mel.ndim == 2 and mel.shape[0] == n_features:
            hint = " It is transposed: save mel.T."
        elif mel.ndim == 3 and mel.shape[0] == 1:
            hint = " It has a batch axis: save mel[0], or mel[0].T."
        raise WaveRNNError(
            f"{expected} features of shape [frames, {n_features}]{meaning}; got "
            f"{list(mel.shape)}.{hint}"
        )
    if not len(mel):
        raise WaveRNNError(f"{whose} features hold no frame.")
    finite = np.isfinite(mel).all(axis=1)
    if not finite.all():
        raise WaveRNNError(
            f"{whose} features hold NaN or infinity, first in frame {int(np.argmin(finite))}."
        )
    return np.ascontiguousarray(mel, np.float32)


def _brief(error: Exception) -> str:
    """The words of an error, which may quote the file at length."""
    return f"{type(error).__name__}: {str(error)[:300]}"


EXTENSIONS = (".npy", ".npz")
"""Of files that hold features."""

_NAMES = ("mel", "mels", "features", "feats", "arr_0")


def _only_array(archive: Any, path: Path) -> np.ndarray:
    """The array of a .npz file: the only one, or the one with a customary name."""
    names = list(archive.files)
    chosen = names if len(names) == 1 else [n for n in _NAMES if n in names][:1]
    if not chosen:
        raise WaveRNNError(
            f"{path} holds {len(names)} arrays ({', '.join(names[:5])}); save one, or name it mel."
        )
    try:
        return np.asarray(archive[chosen[0]])
    except Exception as error:  # zipfile, zlib and NumPy each raise their own
        raise WaveRNNError(f"{path} is damaged: {_brief(error)}") from error
