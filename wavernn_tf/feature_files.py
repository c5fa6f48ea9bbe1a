"""Features in .npy files: one reader for training (`--mel-dir`) and for speaking; numpy only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError


def read(path: files.PathLike, n_features: int) -> np.ndarray:
    """Read features computed elsewhere.

    Args:
      path: of a .npy file, float [frames, n_features].
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
        mel = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise WaveRNNError(f"{path} is not a .npy array: {error}") from error
    if not isinstance(mel, np.ndarray):
        raise WaveRNNError(f"{path} holds several arrays; save one by numpy.save.")
    if mel.dtype.kind != "f":
        raise WaveRNNError(f"{path}: expected features of a float type; got {mel.dtype}.")
    if mel.ndim != 2 or mel.shape[1] != n_features:
        hint = ""
        if mel.ndim == 2 and mel.shape[0] == n_features:
            hint = " It is transposed: save mel.T."
        elif mel.ndim == 3 and mel.shape[0] == 1:
            hint = " It has a batch axis: save mel[0], or mel[0].T."
        raise WaveRNNError(
            f"{path}: expected features of shape [frames, {n_features}]; got {list(mel.shape)}."
            + hint
        )
    if not len(mel):
        raise WaveRNNError(f"{path}: the features hold no frame.")
    finite = np.isfinite(mel).all(axis=1)
    if not finite.all():
        raise WaveRNNError(
            f"{path}: the features hold NaN or infinity, first in frame {int(np.argmin(finite))}."
        )
    return mel.astype(np.float32)
