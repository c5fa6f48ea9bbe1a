"""The network over the earlier sub-tensors of Subscale WaveRNN (the paper's section 3)."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import tensorflow as tf
from tensorflow_model_optimization.python.core.sparsity.keras import prunable_layer

from wavernn_tf import trees
from wavernn_tf._keras import PACKAGE, keras
from wavernn_tf.config import SubscaleConfig
from wavernn_tf.config.matrices import network_shapes
from wavernn_tf.generation import equations


@keras.saving.register_keras_serializable(PACKAGE)
class SubscaleNetwork(keras.layers.Layer, prunable_layer.PrunableLayer):
    """Masked dilated convolutions with ReLU over the earlier sub-tensors, for every sub-tensor.

    Position i of sub-tensor s sees the positions i - past .. i + future of the sub-tensors z < s,
    and no other sample; the equation is that of `wavernn_tf.generation.equations.subscale_network`.
    All sub-tensors are rows of the same convolutions. Arithmetic is float32 under any policy: the
    network sees whole 16-bit samples.

    Args:
      subscale: B > 1, the channels, and the reach of the convolutions.

    Raises:
      ValueError: if B is 1.

    Example::

        layer = SubscaleNetwork(SubscaleConfig(batch=16))
        v = tf.zeros([2, 960])  # waveforms in [-1, 1], a multiple of B long
        a = layer(v)  # [2 * 16, 60, 64], see `folding.fold`
    """

    def __init__(self, subscale: SubscaleConfig, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs, "dtype": "float32"})
        if subscale.batch < 2:
            raise ValueError(
                f"Expected `subscale.batch` > 1; got {subscale.batch}: with one sub-tensor there "
                "is none to see. Leave the layer out."
            )
        self.subscale = subscale

    def build(self, input_shape: tf.TensorShape) -> None:
        """Create D_0, D_1, ... and their biases."""
        shapes = network_shapes(self.subscale)
        self.kernels = [self.add_weight(name, shape) for name, shape in shapes.items()]
        self.biases = [
            self.add_weight(f"{name}_bias", [shape[1]], initializer="zeros")
            for name, shape in shapes.items()
        ]
        super().build(input_shape)

    def call(self, v: tf.Tensor) -> tf.Tensor:
        """Run over whole waveforms, silence before and after them.

        Args:
          v: float32 [batch, time], in [-1, 1]; time a multiple of B.

        Returns:
          float32 [batch * B, time / B, channels].
        """
        return equations.subscale_whole(v, self.subscale, *zip(*self.convolutions()))

    def convolutions(self) -> List[Tuple[tf.Tensor, tf.Tensor]]:
        """Kernel [inputs, channels] and bias of each, the input gain in the samples of D_0."""
        shape = self.subscale
        samples = shape.kernel_size * (shape.batch - 1)
        gain = tf.concat([tf.fill([samples], shape.input_gain), tf.ones([shape.batch])], 0)
        first = tf.convert_to_tensor(self.kernels[0]) * gain[:, None]
        kernels = [first, *map(tf.convert_to_tensor, self.kernels[1:])]
        return list(zip(kernels, map(tf.convert_to_tensor, self.biases)))

    def get_prunable_weights(self) -> List[tf.Variable]:
        """D_1, D_2, ..., for TF-MOT; D_0 is small."""
        return list(self.kernels[1:])

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Tuple[Any, ...]:
        """[batch * B, time / B, channels]."""
        return (None, None, self.subscale.channels)

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "subscale": trees.to_dict(self.subscale)}

    @classmethod
    def from_config(cls, config: Dict[str, Any]) -> SubscaleNetwork:
        """Undo `get_config`."""
        return cls(**{**config, "subscale": trees.from_dict(SubscaleConfig, config["subscale"])})
