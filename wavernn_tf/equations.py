"""The step equations of WaveRNN as pure TensorFlow functions (the paper's section 2).

They are written once, here: the samplers and the scorer call them, the fused training layer and
the NumPy transcription in `wavernn_tf.reference` are tested against them.
"""

from __future__ import annotations

import tensorflow as tf

from wavernn_tf.models.weights import Weights


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
      recurrent: float32 [H, 3H], R_u, R_r, R_e side by side.
      w: the arrays of the network.

    Returns:
      float32 [batch, 3, H].
    """
    product = tf.matmul(h, recurrent) + w.recurrent_bias
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
    hidden = tf.nn.relu(tf.matmul(y, w.matrices[first]) + w.head_bias[first])
    return tf.matmul(hidden, w.matrices[second]) + w.head_bias[second]
