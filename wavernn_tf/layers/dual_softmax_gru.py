"""The masked GRU of WaveRNN (the paper's section 2)."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow_model_optimization.python.core.sparsity.keras import prunable_layer

from wavernn_tf._keras import PACKAGE, fused_gru, keras
from wavernn_tf.config import EXTRA_INPUTS
from wavernn_tf.config.matrices import GATES
from wavernn_tf.generation import folding

_LOGARITHMIC_GAIN = 1.0 / 64.0
"""Share of the input gain in inputs on a logarithmic scale, which fill the range [-1, 1]."""


def input_mask(state_size: int, rows: int = 3) -> np.ndarray:
    """Mask of the input kernel I*: the row of c_t is zero for the coarse half of every gate.

    Args:
      state_size: H, even.
      rows: inputs, of which the third is c_t.

    Returns:
      float32 [rows, 3H], rows (c_{t-1}, f_{t-1}, c_t, ...), gates u, r, e.
    """
    mask = np.ones([rows, 3, state_size], np.float32)
    mask[2, :, : state_size // 2] = 0.0
    return mask.reshape(rows, 3 * state_size)


def input_gains(input_gain: float, split: str, extra_inputs: Sequence[str]) -> np.ndarray:
    """Gain of every row of the trained input kernel: float32 [rows, 1].

    Args:
      input_gain: G.
      split: "linear" or "mulaw".
      extra_inputs: names in `wavernn_tf.config.EXTRA_INPUTS`.
    """
    coarse = 1.0 if split == "linear" else _LOGARITHMIC_GAIN
    gains = [coarse, 1.0 / 256.0, coarse]
    for name in extra_inputs:
        gain = _LOGARITHMIC_GAIN if name.startswith("log_") else 1.0
        gains += [gain] * EXTRA_INPUTS[name]
    return input_gain * np.array(gains, np.float32)[:, None]


@keras.saving.register_keras_serializable(PACKAGE)
class DualSoftmaxGRU(keras.layers.Layer, prunable_layer.PrunableLayer):
    """GRU over (c_{t-1}, f_{t-1}, c_t) and more, whose coarse half never sees c_t.

    With x_t these scalars and a_t the conditioning, held for `samples_per_step` samples::

        u_t = sigmoid(R_u h_{t-1} + b_u + I*_u x_t + C_u a_t + d_u)
        r_t = sigmoid(R_r h_{t-1} + b_r + I*_r x_t + C_r a_t + d_r)
        e_t = tanh(r_t o (R_e h_{t-1} + b_e) + I*_e x_t + C_e a_t + d_e)
        h_t = u_t o h_{t-1} + (1 - u_t) o e_t

    In Subscale WaveRNN (B > 1) every sub-tensor is a sequence of its own, t counts its samples, and
    N_u n_t, N_r n_t, N_e n_t of the network over the earlier sub-tensors stand beside C_g a_t.

    R_u, R_r and R_e are three separate variables, each pruned on its own (the paper's section 2),
    and so are N_u, N_r and N_e; the recurrence runs on tf_keras's fused GRU, which is cuDNN's on a
    GPU.

    The effective I* is the trained variable times `input_gain` in the rows of the coarse bytes and
    `input_gain` / 256 in that of the fine byte, and both rows of the last sample start equal: so at
    first the gates see the last 16-bit sample as one number. Speech spans a few hundredths of the
    range [-1, 1]; without a gain, Adam needs thousands of steps to grow weights that see it.

    With the mu-law split the coarse byte is logarithmic: its gain is `input_gain` / 64, as that of
    the extra inputs on a logarithmic scale, and its rows start as any others. The extra inputs on a
    linear scale have the whole `input_gain`.

    Args:
      units: H, the state size; even.
      samples_per_step: samples per conditioning step.
      input_gain: of the trained input kernel, as described.
      batch: B, sub-tensors of a waveform.
      split: "linear" or "mulaw": what the bytes are.
      extra_inputs: names in `wavernn_tf.config.EXTRA_INPUTS`, the inputs after the first three.

    Raises:
      ValueError: if `units` is odd.

    Example::

        layer = DualSoftmaxGRU(units=896, samples_per_step=75)
        x = tf.zeros([2, 960, 3])  # [batch, time, (c_{t-1}, f_{t-1}, c_t)] in [-1, 1]
        a = tf.zeros([2, 13, 128])  # [batch, ceil(time / 75) or more, channels]
        h = layer([x, a])  # [2, 960, 896]
    """

    def __init__(
        self,
        units: int,
        samples_per_step: int,
        input_gain: float = 1.0,
        batch: int = 1,
        split: str = "linear",
        extra_inputs: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if units % 2:
            raise ValueError(f"Expected an even number of `units`; got {units}.")
        self.units, self.samples_per_step = units, samples_per_step
        self.input_gain, self.batch = input_gain, batch
        self.split, self.extra_inputs = split, tuple(extra_inputs)

    def build(self, input_shape: Sequence[tf.TensorShape]) -> None:
        """Create the weights, for the inputs [x, a] or [x, a, n]."""
        channels = input_shape[1][-1]
        gates = 3 * self.units
        gain = input_gains(self.input_gain, self.split, self.extra_inputs)
        self.input_kernel = self.add_weight(
            "input_kernel",
            [len(gain), gates],
            initializer=_last_sample_as_one if self.split == "linear" else "glorot_uniform",
        )
        self.cond_kernel = self.add_weight("cond_kernel", [channels, gates])
        self.input_bias = self.add_weight("input_bias", [gates], initializer="zeros")
        self.recurrent_bias = self.add_weight("recurrent_bias", [gates], initializer="zeros")
        self.recurrent = [
            self.add_weight(f"R_{gate}", [self.units, self.units], initializer="orthogonal")
            for gate in GATES
        ]
        self.neighbours = [
            self.add_weight(f"N_{gate}", [shape[-1], self.units])
            for shape in input_shape[2:]
            for gate in GATES
        ]
        self._gain = tf.constant(gain * input_mask(self.units, len(gain)))
        super().build(input_shape)

    def call(
        self, inputs: Sequence[tf.Tensor], initial_state: Optional[tf.Tensor] = None
    ) -> tf.Tensor:
        """Run a whole sequence, teacher forced.

        Args:
          inputs: [x, a], or [x, a, n] with B > 1: float [batch * B, time, rows], ordered as
            `folding.fold` makes them; float [batch, steps, channels], with enough steps for
            B * time samples; float [batch * B, time, channels of the network].
          initial_state: float [batch * B, units]; zeros by default.

        Returns:
          float [batch * B, time, units].
        """
        x, a, *n = inputs
        held = self._repeat(a, tf.shape(x)[1])  # [b B, t, channels]
        kernels = [self.masked_input_kernel(), tf.convert_to_tensor(self.cond_kernel)]
        if n:
            kernels.append(_side_by_side(self.neighbours))
        if initial_state is None:
            initial_state = tf.zeros([tf.shape(x)[0], self.units])
        return fused_gru(
            tf.concat([x, held, *n], axis=-1),
            tf.cast(initial_state, x.dtype),
            tf.concat(kernels, axis=0),
            _side_by_side(self.recurrent),
            tf.stack([self.input_bias, self.recurrent_bias]),
        )

    def gate_inputs(self, inputs: Sequence[tf.Tensor]) -> Tuple[tf.Tensor, int]:
        """What reaches the gates from outside the recurrence, but for the samples.

        The recurrent biases of u and r are in it; that of e stands inside r_t o (...).

        Args:
          inputs: as in `call`.

        Returns:
          (float [batch, steps, 3H], `samples_per_step`), or with B > 1
          (float [batch * B, time, 3H], 1): gate inputs, and the samples of each step.
        """
        x, a, *n = inputs
        units = self.units
        outside = tf.concat([self.recurrent_bias[: 2 * units], tf.zeros([units])], axis=0)
        gates = tf.matmul(a, tf.convert_to_tensor(self.cond_kernel)) + self.input_bias + outside
        if not n:
            return gates, self.samples_per_step
        network = tf.matmul(n[0], _side_by_side(self.neighbours))
        return self._repeat(gates, tf.shape(x)[1]) + network, 1

    def _repeat(self, steps: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        """[batch, steps, n] held for every sample of every sub-tensor: [batch * B, time, n]."""
        held = tf.repeat(steps, self.samples_per_step, axis=1)[:, : self.batch * time]
        return folding.fold(held, self.batch)

    def masked_input_kernel(self) -> tf.Tensor:
        """I*, float [rows, 3H]: the kernel with its gains, without the paths that are masked."""
        kernel = tf.convert_to_tensor(self.input_kernel)
        return kernel * tf.cast(self._gain, kernel.dtype)

    def get_prunable_weights(self) -> List[tf.Variable]:
        """R_u, R_r, R_e, and N_u, N_r, N_e if there are any, for TF-MOT."""
        return [*self.recurrent, *self.neighbours]

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Tuple[Any, ...]:
        """[batch * B, time, units]."""
        return (*input_shape[0][:-1], self.units)

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "samples_per_step": self.samples_per_step,
            "input_gain": self.input_gain,
            "batch": self.batch,
            "split": self.split,
            "extra_inputs": list(self.extra_inputs),
        }


def _side_by_side(variables: Sequence[tf.Variable]) -> tf.Tensor:
    """The matrices of the three gates, [inputs, 3H]."""
    return tf.concat([tf.convert_to_tensor(v) for v in variables], axis=1)


def _last_sample_as_one(shape: Sequence[int], dtype: Any = None) -> tf.Tensor:
    """Glorot's uniform values, equal in the rows of c_{t-1} and f_{t-1}."""
    rows = keras.initializers.GlorotUniform()([shape[0] - 1, shape[1]], dtype)
    return tf.gather(rows, [0, *range(shape[0] - 1)])
