"""The fundamental frequency of speech, and how well a copy keeps it (numpy only).

The tracker is after Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound" (1993): the peaks of the normalised autocorrelation of
40 ms windows are the candidates of a frame, and the cheapest path through all frames decides, with
costs for jumps and for changes between voiced and unvoiced. It needs no package, so that every
machine can measure pitch.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from wavernn_tf.evaluation import autocorrelation

LOWEST, HIGHEST = 70.0, 500.0
"""Range of the fundamental, in Hz: men to women and children."""

TOLERANCE = 0.06
"""An F0 is right within this share, about a semitone."""

_CANDIDATES = 8
_VOICED_ABOVE = 0.45
"""Autocorrelation below which a frame is rather unvoiced."""

_SILENCE = 0.03
"""Peak, as a share of the whole recording's, below which a frame is rather unvoiced."""

_OCTAVE_COST = 0.01
_JUMP_COST = 0.35
_VOICING_COST = 0.14


def track(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """F0 every 10 ms.

    Args:
      audio: int16 [samples], at least one.
      sample_rate: in Hz.

    Returns:
      float64 [frames], in Hz, 0 where the frame is unvoiced; frame t is centred on the sample
      t * hop, frames = samples // hop + 1.
    """
    frames = autocorrelation.frames(audio, sample_rate)
    r = autocorrelation.normalised(frames, int(sample_rate / LOWEST) + 2)
    hz, strength = _candidates(r, sample_rate)
    unvoiced = _VOICED_ABOVE + np.maximum(0.0, 2.0 - _loudness(audio, sample_rate) / _SILENCE)
    return _best_path(hz, np.concatenate([unvoiced[:, None], strength], axis=1))


def voiced_kept(original: np.ndarray, copy: np.ndarray) -> Optional[float]:
    """Share of the original's voiced frames that are voiced in the copy, in percent.

    Args:
      original: float64 [frames], from `track`.
      copy: the same of the copy; frames that only one of them has are left out.

    Returns:
      0 to 100; None if the original has no voiced frame.
    """
    a, b = _common(original, copy)
    return 100.0 * float(np.mean(b[a > 0] > 0)) if (a > 0).any() else None


def right(original: np.ndarray, copy: np.ndarray) -> Optional[float]:
    """Share of the frames voiced in both whose F0s agree within 6 %, in percent.

    Args:
      original: float64 [frames], from `track`.
      copy: the same of the copy.

    Returns:
      0 to 100; 0 if the copy is voiced nowhere where the original is; None if the original has no
      voiced frame.
    """
    a, b = _common(original, copy)
    if not (a > 0).any():
        return None
    both = (a > 0) & (b > 0)
    if not both.any():
        return 0.0
    return 100.0 * float(np.mean(np.abs(b[both] / a[both] - 1.0) <= TOLERANCE))


def _common(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frames = min(len(a), len(b))
    return a[:frames], b[:frames]


def _candidates(r: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and strengths of the highest peaks: float64 [frames, candidates] each.

    A place without a peak has frequency 1 and strength -inf.
    """
    first = max(1, int(sample_rate / HIGHEST))
    left, mid, right_ = r[:, first - 1 : -2], r[:, first:-1], r[:, first + 1 :]
    curve = left - 2.0 * mid + right_
    peak = (mid > left) & (mid >= right_) & (curve < 0)
    shift = np.where(peak, 0.5 * (left - right_) / np.where(peak, curve, 1.0), 0.0)
    height = np.minimum(mid - 0.25 * (left - right_) * shift, 1.0)
    lag = np.arange(first, r.shape[1] - 1) + shift
    found = sample_rate / lag
    fits = peak & (found >= LOWEST) & (found <= HIGHEST)
    # Of peaks alike the shortest period wins: a sound of period T also has the periods 2T, 3T.
    strength = np.where(fits, height + _OCTAVE_COST * np.log2(found / LOWEST), -np.inf)
    best = np.argsort(-strength, axis=1, kind="stable")[:, :_CANDIDATES]
    chosen = np.take_along_axis(strength, best, 1)
    return np.where(np.isfinite(chosen), np.take_along_axis(found, best, 1), 1.0), chosen


def _loudness(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Peak of every frame as a share of the recording's: float64 [frames]."""
    hop = round(autocorrelation.HOP_SECONDS * sample_rate)
    half = round(autocorrelation.WINDOW_SECONDS * sample_rate / 2)
    x = np.abs(np.asarray(audio, np.float64) - np.mean(audio, dtype=np.float64))
    padded = np.pad(x, (half, 2 * half))
    starts = np.arange(len(audio) // hop + 1) * hop
    peaks = padded[starts[:, None] + np.arange(2 * half)].max(axis=1)
    return peaks / max(float(x.max()), 1.0)


def _best_path(hz: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """F0 along the path of the greatest strength less costs; candidate 0 is unvoiced."""
    octaves = np.concatenate([np.zeros([len(hz), 1]), np.log2(hz)], axis=1)
    voiced = np.arange(octaves.shape[1]) > 0
    change = _VOICING_COST * (voiced[:, None] != voiced)
    both = voiced[:, None] & voiced
    total, back = strength[0], np.zeros(strength.shape, int)
    for t in range(1, len(strength)):
        jump = _JUMP_COST * np.abs(octaves[t - 1][:, None] - octaves[t]) * both
        reached = total[:, None] - jump - change  # [from, to]
        back[t] = reached.argmax(axis=0)
        total = reached.max(axis=0) + strength[t]
    path = np.zeros(len(strength), int)
    path[-1] = int(total.argmax())
    for t in range(len(strength) - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    found = np.concatenate([np.zeros([len(hz), 1]), hz], axis=1)
    return found[np.arange(len(path)), path]
