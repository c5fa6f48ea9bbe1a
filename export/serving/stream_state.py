"""A stream's state as a string that a client keeps between chunks.

Web-safe base64, which passes REST as it is, of fixed length for a voice::

    voice   16 characters, of the voice that wrote it
    check   20 digits, a hash of what follows
    body    int32 little-endian: position (2), frames held, state, the frames held, and with the
            spectral postfilter the last samples before it, two in a number

A client that changes a state gets a `status`, not audio; the check finds damage, it is no
signature.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple, Tuple

import tensorflow as tf

from wavernn_tf.config import Config
from wavernn_tf.generation import postfilter, sampling
from wavernn_tf.prediction import coding, noise_shaping
from wavernn_tf.trees import to_dict
from wavernn_tf.voice.metadata import VoiceInfo

_FORM = "1"
"""Of the layout; part of the voice's characters."""

_CHECK_DIGITS = 20


def frames_behind(config: Config) -> int:
    """Frames before the next one that the network or the postfilter still reads."""
    return max(config.past, 2 * postfilter.frames_ahead(config))


class Carried(NamedTuple):
    """What streams carry from chunk to chunk.

    Attributes:
      state: float32 [batch, state_values], of `sampling.generate`.
      position: int64 [batch], likewise.
      held: float32 [batch, frames_behind + lookahead, n_features], the last frames, at the end.
      count: int32 [batch], how many of these there are; 0 before the first frame.
      unfiltered: int16 [batch, 2 * frames_ahead * hop_length], the last samples of the network,
        zeros before the first; none without the spectral postfilter.
    """

    state: tf.Tensor
    position: tf.Tensor
    held: tf.Tensor
    count: tf.Tensor
    unfiltered: tf.Tensor


class Codec:
    """Packs and unpacks the states of one voice's streams.

    Args:
      config: the voice's configuration.
      info: its description, which names the weights.
    """

    def __init__(self, config: Config, info: VoiceInfo) -> None:
        self._config = config
        tree = [_FORM, info.weights_hash, info.mel.fingerprint, to_dict(config.signal)]
        self._voice = hashlib.sha256(json.dumps(tree).encode()).hexdigest()[:16]
        self._width = frames_behind(config) + config.lookahead
        self._values = sampling.state_values(config)
        self._samples = 2 * postfilter.frames_ahead(config) * config.mel.hop_length
        body = 4 * (3 + self._values + self._width * config.n_features) + 2 * self._samples
        self._head = len(self._voice) + _CHECK_DIGITS
        self._padding = -(self._head + body) % 3  # base64 of whole triples, without rests
        self._body = body
        self.length = (self._head + body + self._padding) // 3 * 4

    def empty(self, batch: tf.Tensor) -> Carried:
        """Streams before their first frame."""
        return Carried(
            tf.zeros([batch, self._values]),
            tf.zeros([batch], tf.int64),
            tf.zeros([batch, self._width, self._config.n_features]),
            tf.zeros([batch], tf.int32),
            tf.zeros([batch, self._samples], tf.int16),
        )

    def pack(self, carried: Carried) -> tf.Tensor:
        """The strings of streams: string [batch]."""
        batch = tf.shape(carried.state)[0]
        held = tf.reshape(carried.held, [batch, self._width * self._config.n_features])
        pairs = tf.reshape(carried.unfiltered, [batch, self._samples // 2, 2])
        parts = [
            tf.bitcast(carried.position, tf.int32),
            carried.count[:, None],
            tf.bitcast(carried.state, tf.int32),
            tf.bitcast(held, tf.int32),
            tf.bitcast(pairs, tf.int32),
        ]
        body = tf.map_fn(_bytes, tf.concat(parts, axis=1), fn_output_signature=tf.string)
        voice = tf.fill([batch], self._voice)
        padding = tf.fill([batch], "\0" * self._padding)
        return tf.io.encode_base64(tf.strings.join([voice, _check(body), body, padding]))

    def unpack(self, packed: tf.Tensor) -> Tuple[Carried, tf.Tensor]:
        """Undo `pack`; "" begins a stream.

        Args:
          packed: string [batch].

        Returns:
          What they carry, and bool [batch]: whether each is a state of this voice. A stream with a
          bad one begins anew.
        """
        batch = tf.shape(packed)[0]
        empty = self.empty(batch)
        begins = packed == ""
        shaped = tf.strings.length(packed) == self.length
        shaped &= tf.strings.regex_full_match(packed, "[A-Za-z0-9_-]*")
        readable = tf.where(shaped, packed, self.pack(empty))
        raw = tf.io.decode_base64(readable)
        body = tf.strings.substr(raw, self._head, self._body)
        good = shaped & (tf.strings.substr(raw, 0, len(self._voice)) == self._voice)
        good &= tf.strings.substr(raw, len(self._voice), _CHECK_DIGITS) == _check(body)
        numbers = tf.io.decode_raw(body, tf.int32)
        sizes = [2, 1, self._values, self._width * self._config.n_features, self._samples // 2]
        numbers = tf.ensure_shape(numbers, [None, sum(sizes)])
        position, count, state, held, pairs = tf.split(numbers, sizes, axis=1)
        held = tf.reshape(held, [batch, self._width, self._config.n_features])
        found = Carried(
            tf.bitcast(state, tf.float32),
            tf.bitcast(position, tf.int64),
            tf.bitcast(held, tf.float32),
            count[:, 0],
            tf.reshape(tf.bitcast(pairs, tf.int16), [batch, self._samples]),
        )
        good &= self._possible(found)
        kept = [
            tf.where(tf.reshape(good, [-1] + [1] * (there.shape.rank - 1)), there, none)
            for there, none in zip(found, empty)
        ]
        return Carried(*kept), good | begins

    def _possible(self, found: Carried) -> tf.Tensor:
        """Whether no value is one that the samplers cannot take: bool [batch]."""
        good = tf.reduce_all(tf.math.is_finite(found.state), axis=1)
        good &= tf.reduce_all(tf.math.is_finite(found.held), axis=[1, 2])
        good &= (found.count >= 0) & (found.count <= self._width) & (found.position >= 0)
        if self._config.predicts:  # the last classes: see `sampling`
            end = self._values - 1 - noise_shaping.state_values(self._config.signal)
            first = [float(value) for value in coding.start(self._config.signal)]
            classes = found.state[:, end - 2 : end] + first
            good &= tf.reduce_all((classes >= 0.0) & (classes <= 255.0), axis=1)
        return good


def _bytes(numbers: tf.Tensor) -> tf.Tensor:
    """The bytes of int32 [n], at least one: the end of the tensor's message."""
    message = tf.io.serialize_tensor(numbers)
    size = 4 * tf.size(numbers)
    return tf.strings.substr(message, tf.strings.length(message) - size, size)


def _check(body: tf.Tensor) -> tf.Tensor:
    hashed = tf.strings.to_hash_bucket_fast(body, 2**62)
    return tf.strings.as_string(hashed, width=_CHECK_DIGITS, fill="0")
