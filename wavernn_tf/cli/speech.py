"""Reading what a user hands to a voice: a recording, or features in a .npy file."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Iterator

import numpy as np

from wavernn_tf import processors
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


def quiet() -> None:
    """Silence TensorFlow's warnings to developers; errors still come through."""
    try:
        import tensorflow as tf
        from absl import logging as absl_logging
    except ModuleNotFoundError:
        return
    absl_logging.set_verbosity(absl_logging.ERROR)
    tf.get_logger().setLevel(logging.ERROR)
    tf.autograph.set_verbosity(0)
    # TensorFlow counts the processors of the host; in a container there may be fewer to use.
    if processors.count() < (os.cpu_count() or 1):
        with contextlib.suppress(RuntimeError):  # it runs already
            tf.config.threading.set_intra_op_parallelism_threads(processors.count())


def is_features(path: str) -> bool:
    """Whether a path names features and not a recording."""
    return Path(path).suffix.lower() in feature_files.EXTENSIONS


def read_recording(path: str, recipe: MelRecipe) -> np.ndarray:
    """Read any recording at the rate of a recipe: int16 [samples]."""
    if not Path(path).is_file():
        raise WaveRNNError(f"There is no file {path}; expected {EXPECTED}.")
    with tensorflow_for("Reading a recording"):
        quiet()
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
