"""Batched sampling of Subscale WaveRNN in TensorFlow (the paper's section 3).

All sub-tensors run as one batch, each L' steps behind the one before. The network over the earlier
sub-tensors runs in chunks of L positions, at the first step of each; what the last position of a
chunk may see must be there by then, so L' = F + L. With n = ceil(samples / B) positions::

    steps = n + (B - 1) L'         position of sub-tensor s in step t: i = t - s L'

A step draws one sample of every sub-tensor that has begun. The samples are those of drawing one
sub-tensor after another: neither L' nor the chunks change what a sample sees.
"""

from __future__ import annotations

import functools
from typing import Callable, List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from wavernn_tf.audio import dsp
from wavernn_tf.config import Config, SubscaleConfig
from wavernn_tf.generation import drawing, equations, folding, sampling
from wavernn_tf.generation.sampling import Row
from wavernn_tf.voice import weights
from wavernn_tf.voice.weights import Weights

CHUNK = 16
"""L, positions for which the network over the earlier sub-tensors runs at once."""


class _Carry(NamedTuple):
    """What one chunk leaves to the next; `rows` are b * B sub-tensors.

    Attributes:
      row: the sub-tensors' states and last samples.
      history: int32 [b, B, (B - 1) L'], the last samples of every sub-tensor, oldest first.
      memory: of `equations.subscale_network`.
    """

    row: Row
    history: tf.Tensor
    memory: List[tf.Tensor]


class _Matrices(NamedTuple):
    """The gates' matrices, side by side: "R" [H, 3H] and "N" [channels, 3H]."""

    recurrent: tf.Tensor
    neighbours: tf.Tensor


Chunk = Callable[..., Tuple[_Carry, tf.Tensor]]
"""`chunk_of`, perhaps compiled, of given arrays."""


def chunk_stagger(subscale: SubscaleConfig) -> int:
    """L', steps by which each sub-tensor runs behind the one before: F + L."""
    return subscale.horizon + CHUNK


def generate(
    features: tf.Tensor,
    seed: tf.Tensor,
    temperature: tf.Tensor,
    fine_temperature: tf.Tensor,
    config: Config,
    w: Weights,
    chunk: Optional[Chunk] = None,
) -> tf.Tensor:
    """Sample whole utterances from silence.

    Args:
      features: float32 [b, past + frames + lookahead, n_features], lookahead being that of
        `Config`: the first sub-tensors run ahead of the last sample.
      seed: int64 [b].
      temperature: float32 [b], divides the coarse logits; 0 takes the likeliest class.
      fine_temperature: float32 [b], the same of the fine logits.
      config: hop, pre-emphasis, sample offset and sizes; B > 1.
      w: the arrays of the network.
      chunk: `chunk_of` of the same voice, perhaps compiled: its shapes are those of every length.

    Returns:
      audio int16 [b, frames * hop_length].
    """
    chunk = chunk or functools.partial(chunk_of(config), weights.named_arrays(w))
    run = _Run(features, seed, (temperature, fine_temperature), config, w, chunk)
    drawn = tf.TensorArray(tf.int32, run.chunks, element_shape=[None, run.n_sub, CHUNK])
    _, _, drawn = tf.while_loop(lambda k, *_: k < run.chunks, run.chunk, [0, run.silence(), drawn])
    samples = tf.transpose(run.in_time(drawn.stack()))  # [n, b]
    y = tf.zeros([tf.shape(features)[0]])
    return sampling.de_emphasise(samples, y, config.signal.pre_emphasis)[0]


def chunk_of(config: Config, unroll: int = 1) -> Callable[..., Tuple[_Carry, tf.Tensor]]:
    """The function that runs the network for L positions of every row, then draws them.

    Args:
      config: the voice's.
      unroll: positions of an iteration of the loop; it divides L.

    Returns:
      A function of the network's arrays by name (`weights.named_arrays`), `_Matrices`, `_Carry`,
      the sub-tensor of every row int32 [rows], the positions `at` int32 [rows, L], the gates'
      inputs float32 [rows, L, 3, H] and `drawing.Draws` of these. It gives the next `_Carry` and
      the samples, int32 [b, B, L].
    """
    subscale, offset = config.model.subscale, config.signal.sample_offset

    def chunk(arrays, matrices, carry, sub_tensor, at, known, draws):
        w = weights.from_named(arrays)
        earlier = _earlier(carry.history, subscale)
        network = earlier, sub_tensor, carry.memory, subscale, *w.convolutions
        seen, memory = equations.subscale_network(*network)
        heard = tf.matmul(seen, matrices.neighbours)
        known += tf.reshape(heard, [-1, CHUNK, 3, w.state_size])

        def step(j: tf.Tensor, row: Row) -> Row:
            uniform, temperature = draws.uniform[:, j], draws.temperature
            new = sampling.advance(row, known[:, j], uniform, temperature, matrices.recurrent, w)
            begun = at[:, j] >= 0
            return Row(
                tf.where(begun[:, None], new.h, row.h),
                tf.where(begun, new.coarse, row.coarse),
                tf.where(begun, new.fine, row.fine),
            )

        def body(j: tf.Tensor, row: Row, samples: tf.TensorArray):
            for _ in range(unroll):
                row = step(j, row)
                j, samples = j + 1, samples.write(j, sampling.combine(row, offset))
            return j, row, samples

        samples = tf.TensorArray(tf.int32, CHUNK, element_shape=[None])
        loop = [0, carry.row, samples]
        _, row, samples = tf.while_loop(lambda j, *_: j < CHUNK, body, loop)
        made = tf.reshape(tf.transpose(samples.stack()), [-1, subscale.batch, CHUNK])
        history = tf.concat([carry.history[:, :, CHUNK:], made], axis=2)
        return _Carry(row, history, memory), made

    return chunk


class _Run:
    """What stays the same over a run; rows are b * B sub-tensors, those of an utterance together.

    Args:
      features, seed, config, w, chunk: of `generate`.
      temperatures: of the coarse and the fine logits.

    Attributes:
      n_sub: B.
      chunks: of L steps each; some before the first position fill the network's memory.
    """

    def __init__(
        self,
        features: tf.Tensor,
        seed: tf.Tensor,
        temperatures: Tuple[tf.Tensor, tf.Tensor],
        config: Config,
        w: Weights,
        chunk: Chunk,
    ) -> None:
        self.config, self.w, self.subscale = config, w, config.model.subscale
        self.n_sub, self.batch = self.subscale.batch, tf.shape(features)[0]
        frames = tf.shape(features)[1] - config.past - config.lookahead
        self.n_samples = frames * config.mel.hop_length
        self.positions = -(-self.n_samples // self.n_sub)
        self.before = -(-self.subscale.reach // CHUNK)
        steps = self.positions + (self.n_sub - 1) * chunk_stagger(self.subscale)
        self.chunks = self.before - (-steps // CHUNK)
        self.gates = sampling.time_major(equations.condition(features, w))  # [steps, b, 3, H]
        self.matrices = _Matrices(sampling.side_by_side(w, "R"), sampling.side_by_side(w, "N"))
        self.seed = tf.repeat(seed, self.n_sub)
        self.temperatures = [tf.repeat(t, self.n_sub) for t in temperatures]
        self.sub_tensor = tf.tile(tf.range(self.n_sub), [self.batch])  # [rows]
        self.utterance = tf.repeat(tf.range(self.batch), self.n_sub)  # [rows]
        self.run_chunk = chunk

    def silence(self) -> _Carry:
        """Before the first chunk."""
        rows, length = self.batch * self.n_sub, (self.n_sub - 1) * chunk_stagger(self.subscale)
        silence = dsp.split(tf.zeros([rows], tf.int32), self.config.signal.sample_offset)
        return _Carry(
            Row(tf.zeros([rows, self.w.state_size]), *silence),
            tf.zeros([self.batch, self.n_sub, length], tf.int32),
            equations.subscale_memory(rows, self.subscale),
        )

    def chunk(
        self, k: tf.Tensor, carry: _Carry, drawn: tf.TensorArray
    ) -> Tuple[tf.Tensor, _Carry, tf.TensorArray]:
        """Gather what L positions of every row need, and draw them."""
        start = (k - self.before) * CHUNK - self.sub_tensor * chunk_stagger(self.subscale)
        at = start[:, None] + tf.range(CHUNK)  # [rows, L], negative before the first position
        index = self.n_sub * at + self.sub_tensor[:, None]
        held = tf.clip_by_value(
            index // self.config.samples_per_step, 0, tf.shape(self.gates)[0] - 1
        )
        utterance = tf.broadcast_to(self.utterance[:, None], tf.shape(held))
        known = tf.gather_nd(self.gates, tf.stack([held, utterance], axis=-1))
        index = tf.cast(tf.maximum(index, 0), tf.int64)
        draws = drawing.draws_for(self.seed, index, *self.temperatures)
        carry, made = self.run_chunk(self.matrices, carry, self.sub_tensor, at, known, draws)
        return k + 1, carry, drawn.write(k, made)

    def in_time(self, drawn: tf.Tensor) -> tf.Tensor:
        """Samples [chunks, b, B, L] as drawn to [b, n] as heard."""
        steps = tf.transpose(drawn, [1, 2, 0, 3])
        steps = tf.reshape(steps, [self.batch, self.n_sub, self.chunks * CHUNK])
        first = [self.before * CHUNK + s * chunk_stagger(self.subscale) for s in range(self.n_sub)]
        parts = [steps[:, s, start : start + self.positions] for s, start in enumerate(first)]
        rows = tf.reshape(tf.stack(parts, axis=1), [self.batch * self.n_sub, self.positions])
        return folding.unfold(rows, self.n_sub)[:, : self.n_samples]


def _earlier(history: tf.Tensor, subscale: SubscaleConfig) -> tf.Tensor:
    """The samples that the network reads in a chunk: float32 [rows, L, B - 1], in [-1, 1].

    For the position i of sub-tensor s it reads position i + future of s - 1 - j, which lies
    (1 + j) L' - future before that sub-tensor's next one.
    """
    n_sub, length = subscale.batch, (subscale.batch - 1) * chunk_stagger(subscale)
    index = _earlier_index(subscale)
    flat = tf.reshape(history, [-1, n_sub * length])
    flat = tf.pad(flat, [[0, 0], [0, 1]])  # the last element: no such sub-tensor
    samples = tf.gather(flat, tf.reshape(index, [-1]), axis=1)
    samples = tf.reshape(samples, [-1, *index.shape[1:]])
    return dsp.to_float(samples)


def _earlier_index(subscale: SubscaleConfig) -> npt.NDArray[np.int32]:
    """Where in a flat history the samples lie: int32 [B, L, B - 1]."""
    n_sub = subscale.batch
    length = (n_sub - 1) * chunk_stagger(subscale)
    s, q, j = np.ogrid[:n_sub, :CHUNK, : n_sub - 1]
    source = s - 1 - j
    at = length - (1 + j) * chunk_stagger(subscale) + subscale.future + q
    return np.where(source < 0, n_sub * length, source * length + at).astype(np.int32)
