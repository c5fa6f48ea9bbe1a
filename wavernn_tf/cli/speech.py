"""Reading what a user hands to a voice: a recording, or features in a .npy file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Iterator

import numpy as np

from wavernn_tf import logs
from wavernn_tf.audio import feature_files
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError

EXPECTED = "a recording (wav, flac, ogg, opus, mp3, aiff) or features in a .npy or .npz file"


@contextlib.contextmanager
def tensorflow_for(purpose: str) -> Iterator[None]:
    """Import packages that need TensorFlow; say so if it is not installed.

    Args:
      purpose: what it is needed for, as the start of a sentence.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("tensorflow", "tensorflow_io", "tf_keras"):
            raise
        raise WaveRNNError(
            f"{purpose} needs TensorFlow, which is not installed ({error.name} is missing). "
            "Install the whole package: pip install wavernn-tf."
        ) from error


def is_features(path: str) -> bool:
    """Whether a path names features and not a recording."""
    return Path(path).suffix.lower() in feature_files.EXTENSIONS


def read_recording(path: str, recipe: MelRecipe) -> np.ndarray:
    """Read any recording at the rate of a recipe: int16 [samples]."""
    if not Path(path).is_file():
        raise WaveRNNError(f"There is no file {path}; expected {EXPECTED}.")
    with tensorflow_for("Reading a recording"):
        logs.quiet_tensorflow()
        from wavernn_tf.pipelines import audio
    return audio.read(path, recipe.sample_rate)


def features_of(audio: np.ndarray, recipe: MelRecipe, signal: SignalConfig) -> np.ndarray:
    """Compute the features of int16 [samples]: float32 [frames, n_features]."""
    if recipe.kind != "mel":
        raise WaveRNNError(
            f"This voice takes features computed elsewhere ({recipe.name!r}), which cannot be had "
            "from a recording: give them in a .npy file."
        )
    with tensorflow_for("Computing features"):
        from wavernn_tf.pipelines import features
    return features.compute(audio, recipe, signal)
