"""The features of a recording, as a voice takes them (NumPy only)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wavernn_tf.audio.mel import log_mel
from wavernn_tf.audio.signal import to_float
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.prediction import pitch

DEFAULT_SIGNAL = SignalConfig()


def compute(
    samples: npt.NDArray[np.int16], recipe: MelRecipe, signal: SignalConfig = DEFAULT_SIGNAL
) -> npt.NDArray[np.float32]:
    """Features of a recording.

    Args:
      samples: int16 [samples] at the recipe's rate.
      recipe: of the features.
      signal: with given pitch, the fundamental frequency that autocorrelation finds, in Hz, follows
        the mel bands.

    Returns:
      float32 [ceil(samples / hop_length), n_features].

    Raises:
      WaveRNNError: for a recipe of features that are computed elsewhere; as `log_mel`.
    """
    if recipe.kind != "mel":
        raise WaveRNNError(
            f"This voice takes features computed elsewhere ({recipe.name!r}), which cannot be had "
            "from a recording: give them in a .npy file."
        )
    mel = log_mel(to_float(samples), recipe)
    if signal.pitch == "given":
        classes = pitch.targets(samples, recipe.sample_rate, recipe.hop_length)
        mel = np.column_stack([mel, pitch.frequencies(classes, recipe.sample_rate)])
    return mel
