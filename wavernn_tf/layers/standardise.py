"""Features to zero mean and unit variance."""

from __future__ import annotations

from typing import Any, Dict, Sequence

import tensorflow as tf

from wavernn_tf._keras import PACKAGE, keras


@keras.saving.register_keras_serializable(PACKAGE)
class Standardise(keras.layers.Layer):
    """y = (x - mean) / std, per feature, with statistics of the training data.

    The statistics are weights, so that checkpoints carry them. At export they are folded into the
    first convolution.

    Args:
      mean: n_features floats, in units of the features.
      std: n_features positive floats, in units of the features.

    Example::

        layer = Standardise(mean=[-5.0] * 80, std=[2.0] * 80)
        y = layer(tf.zeros([1, 10, 80]))  # [batch, frames, n_features]
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if len(mean) != len(std):
            raise ValueError(
                f"Expected as many `std` as `mean` values; got {len(std)} and {len(mean)}."
            )
        self._mean, self._std = [float(v) for v in mean], [float(v) for v in std]

    def build(self, input_shape: tf.TensorShape) -> None:
        """Create the two constant weights."""
        if input_shape[-1] != len(self._mean):
            raise ValueError(f"Expected {len(self._mean)} features; got {input_shape[-1]}.")

        def constant(name: str, values: Sequence[float]) -> tf.Variable:
            return self.add_weight(
                name=name,
                shape=[len(values)],
                initializer=lambda shape, dtype=None: tf.constant(values, dtype),
                trainable=False,
            )

        self.mean, self.std = constant("mean", self._mean), constant("std", self._std)
        super().build(input_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Standardise float [..., n_features]."""
        return (features - self.mean) / self.std

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mean": self._mean, "std": self._std}
