"""The spectral postfilter in TensorFlow: `spectral_postfilter.apply`, of a batch.

The op filters the waveform before it is rounded; here it has been rounded and clipped, which makes
a difference of one 16-bit step, more where it was clipped. The pitch postfilter is the op's alone.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from wavernn_tf.config import Config, SignalConfig
from wavernn_tf.generation import sampling
from wavernn_tf.prediction import postfilter
from wavernn_tf.prediction import spectral_postfilter as spectral


def runs(signal: SignalConfig) -> bool:
    """Whether `finish` filters."""
    return signal.postfilter == "spectral"


def frames_ahead(config: Config) -> int:
    """Frames that must be sampled behind the last one, with its features, for `finish`."""
    return postfilter.frames_ahead(config.signal, config.mel) if runs(config.signal) else 0


def finish(audio: tf.Tensor, features: tf.Tensor, config: Config) -> tf.Tensor:
    """Filter whole waveforms, if the voice has the spectral postfilter.

    Args:
      audio: int16 [batch, samples], from the first frame's first sample on, `frames_ahead` frames
        longer than what is heard.
      features: float32 [batch, frames, n_features], raw, of all these frames or more.
      config: gives recipe, form, strength and passes.

    Returns:
      int16 [batch, samples - frames_ahead * hop_length].
    """
    if not runs(config.signal):
        return audio
    x = tf.cast(audio, tf.float32)
    for _ in range(config.signal.postfilter_passes):
        x = _pass(x, features, config)
    return sampling.to_int16(x)


def _pass(x: tf.Tensor, features: tf.Tensor, config: Config) -> tf.Tensor:
    """One pass, which leaves out the samples at the end whose windows are not complete.

    Args:
      x: float32 [batch, samples].
      features: float32 [batch, frames, n_features], raw.
      config: gives recipe and strength.

    Returns:
      float32 [batch, samples - pass_delay].
    """
    known, hop = spectral.bands(config.mel), config.mel.hop_length
    start, length, n_fft = int(known.frame[0]), config.mel.win_length, config.mel.n_fft
    before = (start + length - 1) // hop  # frames before the first whose window reaches it
    samples = tf.shape(x)[1]
    frames = before + (samples - start - 1) // hop + 1
    left, padded_samples = before * hop - start, (frames - 1) * hop + length
    padded = tf.pad(x, [[0, 0], [left, padded_samples - left - samples]])
    pieces = tf.signal.frame(padded, length, hop) * known.window  # [b, frames, length]
    spectrum = tf.signal.rfft(pieces, [n_fft])  # [b, frames, bins]
    rows = tf.clip_by_value(tf.range(frames) - before, 0, tf.shape(features)[1] - 1)
    mel = tf.gather(tf.gather(features, rows, axis=1), known.columns, axis=2)
    gains = _gains(tf.abs(spectrum) / 32768.0, mel, config)
    filtered = tf.signal.irfft(spectrum * tf.cast(gains, spectrum.dtype), [n_fft])
    total = tf.signal.overlap_and_add(filtered[..., :length] * known.window, hop)
    heard = samples - spectral.pass_delay(config.mel)
    weight = known.overlap(np.arange(hop), hop).astype(np.float32)
    weight = tf.tile(weight, [heard // hop + 1])[:heard]
    return total[:, left : left + heard] / weight


def _gains(level: tf.Tensor, mel: tf.Tensor, config: Config) -> tf.Tensor:
    """Gains of the bins, float32 [b, frames, bins], from the magnitudes and the kept bands."""
    known, power = spectral.bands(config.mel), config.mel.power
    slope, intercept, floor = (np.float32(value) for value in known.scale)
    found = tf.matmul(level if power == 1 else tf.square(level), known.filters)
    limit = np.float32(spectral.LOG_LIMIT)
    wanted = tf.exp(tf.clip_by_value(slope * mel + intercept, -limit, limit))
    ratio = tf.maximum(wanted, floor) / tf.maximum(found, floor)
    gain = ratio if power == 1 else tf.sqrt(ratio)
    gain = tf.clip_by_value(gain, spectral.LEAST_GAIN, spectral.LARGEST_GAIN)
    strength = min(config.signal.postfilter_strength, 1.0)
    return 1.0 + tf.matmul(strength * (gain - 1.0), known.shares.T)
