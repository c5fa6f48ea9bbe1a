"""What a finished waveform passes: nothing, or one of two postfilters (NumPy only)."""

from __future__ import annotations

from typing import List

import numpy as np
import numpy.typing as npt

from wavernn_tf.config import PITCH_POSTFILTERS, MelRecipe, SignalConfig
from wavernn_tf.prediction import pitch_postfilter, spectral_postfilter


def delay(signal: SignalConfig, recipe: MelRecipe) -> int:
    """Samples that the filter must see after the one it puts out; 0 without one."""
    if signal.postfilter == "off":
        return 0
    if signal.postfilter in PITCH_POSTFILTERS:
        return pitch_postfilter.delay(signal, recipe.sample_rate)
    return spectral_postfilter.delay(signal, recipe)


def frames_ahead(signal: SignalConfig, recipe: MelRecipe) -> int:
    """Whole frames that the network runs ahead of the audio for the filter."""
    return -(-delay(signal, recipe) // recipe.hop_length)


def state_values(signal: SignalConfig, recipe: MelRecipe, steps_per_frame: int) -> int:
    """Values of a stream's state; 0 without a filter."""
    if signal.postfilter == "off":
        return 0
    ahead = frames_ahead(signal, recipe)
    if signal.postfilter in PITCH_POSTFILTERS:
        return pitch_postfilter.state_values(recipe, ahead, steps_per_frame)
    return spectral_postfilter.state_values(signal, recipe)


def names(signal: SignalConfig) -> List[str]:
    """Names of the filter's constants, in a file's order."""
    if signal.postfilter == "off":
        return []
    if signal.postfilter in PITCH_POSTFILTERS:
        return ["postfilter_taps"]
    return [f"spectral_{name}" for name in spectral_postfilter.NAMES]


def constants(signal: SignalConfig, recipe: MelRecipe) -> List[npt.NDArray[np.generic]]:
    """The arrays of `names`."""
    if signal.postfilter == "off":
        return []
    if signal.postfilter in PITCH_POSTFILTERS:
        return [pitch_postfilter.taps(recipe.sample_rate)]
    return spectral_postfilter.bands(recipe).arrays()
