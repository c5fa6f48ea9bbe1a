"""Scores of a copy beside the original, by packages: PESQ and STOI."""

from __future__ import annotations

import warnings
from typing import Optional

import numpy as np

from wavernn_tf.evaluation import packages

RATE = 16000
"""Of the waveforms, in Hz."""


def pesq_wb(original: np.ndarray, copy: np.ndarray) -> Optional[float]:
    """Wide-band PESQ (ITU-T P.862.2), 1 to 4.64.

    Args:
      original: int16 [samples] at 16 kHz.
      copy: int16 [samples] at 16 kHz.

    Returns:
      The score; None if one is silent, or PESQ finds no speech, or less than 0.25 s of it.

    Raises:
      MissingPackage: without the package pesq.
    """
    pesq = packages.load("pesq", "PESQ")
    a, b = _common(original, copy)
    if not a.any() or not b.any():
        return None
    try:
        return float(pesq.pesq(RATE, a, b, "wb"))
    except (pesq.NoUtterancesError, pesq.BufferTooShortError):
        return None


def stoi(original: np.ndarray, copy: np.ndarray) -> Optional[float]:
    """Short-time objective intelligibility, at most 1.

    Args:
      original: int16 [samples] at 16 kHz.
      copy: int16 [samples] at 16 kHz.

    Returns:
      The score; None for less than some 0.4 s of speech.

    Raises:
      MissingPackage: without the package pystoi.
    """
    pystoi = packages.load("pystoi", "STOI")
    a, b = _common(original, copy)
    if len(a) < RATE // 10 or not a.any():
        return None
    with warnings.catch_warnings():
        # It warns, and returns 1e-5, where too few frames hold speech.
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(pystoi.stoi(a, b, RATE))
        except RuntimeWarning:
            return None


def _common(*audio: np.ndarray) -> list[np.ndarray]:
    """The samples that all have, as float64 with full scale 1."""
    samples = min(len(x) for x in audio)
    return [np.asarray(x[:samples], np.float64) / 32768.0 for x in audio]
