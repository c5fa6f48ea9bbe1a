"""The pitch estimator, and pitch that is given, as layers."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import tensorflow as tf

from wavernn_tf._keras import PACKAGE, keras
from wavernn_tf.generation import predictors
from wavernn_tf.prediction import pitch


@keras.saving.register_keras_serializable(PACKAGE)
class PitchEstimator(keras.layers.Layer):
    """Posterior over classes of lag, from a few frames of standardised features.

    Convolutions of the sizes 5, 1 and 1 over frames, ReLU between them, a softmax at the end; in
    float32 under any policy. It is trained in a stage of its own
    (`wavernn_tf.training.pitch_stage`), so here its weights are constant.

    Args:
      channels: outputs of the hidden convolutions.
      reach: frames seen on each side.

    Example::

        q = PitchEstimator()(tf.zeros([2, 14, 80]))  # [2, 10, 65]: valid padding
    """

    def __init__(self, channels: int = 192, reach: int = 2, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, "trainable": False, **kwargs, "dtype": "float32"})
        self.channels, self.reach = channels, reach

    def build(self, input_shape: tf.TensorShape) -> None:
        """Create the three kernels and biases."""
        sizes = [(2 * self.reach + 1, self.channels), (1, self.channels), (1, pitch.CLASSES)]
        width = input_shape[-1]
        self.kernels, self.biases = [], []
        for i, (size, outputs) in enumerate(sizes):
            self.kernels.append(self.add_weight(f"kernel_{i}", [size, width, outputs]))
            self.biases.append(self.add_weight(f"bias_{i}", [outputs], initializer="zeros"))
            width = outputs
        super().build(input_shape)

    def call(self, mel: tf.Tensor) -> tf.Tensor:
        """Standardised float32 [batch, frames + 4, n_mels] to float32 [batch, frames, 65]."""
        return predictors.estimate(tf.cast(mel, tf.float32), self.convolutions())

    def convolutions(self) -> List[Tuple[tf.Tensor, tf.Tensor]]:
        """Kernel [k, in, out] and bias [out] of each."""
        kernels = map(tf.convert_to_tensor, self.kernels)
        return list(zip(kernels, map(tf.convert_to_tensor, self.biases)))

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "channels": self.channels, "reach": self.reach}


@keras.saving.register_keras_serializable(PACKAGE)
class GivenPitch(keras.layers.Layer):
    """`predictors.from_frequency` as a layer.

    Args:
      sample_rate: in Hz.

    Example::

        q = GivenPitch(16000)(tf.constant([[0.0, 110.0]]))  # [1, 2, 65]
    """

    def __init__(self, sample_rate: int, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs, "dtype": "float32"})
        self.sample_rate = sample_rate

    def call(self, frequency: tf.Tensor) -> tf.Tensor:
        """Float32 [batch, frames] in Hz, 0 where unvoiced, to float32 [batch, frames, 65]."""
        return predictors.from_frequency(frequency, self.sample_rate)

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "sample_rate": self.sample_rate}
