"""Constants of the pitch postfilter, which the op runs after de-emphasis (NumPy only).

With the low-passed waveform b and one pitch period L, the "centred" form is
``y[t] = x[t] + g ((b[t-L] + b[t+L]) / 2 - b[t]) / (1 + g)`` and the "causal" one
``y[t] = x[t] + g (b[t-L] - b[t]) / (1 + g)``; `export/native/prediction/pitch_postfilter.h` has it
all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.prediction import pitch

CUT_HZ = 2500.0
"""The filter works below this frequency."""

_SECONDS = 0.002
_BLOCK = 50


def reach(sample_rate: int) -> int:
    """Taps of the low-pass on each side."""
    return max(1, round(_SECONDS * sample_rate))


def taps(sample_rate: int) -> npt.NDArray[np.float32]:
    """The low-pass, a windowed sinc without delay: float32 [2 reach + 1], sum 1."""
    side = reach(sample_rate)
    n = np.arange(-side, side + 1)
    cut = min(2 * CUT_HZ / sample_rate, 1.0)
    values = cut * np.sinc(cut * n) * (0.5 + 0.5 * np.cos(np.pi * n / (side + 1)))
    return (values / values.sum()).astype(np.float32)


def delay(signal: SignalConfig, sample_rate: int) -> int:
    """Samples that the filter must see after the one it puts out."""
    side, longest = reach(sample_rate), pitch.lag_range(sample_rate)[1]
    if signal.postfilter == "causal":
        return side
    return side + max(longest, (longest + _BLOCK) // 2 + 1)


def state_values(recipe: MelRecipe, ahead: int, steps_per_frame: int) -> int:
    """Values of a stream's state: the waveform, lag and voicing of the steps ahead, one lag.

    Args:
      recipe: gives rate and hop.
      ahead: frames that the network runs ahead of the audio.
      steps_per_frame: conditioning steps.
    """
    back = 2 * pitch.lag_range(recipe.sample_rate)[1] + reach(recipe.sample_rate)
    return back + ahead * (recipe.hop_length + 2 * steps_per_frame) + 1
