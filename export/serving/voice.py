"""A SavedModel as a voice."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import numpy as np
import tensorflow as tf

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.saved_model import read_info
from wavernn_tf.voice.base import Draw, WholeVoice


class SavedModelVoice(WholeVoice):
    """An exported SavedModel.

    Args:
      path: folder of one version, with saved_model.pb.
    """

    def __init__(self, path: Path) -> None:
        self.info = read_info(path)
        self.runtime = f"tensorflow {tf.__version__}"
        try:
            self._signatures = tf.saved_model.load(files.plain(path)).signatures
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise WaveRNNError(f"The SavedModel {path} cannot be loaded: {error}") from error

    def _generate(self, mel: np.ndarray, draw: Draw) -> np.ndarray:
        outputs = self._call(
            "synthesize",
            features=tf.constant(mel[None]),
            lengths=tf.constant([len(mel)]),
            seed=tf.constant([draw.seed], tf.int64),
            temperature=tf.constant([draw.temperature], tf.float32),
            fine_temperature=tf.constant([draw.fine_temperature], tf.float32),
        )
        return outputs["audio"].numpy()[0]

    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        outputs = self._call(
            "score",
            features=tf.constant(mel[None]),
            lengths=tf.constant([len(mel)]),
            audio=tf.constant(audio[None]),
        )
        return outputs["log_likelihood"].numpy()[0]

    def _call(self, signature: str, **inputs: tf.Tensor) -> Dict[str, tf.Tensor]:
        outputs = self._signatures[signature](**inputs)
        if "status" in outputs:  # exports of earlier builds have none
            status = outputs["status"].numpy()[0].decode()
            if status:
                raise WaveRNNError(f"The SavedModel refused its inputs: {status}.")
        return outputs
