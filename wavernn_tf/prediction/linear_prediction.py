"""Linear prediction of every sample, from the features alone (NumPy only).

The log-mel of a frame gives the power spectrum, that the autocorrelation, and that the predictor::

    r = matrix exp(clip(slope * mel + intercept)) + floor      r_0 .. r_order
    a = Levinson-Durbin(r), rounded to multiples of 2^-12      a_1 .. a_order, held for the frame
    p_t = clip(rint(sum_k a_k s_{t-k}))

The rounding makes every sum of products exact in float64, so that NumPy, TensorFlow and C++ predict
the same integers whatever the order of their sums.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Tuple

import numpy as np
import numpy.typing as npt

from wavernn_tf.audio import mel as mel_lib
from wavernn_tf.config import MelRecipe, SignalConfig

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

POWER_LIMIT = 1e12
"""Power of a band lies between its reciprocal and this, whatever the features are."""

COEFFICIENT_STEP = 2.0**-12
COEFFICIENT_LIMIT = 2.0**15

_LAG_WINDOW_HZ = 40.0
_WHITE_FLOOR = 1e-7
"""Variance of the white noise, of full scale 1, that is added to every spectrum (-70 dB)."""
_WHITE_SHARE = 1e-4
"""White noise that is added in proportion to the signal."""
_LEAST_AREA = 0.25
"""A band whose filter meets less than this share of its area in FFT bins is left out."""


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """What turns log-mel features into an autocorrelation.

    Attributes:
      slope: of ln(power) over a feature.
      intercept: of ln(power).
      matrix: float64 [order + 1, n_mels], power per band to the autocorrelation: the bands' areas,
        their interpolation, the pre-emphasis, the inverse FFT and the lag window; r[0] includes the
        noise that is in proportion to the signal.
      floor: float64 [order + 1], the autocorrelation of the white floor.
    """

    slope: float
    intercept: float
    matrix: Float64
    floor: Float64


@functools.lru_cache(maxsize=16)
def spectrum(recipe: MelRecipe, signal: SignalConfig) -> Spectrum:
    """The constants of a recipe.

    Power is interpolated linearly from band centre to band centre over the bins of the FFT, and
    constant beyond the first and the last.

    Args:
      recipe: of kind "mel".
      signal: pre-emphasis and prediction order.
    """
    filters = mel_lib.mel_filterbank(recipe).astype(np.float64)  # [bins, n_mels]
    edges = mel_lib.band_edges(recipe)
    width = recipe.sample_rate / recipe.n_fft
    area = filters.sum(axis=0)
    ideal = (edges[2:] - edges[:-2]) / 2 / width
    if recipe.mel_norm == "slaney":
        ideal = np.full_like(ideal, 1 / width)
    kept = np.flatnonzero(area >= _LEAST_AREA * ideal)
    bins = np.arange(recipe.n_fft // 2 + 1) * width
    bands = np.zeros([len(bins), recipe.n_mels])  # power per band to power per bin
    exponent = 3.0 - recipe.power  # of the area: power 1 is squared
    for band in kept:
        peak = np.zeros(len(kept))
        peak[kept == band] = area[band] ** -exponent
        bands[:, band] = np.interp(bins, edges[1:-1][kept], peak)
    w = 2 * np.pi * bins / recipe.sample_rate
    emphasis = np.abs(1 - signal.pre_emphasis * np.exp(-1j * w)) ** 2
    k = np.arange(signal.prediction_order + 1)
    lag_window = np.exp(-0.5 * (2 * np.pi * _LAG_WINDOW_HZ * k / recipe.sample_rate) ** 2)
    lag_window[0] += _WHITE_SHARE

    def autocorrelation(power: Float64) -> Float64:
        return np.fft.irfft(power, recipe.n_fft, axis=0)[: len(k)]

    matrix = lag_window[:, None] * autocorrelation(emphasis[:, None] * bands)
    # A frame of white noise of variance v has the power v * sum(window^2) in every bin.
    white = _WHITE_FLOOR * float(np.sum(mel_lib.window(recipe).astype(np.float64) ** 2))
    floor = np.zeros(len(k))
    floor[0] = white * (1 + _WHITE_SHARE)
    slope = mel_lib.log_unit(recipe) * 2.0 / recipe.power
    return Spectrum(slope * recipe.scale, slope * recipe.offset, matrix, floor)


def autocorrelation(
    mel: npt.ArrayLike, recipe: MelRecipe, signal: SignalConfig
) -> npt.NDArray[np.float64]:
    """Autocorrelation of the pre-emphasised signal of every frame.

    Args:
      mel: float [frames, n_mels], as the recipe makes them, not standardised; finite.
      recipe: of kind "mel".
      signal: pre-emphasis and prediction order.

    Returns:
      float64 [frames, order + 1], finite, r[0] > 0; up to a factor that all frames share.
    """
    known = spectrum(recipe, signal)
    log_power = np.asarray(mel, np.float64) * known.slope + known.intercept
    limit = math.log(POWER_LIMIT)
    power = np.exp(np.clip(log_power, -limit, limit))
    return power @ known.matrix.T + known.floor


def coefficients(mel: npt.ArrayLike, recipe: MelRecipe, signal: SignalConfig) -> Float64:
    """Coefficients of the linear predictor of every frame.

    Args:
      mel: float [frames, n_mels], as the recipe makes them, not standardised; finite.
      recipe: of kind "mel".
      signal: pre-emphasis and prediction order.

    Returns:
      float64 [frames, order], a_1 .. a_order: multiples of 2^-12.
    """
    a = levinson(autocorrelation(mel, recipe, signal))
    return round_coefficients(a)


def round_coefficients(a: Float64) -> Float64:
    """Coefficients to multiples of 2^-12 (half to even), at most 2^15."""
    rounded = np.rint(a / COEFFICIENT_STEP) * COEFFICIENT_STEP
    return np.clip(rounded, -COEFFICIENT_LIMIT, COEFFICIENT_LIMIT)


def levinson(r: Float64) -> Float64:
    """Levinson-Durbin: the predictor of an autocorrelation.

    Args:
      r: float64 [..., order + 1], positive definite.

    Returns:
      float64 [..., order]: a of the prediction sum_k a_k s_{t-k}.
    """
    a = np.zeros_like(r[..., 1:])
    error = r[..., 0].copy()
    for i in range(a.shape[-1]):
        missing = r[..., i + 1] - np.sum(a[..., :i] * r[..., i:0:-1], axis=-1)
        reflection = missing / error
        a[..., :i] = a[..., :i] - reflection[..., None] * a[..., :i][..., ::-1]
        a[..., i] = reflection
        error = error * (1 - reflection**2)
    return a


def predict(
    samples: npt.ArrayLike, a: Float64, hop_length: int, signal: SignalConfig
) -> npt.NDArray[np.int32]:
    """Predict every sample of a recording from those before it; zeros before the start.

    Args:
      samples: int [n], n <= frames * hop_length.
      a: float64 [frames, order] from `coefficients`.
      hop_length: samples per frame.
      signal: the range of samples.

    Returns:
      int32 [n], p.
    """
    s = np.asarray(samples, np.float64)
    n, order = len(s), a.shape[1]
    past = np.concatenate([np.zeros(order), s])
    sums = np.zeros(n)
    for k in range(1, order + 1):
        sums += np.repeat(a[:, k - 1], hop_length)[:n] * past[order - k : order - k + n]
    return clip(np.rint(sums), signal).astype(np.int32)


def clip(samples: npt.ArrayLike, signal: SignalConfig) -> npt.NDArray[np.float64]:
    """Samples, or predictions, to what 16 bits can code: [-32768 - o, 32767 - o]."""
    return np.clip(np.asarray(samples, np.float64), *limits(signal))


def limits(signal: SignalConfig) -> Tuple[int, int]:
    """The smallest and the largest sample that 16 bits can code."""
    return -32768 - signal.offset, 32767 - signal.offset
