"""Batched sampling of Subscale WaveRNN in TensorFlow (the paper's section 3).

All sub-tensors run abreast, each `lag` steps behind the one before. The network over the earlier
sub-tensors runs in chunks of L positions, at the first step of each; what the last position of a
chunk may see must be there by then, so lag = F + L. With n = ceil(samples / B) positions::

    steps = n + (B - 1) lag        position of sub-tensor s in step t: i = t - s lag

A step draws one sample of every sub-tensor that has begun. The samples are those of drawing one
sub-tensor after another: neither the lag nor the chunks change what a sample sees.
"""

from __future__ import annotations

from typing import List, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from wavernn_tf import dsp, equations, folding, sampling
from wavernn_tf.config import Config, SubscaleConfig
from wavernn_tf.models.weights import Weights
from wavernn_tf.sampling import Row

CHUNK = 16
"""L, positions for which the network over the earlier sub-tensors runs at once."""


class _Carry(NamedTuple):
    """What one chunk leaves to the next; `rows` are b * B sub-tensors.

    Attributes:
      row: the sub-tensors' states and last samples.
      history: int32 [b, B, (B - 1) lag], the last samples of every sub-tensor, oldest first.
      memory: of `equations.subscale_network`.
    """

    row: Row
    history: tf.Tensor
    memory: List[tf.Tensor]


def lag(subscale: SubscaleConfig) -> int:
    """Steps by which each sub-tensor follows the one before, F + L."""
    return subscale.horizon + CHUNK


def generate(
    features: tf.Tensor,
    seed: tf.Tensor,
    temperature: tf.Tensor,
    config: Config,
    w: Weights,
) -> tf.Tensor:
    """Sample whole utterances from silence.

    Args:
      features: float32 [b, past + frames + lookahead, n_features], lookahead being that of
        `Config`: the first sub-tensors run ahead of the last sample.
      seed: int64 [b].
      temperature: float32 [b], divides the logits; 0 takes the likeliest class.
      config: hop, pre-emphasis, sample offset and sizes; B > 1.
      w: the arrays of the network.

    Returns:
      audio int16 [b, frames * hop_length].
    """
    subscale, offset = config.model.subscale, config.signal.sample_offset
    n_sub, batch = subscale.batch, tf.shape(features)[0]
    frames = tf.shape(features)[1] - config.past - config.lookahead
    n_samples = frames * config.mel.hop_length
    positions = -(-n_samples // n_sub)
    gates = sampling.time_major(equations.condition(features, w))  # [steps, b, 3, H]
    seed, temperature = tf.repeat(seed, n_sub), tf.repeat(temperature, n_sub)
    recurrent = sampling.side_by_side(w, "R")
    neighbours = sampling.side_by_side(w, "N")
    sub_tensor = tf.tile(tf.range(n_sub), [batch])  # [rows]
    # The network's memory of silence fills before the first position.
    before = -(-subscale.reach // CHUNK)
    chunks = before + -(-(positions + (n_sub - 1) * lag(subscale)) // CHUNK)

    def chunk(k: tf.Tensor, carry: _Carry, drawn: tf.TensorArray):
        at = (k - before) * CHUNK - sub_tensor[:, None] * lag(subscale) + tf.range(CHUNK)
        seen, memory = equations.subscale_network(
            _earlier(carry.history, subscale), sub_tensor, carry.memory, subscale, *w.convolutions
        )
        known = tf.reshape(tf.matmul(seen, neighbours), [-1, CHUNK, 3, w.state_size])
        index = n_sub * at + sub_tensor[:, None]  # [rows, L], negative before the first
        draws = sampling.draws_for(seed, tf.cast(tf.maximum(index, 0), tf.int64), temperature)
        held = tf.clip_by_value(index // config.hold, 0, tf.shape(gates)[0] - 1)

        def step(j: tf.Tensor, row: Row, samples: tf.TensorArray):
            stream = tf.range(batch * n_sub) // n_sub
            conditioning = tf.gather_nd(gates, tf.stack([held[:, j], stream], axis=-1))
            drawn = sampling.advance(
                row,
                known[:, j] + conditioning,
                draws.uniform[:, j],
                draws.temperature,
                recurrent,
                w,
            )
            begun = at[:, j] >= 0
            row = Row(
                tf.where(begun[:, None], drawn.h, row.h),
                tf.where(begun, drawn.coarse, row.coarse),
                tf.where(begun, drawn.fine, row.fine),
            )
            return j + 1, row, samples.write(j, sampling.combine(row, offset))

        samples = tf.TensorArray(tf.int32, CHUNK, element_shape=[None])
        loop = tf.while_loop(lambda j, *_: j < CHUNK, step, [0, carry.row, samples])
        made = tf.reshape(tf.transpose(loop[2].stack()), [batch, n_sub, CHUNK])
        history = tf.concat([carry.history[:, :, CHUNK:], made], axis=2)
        return k + 1, _Carry(loop[1], history, memory), drawn.write(k, made)

    silence = tf.zeros([batch * n_sub], tf.int32)
    carry = _Carry(
        Row(tf.zeros([batch * n_sub, w.state_size]), *dsp.split(silence, offset)),
        tf.zeros([batch, n_sub, (n_sub - 1) * lag(subscale)], tf.int32),
        equations.subscale_memory(batch * n_sub, subscale),
    )
    drawn = tf.TensorArray(tf.int32, chunks, element_shape=[None, n_sub, CHUNK])
    _, _, drawn = tf.while_loop(lambda k, *_: k < chunks, chunk, [0, carry, drawn])
    steps = tf.reshape(tf.transpose(drawn.stack(), [1, 2, 0, 3]), [batch, n_sub, chunks * CHUNK])
    first = [before * CHUNK + s * lag(subscale) for s in range(n_sub)]
    folded = [steps[:, s, start : start + positions] for s, start in enumerate(first)]
    rows = tf.reshape(tf.stack(folded, axis=1), [batch * n_sub, positions])
    samples = tf.transpose(folding.unfold(rows, n_sub))[:n_samples]  # [n, b]
    audio, _ = sampling.de_emphasise(samples, tf.zeros([batch]), config.signal.pre_emphasis)
    return audio


def _earlier(history: tf.Tensor, subscale: SubscaleConfig) -> tf.Tensor:
    """The samples that the network reads in a chunk: float32 [rows, L, B - 1], in [-1, 1].

    For the position i of sub-tensor s it reads position i + future of s - 1 - j, which lies
    (1 + j) lag - future before that sub-tensor's next one.
    """
    n_sub, length = subscale.batch, (subscale.batch - 1) * lag(subscale)
    index = _earlier_index(subscale)
    flat = tf.reshape(history, [-1, n_sub * length])
    flat = tf.pad(flat, [[0, 0], [0, 1]])  # the last element: no such sub-tensor
    samples = tf.gather(flat, tf.reshape(index, [-1]), axis=1)
    samples = tf.reshape(samples, [-1, *index.shape[1:]])
    return tf.cast(samples, tf.float32) * (1.0 / 32768.0)


def _earlier_index(subscale: SubscaleConfig) -> npt.NDArray[np.int32]:
    """Where in a flat history the samples lie: int32 [B, L, B - 1]."""
    n_sub = subscale.batch
    length = (n_sub - 1) * lag(subscale)
    s, q, j = np.ogrid[:n_sub, :CHUNK, : n_sub - 1]
    source = s - 1 - j
    at = length - (1 + j) * lag(subscale) + subscale.future + q
    return np.where(source < 0, n_sub * length, source * length + at).astype(np.int32)
