"""Resampling by a windowed sinc (NumPy only). A pure function.

The filter has the length, cut-off and window of the one that `wavernn_tf.pipelines.audio` uses, so
that a recording gives the features that it would have in training. This one has no delay, and its
taps are computed exactly.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

TAPS = 64
"""Length of the filter, in samples at the lower of the two rates."""

_CUTOFF_UP, _CUTOFF_DOWN = 0.94, 0.921
"""Of half the lower rate."""

_KAISER_BETA = 8.0
_AT_ONCE = 1 << 22
"""Values of windows that are multiplied at once: bounds the memory for long recordings."""


def resample(
    audio: npt.NDArray[np.float32], rate_in: int, rate_out: int
) -> npt.NDArray[np.float32]:
    """Resample, with no delay.

    Output n lies at the time n / rate_out, between the inputs n * down / up. All outputs of the
    same n mod up use the same taps: y[n] = sum_k x[floor(n down / up) + k] h[n mod up, k].

    Args:
      audio: float32 [samples].
      rate_in: its rate, in Hz.
      rate_out: wanted, in Hz.

    Returns:
      float32 [ceil(samples * rate_out / rate_in)]; silence is assumed around the samples.
    """
    if rate_in == rate_out:
        return audio
    divisor = math.gcd(rate_in, rate_out)
    up, down = rate_out // divisor, rate_in // divisor
    length = -(-len(audio) * up // down)
    half = math.ceil(TAPS / 2 * max(1.0, down / up))
    padded = np.pad(audio, (half, half + down))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)
    made = np.empty(length, np.float32)
    for phase in range(min(up, length)):
        start, fraction = divmod(phase * down, up)
        taps = _taps(half, fraction / up, rate_in, rate_out)
        mine = windows[start::down][: -(-(length - phase) // up)]
        step = max(1, _AT_ONCE // len(taps))
        for first in range(0, len(mine), step):
            part = mine[first : first + step] @ taps
            made[phase + first * up :: up][: len(part)] = part
    return made


def _taps(half: int, fraction: float, rate_in: int, rate_out: int) -> npt.NDArray[np.float32]:
    """Weights of the inputs at -half ... half - 1 for an output at `fraction`: float32 [2 half]."""
    down = min(1.0, rate_out / rate_in)
    cutoff = _CUTOFF_UP if rate_out > rate_in else _CUTOFF_DOWN * down
    time = np.arange(-half, half) - fraction  # in input samples
    place = np.clip(2.0 * time * down / TAPS, -1.0, 1.0)
    window = np.i0(_KAISER_BETA * np.sqrt(1.0 - place**2)) / np.i0(_KAISER_BETA)
    return (cutoff * np.sinc(cutoff * time) * window).astype(np.float32)
