"""How periodic the voiced parts of speech are: the harmonics-to-noise ratio (numpy only).

    HNR = 10 log10(r / (1 - r)) dB

where r is the normalised autocorrelation (`wavernn_tf.evaluation.autocorrelation`) at the period.
All copies of a recording are measured in the recording's voiced frames, and near its period, so
that a copy that has lost its pitch there is noise, and not left out.
"""

from __future__ import annotations

from typing import Dict, Optional, Tuple

import numpy as np

from wavernn_tf.evaluation import autocorrelation, f0

BANDS: Dict[str, Optional[Tuple[float, float]]] = {
    "all": None,
    "0-1 kHz": (0.0, 1000.0),
    "1-2 kHz": (1000.0, 2000.0),
    "2-4 kHz": (2000.0, 4000.0),
    "4-8 kHz": (4000.0, 8000.0),
}
"""Lowest and highest frequency of every band, in Hz."""

_LEAST, _MOST = 0.01, 0.9999
"""Bounds of r: -20 and 40 dB."""

_FINER = 4
"""Lags per sample: in the highest band a period of the wave has but two samples."""


def hnr(audio: np.ndarray, pitch: np.ndarray, sample_rate: int) -> Dict[str, Optional[float]]:
    """Mean HNR over the voiced frames, of the whole band and of parts of it.

    The period is searched within 6 % of the given one in the whole band, and taken over, within a
    sample, for the parts.

    Args:
      audio: int16 [samples], at least one.
      pitch: float64 [frames], F0 of the original in Hz, 0 where unvoiced; from `f0.track`.
      sample_rate: in Hz.

    Returns:
      dB by the labels of `BANDS`, between -20 and 40; noise has about -9. None where no frame is
      voiced, and for bands above half the rate.
    """
    cut = autocorrelation.frames(audio, sample_rate)
    count = min(len(cut), len(pitch))
    voiced = np.flatnonzero(pitch[:count] > 0)
    if not len(voiced):
        return {label: None for label in BANDS}
    period = _FINER * sample_rate / pitch[voiced]
    longest = int((1.0 + f0.TOLERANCE) * sample_rate / pitch[voiced].min()) + 2

    def highest(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Lag and value of the highest point of r between two lags."""
        r = autocorrelation.normalised(x[voiced], longest, _FINER)
        lags = np.arange(r.shape[1])
        masked = np.where((lags >= low[:, None]) & (lags <= high[:, None]), r, -1.0)
        return masked.argmax(axis=1), masked.max(axis=1)

    near = np.floor(period * (1.0 - f0.TOLERANCE)), np.ceil(period * (1.0 + f0.TOLERANCE))
    best, whole = highest(cut, *near)
    found: Dict[str, Optional[float]] = {}
    for label, band in BANDS.items():
        if band is None:
            found[label] = _decibels(whole)
        elif band[1] > sample_rate / 2:
            found[label] = None
        else:
            part = autocorrelation.band_pass(audio, sample_rate, band)
            x = autocorrelation.frames(part, sample_rate)
            found[label] = _decibels(highest(x, best - _FINER, best + _FINER)[1])
    return found


def _decibels(r: np.ndarray) -> float:
    bounded = np.clip(r, _LEAST, _MOST)
    return float(np.mean(10.0 * np.log10(bounded / (1.0 - bounded))))
