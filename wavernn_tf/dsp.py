"""Log-mel features, and the TensorFlow twins of `wavernn_tf.signal`. Pure functions."""

from __future__ import annotations

import functools
import math
from typing import Tuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from wavernn_tf import signal
from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError

_FRAMES_AT_ONCE = 8192
"""Frames per FFT call: bounds the memory for recordings of hours."""


def hz_to_mel(hz: npt.ArrayLike, scale: str) -> npt.NDArray[np.float64]:
    """Frequencies on the mel scale.

    Args:
      hz: frequencies, in Hz.
      scale: "htk" (2595 log10(1 + f/700)) or "slaney" (linear to 1 kHz = 15 mel, then
        logarithmic with 27 mel for a factor of 6.4).
    """
    f = np.asarray(hz, np.float64)
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + f / 700.0)
    above = 15.0 + 27.0 * np.log(np.maximum(f, 1000.0) / 1000.0) / math.log(6.4)
    return np.where(f < 1000.0, f * 3.0 / 200.0, above)


def mel_to_hz(mel: npt.ArrayLike, scale: str) -> npt.NDArray[np.float64]:
    """Undo `hz_to_mel`."""
    m = np.asarray(mel, np.float64)
    if scale == "htk":
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    above = 1000.0 * np.exp((np.maximum(m, 15.0) - 15.0) * math.log(6.4) / 27.0)
    return np.where(m < 15.0, m * 200.0 / 3.0, above)


@functools.cache
def mel_filterbank(recipe: MelRecipe) -> npt.NDArray[np.float32]:
    """Triangular filters between neighbouring mel frequencies.

    Args:
      recipe: rate, n_fft, n_mels, fmin, fmax, mel_scale, mel_norm.

    Returns:
      float32 [n_fft // 2 + 1, n_mels]; each filter peaks at 1 (`mel_norm` "none") or has unit
      area over Hz ("slaney").
    """
    ends = hz_to_mel([recipe.fmin, recipe.fmax], recipe.mel_scale)
    edges = mel_to_hz(np.linspace(ends[0], ends[1], recipe.n_mels + 2), recipe.mel_scale)
    bins = np.arange(recipe.n_fft // 2 + 1) * (recipe.sample_rate / recipe.n_fft)
    low, mid, high = edges[:-2], edges[1:-1], edges[2:]
    rise = (bins[:, None] - low) / (mid - low)
    fall = (high - bins[:, None]) / (high - mid)
    filters = np.maximum(0.0, np.minimum(rise, fall))
    if recipe.mel_norm == "slaney":
        filters *= 2.0 / (high - low)
    return filters.astype(np.float32)


@functools.cache
def window(recipe: MelRecipe) -> npt.NDArray[np.float32]:
    """Periodic Hann window of `win_length`, centred in `n_fft`: float32 [n_fft]."""
    n, left = recipe.win_length, (recipe.n_fft - recipe.win_length) // 2
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)
    return np.pad(hann, (left, recipe.n_fft - n - left)).astype(np.float32)


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
