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
    before, hop = frames_ahead(config), config.mel.hop_length
    features = tf.concat([*[features[:, :1]] * before, features], axis=1)
    silence = tf.pad(audio, [[0, 0], [before * hop, 0]])
    return stretch(silence, features, tf.fill([tf.shape(audio)[0]], -before), config)


def stretch(audio: tf.Tensor, features: tf.Tensor, first: tf.Tensor, config: Config) -> tf.Tensor:
    """Filter a part of waveforms that have the spectral postfilter.

    Args:
      audio: int16 [batch, samples], whole frames: `frames_ahead` of them before what is asked for,
        and as many after it. Zeros before a waveform begins.
      features: float32 [batch, frames, n_features], raw, of these frames or more. Before a waveform
        begins its first one, behind its end its last one.
      first: int32 [batch], frame of its waveform in which each row begins; may be negative.
      config: gives recipe, strength and passes.

    Returns:
      int16 [batch, samples - 2 * frames_ahead * hop_length].
    """
    x, pass_frames = tf.cast(audio, tf.float32), _pass_frames(config)
    for done in range(0, config.signal.postfilter_passes * pass_frames, pass_frames):
        x = _pass(x, features[:, done:], first + done, config)
    return sampling.to_int16(x)


def _pass_frames(config: Config) -> int:
    """Frames on either side that decide what a pass makes of a frame."""
    return spectral.pass_delay(config.mel) // config.mel.hop_length


def _pass(x: tf.Tensor, features: tf.Tensor, first: tf.Tensor, config: Config) -> tf.Tensor:
    """One pass over the frames whose neighbours are all there.

    Args:
      x: float32 [batch, samples], whole frames.
      features: float32 [batch, frames, n_features], raw, from the first of these frames on.
      first: int32 [batch], its number; zeros come out before frame 0.
      config: gives recipe and strength.

    Returns:
      float32 [batch, samples - 2 * pass_delay].
    """
    known, hop, around = spectral.bands(config.mel), config.mel.hop_length, _pass_frames(config)
    start, length, n_fft = int(known.frame[0]), config.mel.win_length, config.mel.n_fft
    missing = -(start // hop)  # frames whose windows begin before x
    offset = missing * hop + start
    pieces = tf.signal.frame(x[:, offset:], length, hop) * known.window  # [b, frames, length]
    spectrum = tf.signal.rfft(pieces, [n_fft])  # [b, frames, bins]
    mel = tf.gather(features[:, missing : missing + tf.shape(pieces)[1]], known.columns, axis=2)
    gains = _gains(tf.abs(spectrum) / 32768.0, mel, config)
    filtered = tf.signal.irfft(spectrum * tf.cast(gains, spectrum.dtype), [n_fft])
    total = tf.signal.overlap_and_add(filtered[..., :length] * known.window, hop)
    weight = known.overlap(np.arange(hop), hop).astype(np.float32)
    count = tf.shape(x)[1] // hop - 2 * around
    begin = around * hop - offset
    total = total[:, begin : begin + count * hop]
    by_frame = tf.reshape(total, [tf.shape(x)[0], count, hop]) / weight
    there = first[:, None] + around + tf.range(count) >= 0
    return tf.reshape(tf.where(there[..., None], by_frame, 0.0), tf.shape(total))


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
