"""Log-mel features, and the TensorFlow twins of `wavernn_tf.audio.signal`. Pure functions."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.audio import signal
from wavernn_tf.audio.mel import mel_filterbank, window
from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError

_FRAMES_AT_ONCE = 8192
"""Frames per FFT call: bounds the memory for recordings of hours."""


def frame_count(samples: int, hop_length: int) -> int:
    """Frames that cover so many samples (the last one may be padded)."""
    return -(-samples // hop_length)


def to_float(audio: tf.Tensor) -> tf.Tensor:
    """Integer samples [...] to float32 [...]: divided by 32768; of 16 bits, to [-1, 1)."""
    return tf.cast(audio, tf.float32) * (1.0 / 32768.0)


def log_mel(audio: tf.Tensor, recipe: MelRecipe) -> tf.Tensor:
    """Log-mel features of a waveform, as `MelRecipe` says.

    Args:
      audio: float32 [samples] in [-1, 1], at `recipe.sample_rate`; padded with zeros to a
        multiple of `hop_length` first. It may be shorter than the FFT: the reflection at the
        edges then goes back and forth.
      recipe: of kind "mel".

    Returns:
      float32 [frames, n_mels], frames = ceil(samples / hop_length).

    Raises:
      WaveRNNError: for no samples at all, features computed elsewhere, or an FFT shorter than the
        hop.
    """
    if recipe.kind != "mel":
        raise WaveRNNError(
            f"Expected a recipe of kind `mel` to compute features; {recipe.name!r} is "
            f"{recipe.kind!r}: its features come from elsewhere (see --mel-dir)."
        )
    audio = tf.convert_to_tensor(audio, tf.float32)
    if audio.shape[0] == 0:
        raise WaveRNNError("Expected at least one sample to compute features; got none.")
    padded, frames = _pad(audio, recipe)
    if isinstance(frames, int) and frames > _FRAMES_AT_ONCE:
        starts = range(0, frames, _FRAMES_AT_ONCE)
        return tf.concat(
            [_log_mel(padded, recipe, s, min(_FRAMES_AT_ONCE, frames - s)) for s in starts], 0
        )
    return _log_mel(padded, recipe, 0, frames)


def _pad(audio: tf.Tensor, recipe: MelRecipe) -> Tuple[tf.Tensor, int]:
    """Zeros to a multiple of the hop, then the edges: (float32 [...], frames)."""
    hop, n_fft = recipe.hop_length, recipe.n_fft
    samples = audio.shape[0] if audio.shape[0] is not None else tf.shape(audio)[0]
    frames = -(-samples // hop)
    audio = tf.pad(audio, [[0, frames * hop - samples]])
    if recipe.padding == "same":
        if n_fft < hop:
            raise WaveRNNError(
                f"Expected `mel.n_fft` >= `mel.hop_length` = {hop} with `mel.padding` same; got "
                f"{n_fft}."
            )
        left = (n_fft - hop) // 2
        right = n_fft - hop - left
    else:
        left, right = n_fft // 2, n_fft - n_fft // 2
    if recipe.padding == "center-zero":
        return tf.pad(audio, [[left, right]]), frames
    # Reflection without repeating the edge; period 2 (N - 1), so any length will do.
    last = frames * hop - 1
    period = tf.maximum(2 * last, 1)
    before = tf.range(-left, 0) % period
    after = tf.range(last + 1, last + 1 + right) % period
    edges = [tf.gather(audio, tf.minimum(i, 2 * last - i)) for i in (before, after)]
    return tf.concat([edges[0], audio, edges[1]], 0), frames


def _log_mel(padded: tf.Tensor, recipe: MelRecipe, start: int, frames: int) -> tf.Tensor:
    """Features of the frames [start, start + frames) of a padded waveform."""
    hop, n_fft = recipe.hop_length, recipe.n_fft
    part = padded[start * hop : (start + frames - 1) * hop + n_fft]
    pieces = tf.signal.frame(part, n_fft, hop)  # [frames, n_fft]
    spectrum = tf.abs(tf.signal.rfft(pieces * window(recipe)))  # [frames, n_fft // 2 + 1]
    if recipe.power == 2.0:
        spectrum = tf.square(spectrum)
    mel = tf.maximum(tf.matmul(spectrum, mel_filterbank(recipe)), recipe.floor)
    unit = {"ln": 1.0, "log10": 1.0 / math.log(10.0), "db": 10.0 / math.log(10.0)}[recipe.log]
    values = tf.math.log(mel) * unit
    if recipe.offset:
        values = values - recipe.offset
    return values / recipe.scale if recipe.scale != 1.0 else values  # [frames, n_mels]


def pre_emphasis(audio: tf.Tensor, coefficient: float) -> tf.Tensor:
    """`signal.pre_emphasis` in TensorFlow: int16 [..., samples] to int32 [..., samples]."""
    x = tf.cast(audio, tf.float32)
    before = tf.concat([tf.zeros_like(x[..., :1]), x[..., :-1]], -1)
    return tf.cast(tf.round(x - np.float32(coefficient) * before), tf.int32)


def split(samples: tf.Tensor, sample_offset: int) -> Tuple[tf.Tensor, tf.Tensor]:
    """`signal.split` in TensorFlow: int32 [...] to (coarse, fine), int32 [...]."""
    return halves(tf.clip_by_value(samples + (32768 + sample_offset), 0, 65535))


def combine(coarse: tf.Tensor, fine: tf.Tensor, sample_offset: int) -> tf.Tensor:
    """`signal.combine` in TensorFlow: int32 [...] to int32 samples [...]."""
    return coarse * 256 + fine - (32768 + sample_offset)


def halves(codes: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """The bytes (c, f) of int32 [...] codes 256 c + f."""
    return tf.bitwise.right_shift(codes, 8), tf.bitwise.bitwise_and(codes, 255)


def scalar(codes: tf.Tensor) -> tf.Tensor:
    """`signal.scalar` in TensorFlow: int32 [...] in [0, 255] to float32 [...].

    A table: graph optimisation turns a division by a constant into a multiplication by its
    reciprocal, which differs in the last bit.
    """
    return tf.gather(signal.SCALARS, codes)
