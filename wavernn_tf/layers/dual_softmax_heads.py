"""The two softmax heads of WaveRNN (the paper's section 2)."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import tensorflow as tf
from tensorflow_model_optimization.python.core.sparsity.keras import prunable_layer

from wavernn_tf._keras import PACKAGE, keras
from wavernn_tf.config.matrices import HEADS

CLASSES = 256


@keras.saving.register_keras_serializable(PACKAGE)
class DualSoftmaxHeads(keras.layers.Layer, prunable_layer.PrunableLayer):
    """Logits of the coarse and the fine byte, each from its half of the state.

    With y_c, y_f the two halves of h_t::

        coarse = O2 relu(O1 y_c + b1) + b2        fine = O4 relu(O3 y_f + b3) + b4

    Args:
      projection_size: P, outputs of O1 and O3.

    Example::

        coarse, fine = DualSoftmaxHeads(projection_size=448)(tf.zeros([2, 960, 896]))
        # both [2, 960, 256], float32
    """

    def __init__(self, projection_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.projection_size = projection_size

    def build(self, input_shape: tf.TensorShape) -> None:
        """Create O1..O4 and their biases."""
        half = input_shape[-1] // 2
        shapes = [[half, self.projection_size], [self.projection_size, CLASSES]] * 2
        self.kernels = [
            self.add_weight(name, shape, initializer="glorot_uniform")
            for name, shape in zip(HEADS, shapes)
        ]
        self.biases = [
            self.add_weight(f"{name}_bias", [shape[1]], initializer="zeros")
            for name, shape in zip(HEADS, shapes)
        ]
        super().build(input_shape)

    def call(self, h: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
        """Logits of float [batch, time, H]: two float32 [batch, time, 256]."""
        y_c, y_f = tf.split(h, 2, axis=-1)
        return self._head(y_c, 0), self._head(y_f, 2)

    def _head(self, y: tf.Tensor, first: int) -> tf.Tensor:
        hidden = tf.nn.relu(tf.matmul(y, self.kernels[first]) + self.biases[first])
        logits = tf.matmul(hidden, self.kernels[first + 1]) + self.biases[first + 1]
        return tf.cast(logits, tf.float32)

    def get_prunable_weights(self) -> List[tf.Variable]:
        """O1, O2, O3, O4, for TF-MOT."""
        return list(self.kernels)

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "projection_size": self.projection_size}
