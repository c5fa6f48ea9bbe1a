"""Generation and scoring in TensorFlow: pure functions of features and weights.

These two functions are what the exporters wrap: the SavedModel runs them as they are, and the
TFLite converter swaps them for one custom op of the same contract. See the paper's section 2.

State of a stream, float32 [batch, H + 2]: h, the last sample s_{n-1} before de-emphasis, and the
last output y_{n-1} of the de-emphasis filter. All zeros is silence: a stream starts there.
"""

from __future__ import annotations

from typing import Tuple

import tensorflow as tf

from wavernn_tf import dsp, equations, philox
from wavernn_tf.config import GATES, Config
from wavernn_tf.models.weights import Weights

GREEDY = 1e-30
"""Temperature at which every class but the likeliest has a weight of zero."""

STATE_EXTRA = 2
"""State values beside h: the last sample and the de-emphasis filter's memory."""


def generate(
    features: tf.Tensor,
    seed: tf.Tensor,
    temperature: tf.Tensor,
    state: tf.Tensor,
    position: tf.Tensor,
    config: Config,
    w: Weights,
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Sample the next frames of a batch of streams.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features].
      seed: int64 [batch].
      temperature: float32 [batch], divides the logits; 0 takes the likeliest class.
      state: float32 [batch, H + 2].
      position: int64 [batch], index of the first sample in its stream.
      config: hop, pre-emphasis, sample offset and sizes.
      w: the arrays of the network.

    Returns:
      audio int16 [batch, frames * hop_length], and the new state and position.
    """
    h_size, half, hold = w.state_size, w.state_size // 2, config.hold
    gates = _time_major(equations.condition(features, w))  # [steps, b, 3, H]
    n_samples = tf.shape(gates)[0] * hold
    index = position[:, None] + tf.range(tf.cast(n_samples, tf.int64))  # [b, n]
    bits = tf.stack(philox.uniform_bits(seed[:, None], index), axis=-1)  # [b, n, 2]
    uniform = tf.transpose(tf.cast(bits, tf.float32) * 2.0**-24, [1, 2, 0])  # [n, 2, b]
    # Temperature 0 takes the first of the likeliest classes: a tiny one, and the smallest draw.
    greedy = temperature == 0.0
    uniform = tf.where(greedy, 0.0, uniform)[..., None]
    temperature = tf.where(greedy, GREEDY, temperature)[:, None]
    recurrent = _recurrent(w)
    kernel = tf.reshape(w.input_kernel, [3, 3, h_size])
    offset = config.signal.sample_offset

    def step(n, h, c, f, samples):
        inner = equations.recurrent_product(h, recurrent, w)  # [b, 3, H]
        known = gates[n // hold] + _outer(c, kernel[0]) + _outer(f, kernel[1])
        y_c = equations.update(inner[..., :half], known[..., :half], h[:, :half])
        c = _draw(equations.head(y_c, "O1", "O2", w), uniform[n, 0], temperature)
        known = known[..., half:] + _outer(c, kernel[2, :, half:])
        y_f = equations.update(inner[..., half:], known, h[:, half:])
        f = _draw(equations.head(y_f, "O3", "O4", w), uniform[n, 1], temperature)
        samples = samples.write(n, c * 256 + f - 32768 - offset)
        return n + 1, tf.concat([y_c, y_f], axis=1), c, f, samples

    c, f = dsp.split(tf.cast(state[:, h_size], tf.int32), offset)
    samples = tf.TensorArray(tf.int32, n_samples, element_shape=[None])
    _, h, c, f, samples = tf.while_loop(
        lambda n, *_: n < n_samples, step, [0, state[:, :h_size], c, f, samples]
    )
    audio, y = _de_emphasise(samples.stack(), state[:, h_size + 1], config.signal.pre_emphasis)
    last = tf.cast(c * 256 + f - 32768 - offset, tf.float32)
    state = tf.concat([h, last[:, None], y[:, None]], axis=1)
    return audio, state, position + tf.cast(n_samples, tf.int64)


def score(features: tf.Tensor, audio: tf.Tensor, config: Config, w: Weights) -> tf.Tensor:
    """Log-likelihood of recorded audio, teacher forced from silence.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features].
      audio: int16 [batch, n], (frames - 1) * hop_length < n <= frames * hop_length.
      config: hop, pre-emphasis, sample offset and sizes.
      w: the arrays of the network.

    Returns:
      float32 [batch, n, 2]: ln P(c_t) and ln P(f_t).
    """
    hold, offset = config.hold, config.signal.sample_offset
    s = dsp.pre_emphasis(audio, config.signal.pre_emphasis)
    s = tf.concat([tf.zeros_like(s[:, :1]), s], axis=1)  # silence before the first sample
    coarse, fine = dsp.split(s, offset)
    scalars = [coarse[:, :-1], fine[:, :-1], coarse[:, 1:]]
    x = dsp.scalar(tf.stack(scalars, axis=-1))  # [b, n, 3]
    x = tf.reshape(tf.matmul(x, w.input_kernel), [tf.shape(x)[0], -1, 3, w.state_size])
    x = tf.transpose(x, [1, 0, 2, 3])  # [n, b, 3, H]
    gates = _time_major(equations.condition(features, w))
    recurrent = _recurrent(w)
    n_samples = tf.shape(x)[0]

    def step(n, h, states):
        inner = equations.recurrent_product(h, recurrent, w)
        h = equations.update(inner, x[n] + gates[n // hold], h)
        return n + 1, h, states.write(n, h)

    h = tf.zeros([tf.shape(audio)[0], w.state_size])
    states = tf.TensorArray(tf.float32, n_samples, element_shape=[None, w.state_size])
    _, _, states = tf.while_loop(lambda n, *_: n < n_samples, step, [0, h, states])
    y_c, y_f = tf.split(tf.transpose(states.stack(), [1, 0, 2]), 2, axis=-1)
    likelihoods = [
        _log_likelihood(equations.head(y_c, "O1", "O2", w), coarse[:, 1:]),
        _log_likelihood(equations.head(y_f, "O3", "O4", w), fine[:, 1:]),
    ]
    return tf.stack(likelihoods, axis=-1)


def _de_emphasise(s: tf.Tensor, y: tf.Tensor, coefficient: float) -> Tuple[tf.Tensor, tf.Tensor]:
    """y[n] = s[n] + a y[n-1] over int32 [n, batch]; int16 [batch, n] and the last y [batch]."""
    outputs = tf.scan(lambda last, value: value + coefficient * last, tf.cast(s, tf.float32), y)
    audio = tf.clip_by_value(tf.round(outputs), -32768.0, 32767.0)
    return tf.cast(tf.transpose(audio), tf.int16), outputs[-1]


def _draw(logits: tf.Tensor, uniform: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """First class whose cumulative weight exceeds uniform * total: int32 [batch].

    Args:
      logits: float32 [batch, 256].
      uniform: float32 [batch, 1], in [0, 1).
      temperature: float32 [batch, 1], positive.
    """
    highest = tf.reduce_max(logits, axis=-1, keepdims=True)
    ends = tf.cumsum(tf.exp((logits - highest) / temperature), axis=-1)
    total = ends[:, -1:]
    # uniform * total may round up to the total: the last class with a weight is drawn then.
    below = tf.logical_and(ends <= uniform * total, ends < total)
    return tf.reduce_sum(tf.cast(below, tf.int32), axis=-1)


def _log_likelihood(logits: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits)


def _outer(byte: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    """scalar(byte) [b] times a row [3, n] of the input kernel: [b, 3, n]."""
    return dsp.scalar(byte)[:, None, None] * row


def _time_major(gates: tf.Tensor) -> tf.Tensor:
    """[b, steps, 3H] to [steps, b, 3, H]."""
    shape = tf.shape(gates)
    gates = tf.reshape(gates, [shape[0], shape[1], 3, gates.shape[-1] // 3])
    return tf.transpose(gates, [1, 0, 2, 3])


def _recurrent(w: Weights) -> tf.Tensor:
    return tf.concat([w.matrices[f"R_{gate}"] for gate in GATES], axis=1)
