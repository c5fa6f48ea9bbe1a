"""Reading what a user hands to a voice: a recording, or features in a .npy file; NumPy only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wavernn_tf.audio import feature_files
from wavernn_tf.audio.resample import resample
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError

EXPECTED = "a recording (wav, flac, ogg, opus, mp3, aiff) or features in a .npy or .npz file"


def is_features(path: str) -> bool:
    """Whether a path names features and not a recording."""
    return Path(path).suffix.lower() in feature_files.EXTENSIONS


def read_recording(path: str, recipe: MelRecipe) -> np.ndarray:
    """Read any recording at the rate of a recipe: int16 [samples]."""
    if not Path(path).is_file():
        raise WaveRNNError(f"There is no file {path}; expected {EXPECTED}.")
    from wavernn_tf.pipelines import audio

    return audio.read(path, recipe.sample_rate, resample)


def features_of(audio: np.ndarray, recipe: MelRecipe, signal: SignalConfig) -> np.ndarray:
    """Compute the features of int16 [samples]: float32 [frames, n_features]."""
    from wavernn_tf.voice import features

    return features.compute(audio, recipe, signal)
