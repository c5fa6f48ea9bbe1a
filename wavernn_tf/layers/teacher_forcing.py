"""Recorded samples as the network reads them in training."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import tensorflow as tf

from wavernn_tf._keras import PACKAGE, keras
from wavernn_tf.generation import folding


@keras.saving.register_keras_serializable(PACKAGE)
class TeacherForcing(keras.layers.Layer):
    """`folding.teacher_inputs` as a layer, in float32 under any policy.

    Args:
      batch: B.
      sample_offset: of `SignalConfig`.

    Example::

        x, v = TeacherForcing(batch=16)(tf.fill([2, 16 + 960], 32768 + 128))
        # [2 * 16, 60, 3], [2, 960]; silence is v = 0
    """

    def __init__(self, batch: int = 1, sample_offset: int = 128, **kwargs: Any) -> None:
        # Under mixed precision, too: 16-bit samples do not fit bfloat16.
        super().__init__(**{"autocast": False, **kwargs, "dtype": "float32"})
        self.batch, self.sample_offset = batch, sample_offset

    def call(self, codes: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
        """Read waveforms.

        Args:
          codes: int32 [n, B + time], 256 c + f, from B samples before the first on; time is a
            multiple of B.

        Returns:
          x float32 [n * B, time / B, 3] as `folding.fold` orders it, and v float32 [n, time].
        """
        return folding.teacher_inputs(codes, self.batch, self.sample_offset)

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "batch": self.batch, "sample_offset": self.sample_offset}
