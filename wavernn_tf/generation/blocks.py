"""Speech in blocks of frames: one shape for every length, and memory that does not grow.

The network runs over blocks of the same number of frames, so that a compiled block serves every
utterance and every chunk of a stream::

    frames       0        K        2K       count            K = block_frames
    block 0   [--------)
    block 1            [--------)
    block 2                     [----)                       the loop ends with the longest row

What a block reads beside its own frames, `past` before and `lookahead` after, is gathered for it.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Tuple

import tensorflow as tf

from wavernn_tf.config import Config
from wavernn_tf.generation import sampling
from wavernn_tf.voice.weights import from_named

BLOCK_SAMPLES = 8000
"""Samples of a block, about."""


class Frames(NamedTuple):
    """Where the frames of sequences lie in a tensor; beyond the ends they repeat.

    Attributes:
      values: float32 [batch, n, n_features].
      start: int32 [batch], place of the first frame that the network reads.
      first: int32 [batch], place of the first frame that is there.
      last: int32 [batch], place of the last one.
    """

    values: tf.Tensor
    start: tf.Tensor
    first: tf.Tensor
    last: tf.Tensor

    def read(self, at: tf.Tensor, count: int) -> tf.Tensor:
        """`count` frames from `start + at` on: float32 [batch, count, n_features]."""
        places = (self.start + at)[:, None] + tf.range(count)
        places = tf.clip_by_value(places, self.first[:, None], self.last[:, None])
        return tf.gather(self.values, places, batch_dims=1)


class Stream(NamedTuple):
    """Where streams are: `state` and `position` of `sampling.generate`."""

    state: tf.Tensor
    position: tf.Tensor


Block = Callable[..., Tuple[tf.Tensor, tf.Tensor, tf.Tensor]]
"""`block_of`, perhaps compiled, of given arrays."""


def block_frames(config: Config) -> int:
    """K, frames of a block."""
    return max(1, BLOCK_SAMPLES // config.mel.hop_length)


def silence(batch: tf.Tensor, config: Config) -> Stream:
    """Streams that begin."""
    state = tf.zeros([batch, sampling.state_values(config)])
    return Stream(state, tf.zeros([batch], tf.int64))


def block_of(
    config: Config, unroll: int = 1
) -> Callable[..., Tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """The function that speaks a block of the plain WaveRNN.

    Args:
      config: the voice's.
      unroll: see `sampling.generate`.

    Returns:
      A function of the network's arrays by name (`weights.named_arrays`), features float32 [batch,
      past + K + lookahead, n_features], seed, temperature, fine_temperature, state, position and
      `active`, as of `sampling.generate`. It reads no variable: calls may run in parallel.
    """

    def block(arrays, features, seed, temperature, fine_temperature, state, position, active):
        draws, w = (seed, temperature, fine_temperature), from_named(arrays)
        where = state, position, config
        return sampling.generate(features, *draws, *where, w, active, unroll)

    return block


def speak(
    frames: Frames,
    count: tf.Tensor,
    draws: Tuple[tf.Tensor, tf.Tensor, tf.Tensor],
    stream: Stream,
    config: Config,
    block: Block,
) -> Tuple[tf.Tensor, Stream]:
    """Speak the next frames of a batch of streams, each its own number.

    Args:
      frames: what the network reads, from `past` frames before the first on.
      count: int32 [batch], frames to speak.
      draws: seed int64, temperature and fine_temperature float32, [batch] each.
      stream: where the streams are.
      config: the voice's; not Subscale.
      block: of `block_of`.

    Returns:
      audio int16 [batch, at least max(count) * hop_length], zero past a row's end, and where the
      streams are then.
    """
    size, hop = block_frames(config), config.mel.hop_length
    blocks = tf.maximum(-(-tf.reduce_max(count) // size), 1)

    def body(k, stream, found):
        done = k * size
        active = tf.clip_by_value(count - done, 0, size) * hop
        read = frames.read(done, config.past + size + config.lookahead)
        audio, *where = block(read, *draws, *stream, active)
        return k + 1, Stream(*where), found.write(k, audio)

    found = tf.TensorArray(tf.int16, blocks, element_shape=[None, size * hop])
    loop = [0, stream, found]
    _, stream, found = tf.while_loop(lambda k, *_: k < blocks, body, loop, parallel_iterations=1)
    audio = tf.transpose(found.stack(), [1, 0, 2])
    audio = tf.reshape(audio, [tf.shape(count)[0], blocks * size * hop])
    heard = tf.sequence_mask(count * hop, tf.shape(audio)[1])
    return tf.where(heard, audio, tf.zeros_like(audio)), stream


def fit(audio: tf.Tensor, samples: tf.Tensor) -> tf.Tensor:
    """Cut or pad with zeros along the last axis: [batch, n] to [batch, samples]."""
    audio = audio[:, :samples]
    return tf.pad(audio, [[0, 0], [0, samples - tf.shape(audio)[1]]])
