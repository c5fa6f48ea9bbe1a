"""The distance between log-mel spectrograms."""

from __future__ import annotations

import numpy as np

from wavernn_tf.audio import mel, signal
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import pictures

RANGE_DB = 60.0
"""What is farther than this below the loudest point of the original has no effect."""


def distance(original: np.ndarray, copy: np.ndarray, sample_rate: int) -> float:
    """Root mean square over the bands of the difference, averaged over the frames.

    The spectrograms have 80 bands, a window of 50 ms and a frame every 10 ms.

    Args:
      original: int16 [samples], at least one.
      copy: int16 [samples]; samples that only one of them has are left out.
      sample_rate: in Hz.

    Returns:
      dB; 0 for the same signal.

    Raises:
      WaveRNNError: if they have no sample in common.
    """
    samples = min(len(original), len(copy))
    if not samples:
        raise WaveRNNError("Expected an original and a copy of at least one sample; got none.")
    recipe = pictures.mel_recipe(sample_rate)
    a, b = (
        mel.log_mel(signal.to_float(x[:samples]), recipe).astype(np.float64)
        for x in (original, copy)
    )
    floor = a.max() - RANGE_DB
    difference = np.maximum(a, floor) - np.maximum(b, floor)
    return float(np.sqrt(np.mean(np.square(difference), axis=1)).mean())
