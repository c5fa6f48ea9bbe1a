"""The step equations of WaveRNN as pure TensorFlow functions (the paper's sections 2 and 3).

They are written once, here: the samplers and the scorer call them, the fused training layer and
the NumPy transcription in `wavernn_tf.generation.reference` are tested against them.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.config import SubscaleConfig
from wavernn_tf.generation import folding, products
from wavernn_tf.voice.weights import Weights


def condition(features: tf.Tensor, w: Weights) -> tf.Tensor:
    """Features to the gates' conditioning inputs, input bias included.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features].
      w: the arrays of the network.

    Returns:
      float32 [batch, frames * steps_per_frame, 3H].
    """
    a = features
    for kernel, bias in w.conv:
        a = tf.nn.relu(tf.nn.conv1d(a, kernel, stride=1, padding="VALID") + bias)
    for kernel, bias in w.upsample:
        shape = tf.shape(a)
        a = tf.nn.relu(tf.einsum("bti,sio->btso", a, kernel) + bias)
        a = tf.reshape(a, [shape[0], shape[1] * kernel.shape[0], kernel.shape[2]])
    return tf.matmul(a, w.cond_kernel) + w.input_bias


def recurrent_product(h: tf.Tensor, recurrent: tf.Tensor, w: Weights) -> tf.Tensor:
    """[R_u h, R_r h, R_e h] plus the recurrent bias.

    Args:
      h: float32 [batch, H], the state.
      recurrent: [H, 3H], R_u, R_r, R_e side by side, see `products.side_by_side`.
      w: the arrays of the network.

    Returns:
      float32 [batch, 3, H].
    """
    product = products.multiply(h, recurrent) + w.recurrent_bias
    return tf.reshape(product, [-1, 3, w.state_size])


def update(inner: tf.Tensor, gate_inputs: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
    """Advance the state, or one half of it.

    Args:
      inner: float32 [batch, 3, n], R h + b of the gates u, r, e.
      gate_inputs: float32 [batch, 3, n], I* x_t + C a_t + d.
      h: float32 [batch, n], the same units of the last state.

    Returns:
      float32 [batch, n].
    """
    u = tf.sigmoid(inner[:, 0] + gate_inputs[:, 0])
    r = tf.sigmoid(inner[:, 1] + gate_inputs[:, 1])
    e = tf.tanh(r * inner[:, 2] + gate_inputs[:, 2])
    return u * h + (1.0 - u) * e


def head(y: tf.Tensor, first: str, second: str, w: Weights) -> tf.Tensor:
    """Logits [..., 256] of one half of the state [..., H/2]: second(relu(first(y)))."""
    hidden = tf.nn.relu(products.multiply(y, w.matrices[first]) + w.bias[first])
    return products.multiply(hidden, w.matrices[second]) + w.bias[second]


def subscale_network(
    samples: tf.Tensor,
    indices: tf.Tensor,
    memory: Sequence[tf.Tensor],
    subscale: SubscaleConfig,
    kernels: Sequence[tf.Tensor],
    biases: Sequence[tf.Tensor],
) -> Tuple[tf.Tensor, List[tf.Tensor]]:
    """What sub-tensors are told of those before them, position by position (section 3).

    With o_0 .. o_{k-1} the taps of layer l, d_l positions apart, o_{k-1} = 0 the newest::

        y_0[p] = relu(D_0 [x[p + o_0], ..., x[p + o_{k-1}], one-hot of s] + b_0)
        y_l[p] = relu(D_l [y_{l-1}[p + o_0], ..., y_{l-1}[p + o_{k-1}]] + b_l)

    The last layer at p = i + future is for the position i. Layers remember their inputs of the last
    (k - 1) d_l positions, so every result is computed once however a sequence is cut.

    Args:
      samples: float [rows, positions, B - 1], x: channel j of a row for sub-tensor s is sub-tensor
        s - 1 - j (so the nearest in time is always in the same channel), zero where there is none.
      indices: int32 [rows], s of every row.
      memory: from the call before; from `subscale_memory` at first.
      subscale: kernel size and dilations.
      kernels: D_0, D_1, ..., [inputs, channels].
      biases: [channels] each.

    Returns:
      float [rows, positions, channels], and the new memory.
    """
    a, kept = samples, []
    own = tf.one_hot(indices, subscale.batch, dtype=samples.dtype)
    split = subscale.kernel_size * (subscale.batch - 1)
    parts = tf.matmul(own, kernels[0][split:])[:, None] + biases[0], *biases[1:]
    kernels = kernels[0][:split], *kernels[1:]
    for kernel, bias, dilation, before in zip(kernels, parts, subscale.dilations, memory):
        a = tf.concat([before, a], axis=1)
        span = (subscale.kernel_size - 1) * dilation
        kept.append(tf.ensure_shape(a[:, tf.shape(a)[1] - span :], [None, span, a.shape[2]]))
        positions = tf.shape(a)[1] - span
        taps = [a[:, j : j + positions] for j in range(0, span + 1, dilation)]
        a = tf.nn.relu(tf.matmul(tf.concat(taps, axis=-1), kernel) + bias)
    return a, kept


def subscale_memory(rows: tf.Tensor, subscale: SubscaleConfig) -> List[tf.Tensor]:
    """The memory of `subscale_network` before the first position: silence."""
    widths = [subscale.batch - 1, *[subscale.channels] * (len(subscale.dilations) - 1)]
    spans = [(subscale.kernel_size - 1) * dilation for dilation in subscale.dilations]
    return [tf.zeros([rows, span, width]) for span, width in zip(spans, widths)]


def subscale_whole(
    v: tf.Tensor,
    subscale: SubscaleConfig,
    kernels: Sequence[tf.Tensor],
    biases: Sequence[tf.Tensor],
) -> tf.Tensor:
    """`subscale_network` over whole waveforms: all sub-tensors, silence before and after.

    Args:
      v: float [batch, time], in [-1, 1]; time a multiple of B.
      subscale: B, kernel size and dilations.
      kernels: D_0, D_1, ...
      biases: theirs.

    Returns:
      float [batch * B, time / B, channels].
    """
    rows, indices = subscale_rows(subscale_source(v, subscale), subscale)
    memory = subscale_memory(tf.shape(rows)[0], subscale)
    a, _ = subscale_network(rows, indices, memory, subscale, kernels, biases)
    return a[:, subscale.reach :]


def subscale_source(v: tf.Tensor, subscale: SubscaleConfig) -> tf.Tensor:
    """Folded waveforms with silence around them, from which `subscale_rows` takes a stretch.

    Args:
      v: float [batch, time], in [-1, 1]; time a multiple of B.
      subscale: B, kernel size and dilations.

    Returns:
      float [batch, 2 B - 1, past + time / B + future]: B - 1 silent sub-tensors, then the B.
    """
    folded = folding.fold(v, subscale.batch)
    folded = tf.reshape(folded, [-1, subscale.batch, tf.shape(folded)[1]])  # [b, z, i]
    around = [[0, 0], [subscale.batch - 1, 0], [subscale.past, subscale.future]]
    return tf.pad(folded, around)


def subscale_rows(source: tf.Tensor, subscale: SubscaleConfig) -> Tuple[tf.Tensor, tf.Tensor]:
    """What every sub-tensor reads of those before it: the inputs of `subscale_network`.

    Args:
      source: float [batch, 2 B - 1, n], of `subscale_source`, or n positions of it.
      subscale: B.

    Returns:
      samples float [batch * B, n, B - 1], and int32 [batch * B], the sub-tensor of every row.
    """
    n_sub, earlier = subscale.batch, subscale.batch - 1
    # In the source, sub-tensor s - 1 - j lies at earlier + s - 1 - j.
    at = np.arange(n_sub)[:, None] + np.arange(earlier)[::-1]  # [s, j]
    samples = tf.transpose(tf.gather(source, at, axis=1), [0, 1, 3, 2])  # [b, s, p, j]
    batch, positions = tf.shape(samples)[0], tf.shape(samples)[2]
    rows = tf.reshape(samples, [batch * n_sub, positions, earlier])
    return rows, tf.tile(tf.range(n_sub), [batch])
