"""Numbers that tell a sound signal from a broken one (numpy only)."""

from __future__ import annotations

import dataclasses
from typing import Dict, Optional, Tuple

import numpy as np

SILENCE_DBFS = -55.0
"""A frame of the original below this level counts as silent."""

FRAME_SECONDS = 0.02
_NEAR = 4
"""Samples on each side of a candidate click that its surroundings leave out."""

_QUANTUM = 4.0
"""Added to the surroundings of a click: steps of a few 16-bit units are no clicks."""

_CLICK = 20.0
"""`clicks` counts from here: 0 and 1.4 a minute in recordings of an English and a Russian voice."""

_ONE_CLICK_SECONDS = 0.01
"""Samples that stand out nearer to each other than this are one click."""


@dataclasses.dataclass(frozen=True)
class Checks:
    """What one looks at in a waveform.

    Attributes:
      peak: largest absolute sample, 1 is full scale.
      rms_dbfs: level of the whole, in dB below full scale (0 for a full-scale square wave).
      clipped: share of samples at either end of the 16-bit range.
      silence_dbfs: level of the frames in which the original is silent; None if there are none.
      click: largest second difference |x[n-1] - 2 x[n] + x[n+1]| as a multiple of the RMS of the
        second differences in the 20 ms around it: 8 to 25 for recorded speech; a jump in a smooth
        place gives far more, one in a loud place need not.
      click_at: where that is, in seconds.
    """

    peak: float
    rms_dbfs: float
    clipped: float
    silence_dbfs: Optional[float]
    click: float
    click_at: float

    def as_dict(self) -> Dict[str, Optional[float]]:
        """A plain mapping, for JSON."""
        return dataclasses.asdict(self)


def silent_frames(original: np.ndarray, sample_rate: int) -> np.ndarray:
    """Which 20 ms frames of a recording are below `SILENCE_DBFS`: bool [samples // frame]."""
    return _levels(_frames(original, sample_rate)) < SILENCE_DBFS


def measure(audio: np.ndarray, sample_rate: int, silent: Optional[np.ndarray] = None) -> Checks:
    """Measure a waveform.

    Args:
      audio: int16 [samples], at least one.
      sample_rate: in Hz.
      silent: from `silent_frames` of the original it stands beside; frames beyond it are ignored.
    """
    x = np.asarray(audio, np.float64)
    silence = None
    if silent is not None:
        frames = _frames(audio, sample_rate)
        quiet = frames[np.flatnonzero(silent[: len(frames)])]
        silence = _dbfs(quiet) if quiet.size else None
    click, at = _click(x, sample_rate)
    return Checks(
        peak=float(np.abs(x).max()) / 32768.0,
        rms_dbfs=_dbfs(x),
        clipped=float(np.mean((x >= 32767) | (x <= -32768))),
        silence_dbfs=silence,
        click=click,
        click_at=at / sample_rate,
    )


def _frames(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Whole 20 ms frames: float64 [frames, samples]."""
    size = max(1, round(FRAME_SECONDS * sample_rate))
    x = np.asarray(audio, np.float64)
    return x[: len(x) // size * size].reshape(-1, size)


def _levels(frames: np.ndarray) -> np.ndarray:
    power = np.mean(np.square(frames / 32768.0), axis=1)
    return 10.0 * np.log10(np.maximum(power, 1e-12))


def _dbfs(x: np.ndarray) -> float:
    return float(10.0 * np.log10(max(float(np.mean(np.square(x / 32768.0))), 1e-12)))


def clicks(audio: np.ndarray, sample_rate: int) -> int:
    """Count what stands out as a click: see `Checks.click`.

    Clicks within 10 ms of each other stand out from each other's noise less, and may be missed.

    Args:
      audio: int16 [samples].
      sample_rate: in Hz.
    """
    ratios = _click_ratios(np.asarray(audio, np.float64), sample_rate)
    at = np.flatnonzero(ratios > _CLICK)
    if not len(at):
        return 0
    return 1 + int(np.sum(np.diff(at) > _ONE_CLICK_SECONDS * sample_rate))


def _click(x: np.ndarray, sample_rate: int) -> Tuple[float, int]:
    """Largest second difference relative to its surroundings, and its sample index."""
    ratio = _click_ratios(x, sample_rate)
    if not len(ratio):
        return 0.0, 0
    at = int(np.argmax(ratio))
    return float(ratio[at]), at + 1


def _click_ratios(x: np.ndarray, sample_rate: int) -> np.ndarray:
    """Second differences relative to their surroundings: float64 [samples - 2]."""
    d = np.abs(np.diff(x, 2))
    if not len(d):
        return d
    half = max(_NEAR + 1, round(FRAME_SECONDS * sample_rate / 2))
    around = _window_sums(np.square(d), half) - _window_sums(np.square(d), _NEAR)
    count = _window_sums(np.ones_like(d), half) - _window_sums(np.ones_like(d), _NEAR)
    # A difference of running sums may be a rounding below zero.
    surroundings = np.sqrt(np.maximum(around, 0.0) / np.maximum(count, 1.0))
    return d / (surroundings + _QUANTUM)


def _window_sums(values: np.ndarray, half: int) -> np.ndarray:
    """Sum over [n - half, n + half] for every n."""
    sums = np.concatenate([[0.0], np.cumsum(np.pad(values, half))])
    return sums[2 * half + 1 :] - sums[: -2 * half - 1]
