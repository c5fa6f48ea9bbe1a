"""WAV files as strings of a batch, in stock TensorFlow operations."""

from __future__ import annotations

from typing import Tuple

import tensorflow as tf

from wavernn_tf.export.serving import faults

MOST_CHUNKS = 64
"""Chunks that are read before the samples; a file with more is refused."""

_PCM, _EXTENSIBLE = 1, 0xFFFE
_UNKNOWN_SIZE = 0xFFFFFFFF
"""Written as the size of the samples by programs that do not know it yet."""


def encode(audio: tf.Tensor, lengths: tf.Tensor, sample_rate: int) -> tf.Tensor:
    """Mono 16-bit RIFF WAV files.

    Args:
      audio: int16 [batch, samples].
      lengths: int32 [batch], samples of each row.
      sample_rate: in Hz.

    Returns:
      string [batch]; "" for a row without samples.
    """

    def one(row):
        samples, length = row
        samples = tf.cast(samples[:length], tf.float32) / 32768.0  # the encoder multiplies again
        return tf.cond(
            length > 0,
            lambda: tf.audio.encode_wav(samples[:, None], sample_rate),
            lambda: tf.constant(""),
        )

    return tf.map_fn(one, (audio, lengths), fn_output_signature=tf.string)


def decode(wavs: tf.Tensor, sample_rate: int) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The samples of 16-bit mono RIFF WAV files.

    Args:
      wavs: string [batch].
      sample_rate: that they must have, in Hz.

    Returns:
      audio int16 [batch, n], zero past a row's end; lengths int32 [batch]; and status string
      [batch], see `faults`: for a row that cannot be read, whose length is 0.
    """
    longest = tf.reduce_max(tf.pad(tf.strings.length(wavs), [[0, 1]])) // 2

    def one(wav):
        start, size, status = _find_samples(wav, sample_rate)
        samples = tf.io.decode_raw(tf.strings.substr(wav, start, size), tf.int16)
        samples = tf.pad(samples, [[0, longest - size // 2]])
        return samples, size // 2, status

    row = tf.TensorSpec([None], tf.int16)
    number, string = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.string)
    return tf.map_fn(one, wavs, fn_output_signature=(row, number, string))


def _find_samples(wav: tf.Tensor, sample_rate: int) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """First byte and number of bytes (0 in a bad file) of the samples, and the status."""
    length = tf.strings.length(wav)
    padded = tf.strings.join([wav, "\0" * 64])  # so that every header can be read
    riff = tf.logical_and(_is(padded, 0, "RIFF"), _is(padded, 8, "WAVE"))

    def more(chunk, at, form, found):
        return (chunk < MOST_CHUNKS) & (found < 0) & (at + 8 <= tf.cast(length, tf.int64))

    def step(chunk, at, form, found):
        here = tf.cast(at, tf.int32)
        size = _number(padded, here + 4, 4)
        form = tf.where(_is(padded, here, "fmt "), here, form)
        found = tf.where(_is(padded, here, "data"), here, found)
        return chunk + 1, at + 8 + size + size % 2, form, found

    loop = [0, tf.constant(12, tf.int64), -1, -1]
    _, _, form, found = tf.while_loop(more, step, loop)
    at = tf.maximum(form, 0)
    whole = (form >= 0) & (at + 24 <= length) & (_number(padded, at + 4, 4) >= 16)
    kind, channels = _number(padded, at + 8, 2), _number(padded, at + 10, 2)
    rate, bits = _number(padded, at + 12, 4), _number(padded, at + 22, 2)
    extended = (kind == _EXTENSIBLE) & (_number(padded, at + 4, 4) >= 26)
    kind = tf.where(extended, _number(padded, at + 32, 2), kind)
    start = tf.maximum(found, 0) + 8
    announced = _number(padded, tf.maximum(found, 0) + 4, 4)
    there = tf.cast(tf.maximum(length - start, 0), tf.int64)
    size = tf.where(announced == _UNKNOWN_SIZE, there, announced)
    name, text = "wav_bytes: expected ", faults.text
    status = faults.first_of(
        [
            (~riff, text(f"{name}a RIFF WAV file; got ", length, " bytes that are none")),
            (~whole, text(f"{name}a chunk `fmt ` of 16 bytes; got none")),
            (kind != _PCM, text(f"{name}PCM samples (format 1); got format ", kind)),
            (bits != 16, text(f"{name}samples of 16 bits; got ", bits)),
            (channels != 1, text(f"{name}one channel; got ", channels)),
            (rate != sample_rate, text(f"{name}a rate of {sample_rate} Hz; got ", rate, " Hz")),
            (found < 0, text(f"{name}a chunk `data`; got none")),
            (size > there, text(f"{name}", size, " bytes of samples; got ", there, ": cut off")),
            (size < 2, text(f"{name}at least one sample; got none")),
        ]
    )
    good = status == ""
    size = tf.where(good, tf.cast(size, tf.int32) // 2 * 2, 0)
    return tf.where(good, start, 0), size, status


def _is(text: tf.Tensor, at: tf.Tensor, name: str) -> tf.Tensor:
    return tf.strings.substr(text, at, 4) == name


def _number(text: tf.Tensor, at: tf.Tensor, size: int) -> tf.Tensor:
    """A little-endian unsigned number of so many bytes: int64 []."""
    # Behind the padding there may be nothing to read: the caller has ruled such files out.
    at = tf.minimum(at, tf.strings.length(text) - size)
    digits = tf.io.decode_raw(tf.strings.substr(text, at, size), tf.uint8)
    return tf.reduce_sum(tf.cast(digits, tf.int64) * [256**i for i in range(size)])
