"""`mel.log_mel` in TensorFlow, for graphs that must hold it: SavedModels."""

from __future__ import annotations

import tensorflow as tf

from wavernn_tf.audio.mel import log_unit, mel_filterbank, window
from wavernn_tf.config import MelRecipe


def log_mel(audio: tf.Tensor, recipe: MelRecipe) -> tf.Tensor:
    """Log-mel features of a waveform, as `MelRecipe` says.

    Args:
      audio: float32 [samples] in [-1, 1], at `recipe.sample_rate`, one sample or more; padded with
        zeros to a multiple of `hop_length` first.
      recipe: of kind "mel".

    Returns:
      float32 [ceil(samples / hop_length), n_mels].
    """
    frames = -(-tf.shape(audio)[0] // recipe.hop_length)
    return _log_mel(_pad(audio, recipe), recipe)[:frames]


def _pad(audio: tf.Tensor, recipe: MelRecipe) -> tf.Tensor:
    """Zeros to a multiple of the hop, then the edges: float32 [...]."""
    hop, n_fft = recipe.hop_length, recipe.n_fft
    samples = tf.shape(audio)[0]
    frames = -(-samples // hop)
    audio = tf.pad(audio, [[0, frames * hop - samples]])
    if recipe.padding == "same":
        left = (n_fft - hop) // 2
        right = n_fft - hop - left
    else:
        left, right = n_fft // 2, n_fft - n_fft // 2
    if recipe.padding == "center-zero":
        return tf.pad(audio, [[left, right]])
    # Reflection without repeating the edge; period 2 (N - 1), so any length will do.
    last = frames * hop - 1
    period = tf.maximum(2 * last, 1)
    before = tf.range(-left, 0) % period
    after = tf.range(last + 1, last + 1 + right) % period
    edges = [tf.gather(audio, tf.minimum(i, 2 * last - i)) for i in (before, after)]
    return tf.concat([edges[0], audio, edges[1]], 0)


def _log_mel(padded: tf.Tensor, recipe: MelRecipe) -> tf.Tensor:
    """Features of all frames of a padded waveform."""
    pieces = tf.signal.frame(padded, recipe.n_fft, recipe.hop_length)  # [frames, n_fft]
    spectrum = tf.abs(tf.signal.rfft(pieces * window(recipe)))  # [frames, n_fft // 2 + 1]
    if recipe.power == 2.0:
        spectrum = tf.square(spectrum)
    mel = tf.maximum(tf.matmul(spectrum, mel_filterbank(recipe)), recipe.floor)
    values = tf.math.log(mel) / log_unit(recipe)
    if recipe.offset:
        values = values - recipe.offset
    return values / recipe.scale if recipe.scale != 1.0 else values  # [frames, n_mels]
