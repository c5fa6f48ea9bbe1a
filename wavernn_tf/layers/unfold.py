"""From sub-tensors back to waveforms."""

from __future__ import annotations

from typing import Any, Dict

import tensorflow as tf

from wavernn_tf._keras import PACKAGE, keras
from wavernn_tf.generation import folding


@keras.saving.register_keras_serializable(PACKAGE)
class Unfold(keras.layers.Layer):
    """`folding.unfold` as a layer: [n * B, time / B, ...] to [n, time, ...].

    Args:
      batch: B.

    Example::

        y = Unfold(batch=16)(tf.zeros([2 * 16, 60, 256]))  # [2, 960, 256]
    """

    def __init__(self, batch: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch

    def call(self, folded: tf.Tensor) -> tf.Tensor:
        """Unfold float [n * B, time / B, ...]."""
        return folding.unfold(folded, self.batch)

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "batch": self.batch}
