"""The TensorFlow twins of `linear_prediction`, `pitch`, `coding`, `teacher` in `prediction/`.

All integers are equal: samples, predictions, codes and residuals. Lags may differ by one where a
rounding of the posterior decides.
"""

from __future__ import annotations

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.audio import dsp
from wavernn_tf.config import Config, MelRecipe, SignalConfig
from wavernn_tf.prediction import coding, noise_shaping, pitch
from wavernn_tf.prediction import linear_prediction as prediction
from wavernn_tf.voice.weights import Weights

MASKED = -1e9
"""Logit of a fine class that its coarse class does not have."""


def network_input(
    features: tf.Tensor, config: Config, w: Weights
) -> Tuple[tf.Tensor, Optional[tf.Tensor]]:
    """What the conditioning network reads, and the pitch posterior.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features], raw.
      config: pitch and recipe.
      w: the arrays of the network.

    Returns:
      float32 [batch, n, inputs], the mel and beside it twice the posterior; and the posterior
      [batch, n, 65], or None. n: frames + those that the conditioning network sees beside them.
    """
    features = tf.convert_to_tensor(features)
    mel = features[..., : config.mel.n_mels]
    if config.signal.pitch == "off":
        return features, None
    if config.signal.pitch == "given":
        q = from_frequency(features[..., config.mel.n_mels], config.mel.sample_rate)
    else:
        q = estimate(mel, w.pitch)
        reach = config.past - config.model.conditioning.past
        mel = mel[:, reach : tf.shape(mel)[1] - reach]
    return tf.concat([mel, pitch.POSTERIOR_GAIN * q], axis=-1), q


def estimate(mel: tf.Tensor, layers: Sequence[Tuple[tf.Tensor, tf.Tensor]]) -> tf.Tensor:
    """`pitch.estimate` in TensorFlow: [batch, frames + 4, n_mels] to [batch, frames, 65]."""
    a = mel
    for i, (kernel, bias) in enumerate(layers):
        a = tf.nn.conv1d(a, kernel, stride=1, padding="VALID") + bias
        if i + 1 < len(layers):
            a = tf.nn.relu(a)
    return tf.nn.softmax(a)


def from_frequency(frequency: tf.Tensor, sample_rate: int) -> tf.Tensor:
    """`pitch.from_frequency` in TensorFlow: float32 [...] in Hz to float32 [..., 65]."""
    f = tf.cast(frequency, tf.float64)
    voiced = f > 0
    low, high = pitch.lag_range(sample_rate)
    lag = sample_rate / tf.where(voiced, f, tf.ones_like(f))
    place = tf.math.log(lag / low) * ((pitch.VOICED - 1) / math.log(high / low))
    place = tf.clip_by_value(place, 0.0, pitch.VOICED - 1.0)
    # Linear interpolation between classes is a triangle around each.
    classes = tf.range(pitch.VOICED, dtype=tf.float64)
    triangles = tf.nn.relu(1.0 - tf.abs(place[..., None] - classes))
    q = tf.where(voiced[..., None], triangles, tf.zeros_like(triangles))
    unvoiced = tf.cast(tf.logical_not(voiced), tf.float64)[..., None]
    return tf.cast(tf.concat([q, unvoiced], axis=-1), tf.float32)


def lags(posterior: tf.Tensor, steps_per_frame: int, sample_rate: int) -> tf.Tensor:
    """`pitch.lags` in TensorFlow: [batch, 1 + frames + 1, 65] to int32 [batch, steps]."""
    q = tf.cast(posterior[..., : pitch.VOICED], tf.float64)
    scale = tf.constant(np.log(pitch.class_lags(sample_rate)))
    best = tf.argmax(q, axis=-1, output_type=tf.int32)
    near = tf.abs(best[..., None] - tf.range(pitch.VOICED)) <= pitch.TAPS // 2
    weights = tf.where(near, q, tf.zeros_like(q))
    total = tf.reduce_sum(weights, axis=-1)
    mean = tf.math.divide_no_nan(tf.reduce_sum(weights * scale, axis=-1), total)
    mean = tf.where(total > 0, mean, tf.reduce_mean(scale) * tf.ones_like(mean))
    steps = interpolate(mean, steps_per_frame)
    low, high = pitch.lag_range(sample_rate)
    return tf.cast(tf.clip_by_value(tf.round(tf.exp(steps)), float(low), float(high)), tf.int32)


def voicing_levels(posterior: tf.Tensor, steps_per_frame: int) -> tf.Tensor:
    """`noise_shaping.levels` of `pitch.voicing` in TensorFlow.

    Args:
      posterior: [batch, 1 + frames + 1, 65].
      steps_per_frame: conditioning steps per frame.

    Returns:
      int32 [batch, steps].
    """
    voiced = 1.0 - tf.cast(posterior[..., pitch.VOICED], tf.float64)
    voicing = tf.cast(interpolate(voiced, steps_per_frame), tf.float32)
    return tf.cast(tf.round(noise_shaping.LEVELS * voicing), tf.int32)


def interpolate(values: tf.Tensor, steps_per_frame: int) -> tf.Tensor:
    """`pitch.interpolate` in TensorFlow: float64 [batch, 1 + frames + 1] to [batch, steps]."""
    place = pitch.step_places(steps_per_frame)
    back, ahead = np.maximum(-place, 0), np.maximum(place, 0)
    before, own, after = values[:, :-2, None], values[:, 1:-1, None], values[:, 2:, None]
    steps = (1 - back - ahead) * own + back * before + ahead * after
    return tf.reshape(steps, [tf.shape(steps)[0], tf.shape(steps)[1] * steps_per_frame])


def coefficients(mel: tf.Tensor, recipe: MelRecipe, signal: SignalConfig) -> tf.Tensor:
    """`prediction.coefficients` in TensorFlow: [batch, frames, n_mels] to float64 [..., order]."""
    known = prediction.spectrum(recipe, signal)
    limit = math.log(prediction.POWER_LIMIT)
    log_power = tf.cast(mel, tf.float64) * known.slope + known.intercept
    power = tf.exp(tf.clip_by_value(log_power, -limit, limit))
    r = tf.einsum("bfm,km->bfk", power, known.matrix) + known.floor
    a: List[tf.Tensor] = []
    error = r[..., 0]
    for i in range(signal.prediction_order):
        missing = r[..., i + 1]
        for j, value in enumerate(a):
            missing = missing - value * r[..., i - j]
        reflection = missing / error
        a = [value - reflection * other for value, other in zip(a, a[::-1])] + [reflection]
        error = error * (1.0 - reflection**2)
    steps = tf.round(tf.stack(a, axis=-1) / prediction.COEFFICIENT_STEP)
    limit = prediction.COEFFICIENT_LIMIT
    return tf.clip_by_value(steps * prediction.COEFFICIENT_STEP, -limit, limit)


def predict(samples: tf.Tensor, a: tf.Tensor, hop_length: int, signal: SignalConfig) -> tf.Tensor:
    """`prediction.predict` in TensorFlow: int32 [batch, n], float64 [batch, frames, order]."""
    n, order = tf.shape(samples)[1], a.shape[-1]
    past = tf.pad(tf.cast(samples, tf.float64), [[0, 0], [order, 0]])
    sums = tf.zeros(tf.shape(samples), tf.float64)
    for k in range(1, order + 1):
        held = tf.repeat(a[:, :, k - 1], hop_length, axis=1)[:, :n]
        sums += held * past[:, order - k : order - k + n]
    return rounded(sums, signal)


def rounded(sums: tf.Tensor, signal: SignalConfig) -> tf.Tensor:
    """A prediction's sum of products, float64 [...], to int32."""
    low, high = prediction.limits(signal)
    return tf.cast(tf.clip_by_value(tf.round(sums), float(low), float(high)), tf.int32)


def encode(v: tf.Tensor, split: str) -> Tuple[tf.Tensor, tf.Tensor]:
    """`coding.encode` in TensorFlow: int32 [...]."""
    if split == "linear":
        return dsp.halves(v)
    c = tf.gather(coding.COARSE, v)
    place, width = v - tf.gather(coding.EDGES, c), tf.gather(coding.WIDTHS, c)
    return c, tf.where(width <= 256, place, place * 256 // width)


def decode(coarse: tf.Tensor, fine: tf.Tensor, split: str) -> tf.Tensor:
    """`coding.decode` in TensorFlow: int32 [...]."""
    if split == "linear":
        return coarse * 256 + fine
    width = tf.gather(coding.WIDTHS, coarse)
    place = tf.where(width <= 256, fine, (2 * fine + 1) * width // 512)
    return tf.gather(coding.EDGES, coarse) + place


def value(samples: tf.Tensor, predictions: tf.Tensor, signal: SignalConfig) -> tf.Tensor:
    """`coding.value` in TensorFlow: int32 [...]."""
    return tf.bitwise.bitwise_and(samples - predictions + (32768 + signal.offset), 65535)


def sample(v: tf.Tensor, predictions: tf.Tensor, signal: SignalConfig) -> tf.Tensor:
    """`coding.sample` in TensorFlow: int32 [...]."""
    return tf.bitwise.bitwise_and(v + predictions, 65535) - (32768 + signal.offset)


def shaped(
    v: tf.Tensor,
    predictions: tf.Tensor,
    median: tf.Tensor,
    level: tf.Tensor,
    noise: tf.Tensor,
    signal: SignalConfig,
) -> Tuple[tf.Tensor, tf.Tensor]:
    """Shape the noise of drawn values (`wavernn_tf.prediction.noise_shaping`); all int32 [rows].

    Args:
      v: the drawn coded values.
      predictions: p of the samples.
      median: coarse classes in the middle of the distributions.
      level: V of the steps.
      noise: eta of the samples before.
      signal: rho, and the coding.

    Returns:
      The coded values that the next step reads, and their noise.
    """
    share = noise_shaping.amount(signal)
    product = share * tf.cast(level, tf.int64) * tf.cast(noise, tf.int64)  # beyond 32 bits
    shift = tf.cast(tf.math.floordiv(product + (1 << 15), 1 << 16), tf.int32)
    low, high = prediction.limits(signal)
    s = tf.clip_by_value(sample(v, predictions, signal) - shift, low, high)
    middle = tf.gather(coding.fine_counts(signal.split) // 2, median)
    return value(s, predictions, signal), v - decode(median, middle, signal.split)


def fine_mask(split: str) -> np.ndarray:
    """What is added to the fine logits of every coarse class: float32 [256, 256], 0 or `MASKED`."""
    present = np.arange(256) < coding.fine_counts(split)[:, None]
    return np.where(present, 0.0, MASKED).astype(np.float32)


def logarithmic(samples: tf.Tensor) -> tf.Tensor:
    """`coding.logarithmic` in TensorFlow: int32 [...] to float32 [...]."""
    x = tf.cast(samples, tf.float64)
    scaled = tf.sign(x) * tf.math.log1p(tf.abs(x) / 8) / math.log(4097)
    return tf.cast(scaled, tf.float32)


class History(NamedTuple):
    """What the inputs of the next sample need of those before; int32 [rows, ...].

    Attributes:
      samples: [rows, max(order, 1)], s, the newest last.
      residuals: [rows, longest lag + 3], or 1 without the lagged inputs: e, the newest last.
    """

    samples: tf.Tensor
    residuals: tf.Tensor

    def append(self, s: tf.Tensor, e: tf.Tensor) -> History:
        """The history after one more sample and residual, int32 [rows]."""
        return History(_shift(self.samples, s), _shift(self.residuals, e))

    def without_newest(self) -> Tuple[History, Tuple[tf.Tensor, tf.Tensor]]:
        """Undo `append`, as far as the next one cannot tell: a history, and s and e."""
        newest = self.samples[:, -1], self.residuals[:, -1]
        return History(*(tf.roll(x, 1, axis=1) for x in self)), newest


def history_sizes(config: Config) -> Tuple[int, int]:
    """Samples and residuals of a `History`."""
    longest = pitch.lag_range(config.mel.sample_rate)[1] + 3
    lagged = "lagged" in config.model.extra_inputs
    return max(config.signal.prediction_order, 1), longest if lagged else 1


def prediction_of(history: History, a: Optional[tf.Tensor], signal: SignalConfig) -> tf.Tensor:
    """The prediction of the next sample, int32 [rows]; a: float64 [rows, order], or None."""
    if a is None:
        return tf.zeros_like(history.samples[:, 0])
    newest_first = tf.cast(history.samples[:, ::-1], tf.float64)
    return rounded(tf.reduce_sum(newest_first * a, axis=1), signal)


def extra_inputs(
    history: History, predicted: tf.Tensor, lag: Optional[tf.Tensor], config: Config
) -> tf.Tensor:
    """The extra inputs of the next sample, in order.

    Args:
      history: of the sequences.
      predicted: int32 [rows], the next sample's prediction.
      lag: int32 [rows]; None without the lagged inputs.
      config: names the inputs.

    Returns:
      float32 [rows, inputs].
    """
    s, e = history.samples[:, -1], history.residuals[:, -1]
    columns: List[tf.Tensor] = []
    for name in config.model.extra_inputs:
        if name == "lagged":
            assert lag is not None
            reach = pitch.TAPS // 2
            at = tf.shape(history.residuals)[1] - lag[:, None] + tf.range(-reach, reach + 1)
            columns.append(dsp.to_float(tf.gather(history.residuals, at, batch_dims=1)))
        else:
            column = {
                "sample": lambda: dsp.to_float(s),
                "prediction": lambda: dsp.to_float(predicted),
                "log_residual": lambda: logarithmic(e),
                "log_sample": lambda: logarithmic(s),
                "log_prediction": lambda: logarithmic(predicted),
            }[name]()
            columns.append(column[:, None])
    if not columns:
        return tf.zeros([tf.shape(s)[0], 0])
    return tf.concat(columns, axis=1)


def whole_inputs(
    s: tf.Tensor, p: tf.Tensor, v: tf.Tensor, lag: Optional[tf.Tensor], config: Config
) -> tf.Tensor:
    """`teacher.inputs` in TensorFlow: int32 [batch, n] each to float32 [batch, n, rows]."""
    signal = config.signal
    first_c, first_f = coding.start(signal)
    c, f = encode(v, signal.split)
    e = v - (32768 + signal.offset)
    last_c = _delay(c, first_c)
    last_f = _delay(f, first_f)
    columns = [tf.stack([dsp.scalar(last_c), dsp.scalar(last_f), dsp.scalar(c)], axis=-1)]
    last_s, last_e = _delay(s, 0), _delay(e, 0)
    for name in config.model.extra_inputs:
        if name == "lagged":
            longest = pitch.lag_range(config.mel.sample_rate)[1] + pitch.TAPS
            padded = tf.pad(e, [[0, 0], [longest, 0]])
            at = tf.range(tf.shape(e)[1]) + longest - lag
            reach = pitch.TAPS // 2
            taps = at[:, :, None] + tf.range(-reach, reach + 1)
            columns.append(dsp.to_float(tf.gather(padded, taps, batch_dims=1)))
        else:
            column = {
                "sample": lambda: dsp.to_float(last_s),
                "prediction": lambda: dsp.to_float(p),
                "log_residual": lambda: logarithmic(last_e),
                "log_sample": lambda: logarithmic(last_s),
                "log_prediction": lambda: logarithmic(p),
            }[name]()
            columns.append(column[..., None])
    return tf.concat(columns, axis=-1)


def _shift(kept: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    return tf.concat([kept[:, 1:], new[:, None]], axis=1)


def _delay(x: tf.Tensor, first: int) -> tf.Tensor:
    return tf.pad(x[:, :-1], [[0, 0], [1, 0]], constant_values=first)
