"""Pitch: classes of lag, targets from audio, and lags from a posterior (NumPy only).

64 lags, spaced logarithmically from rate/400 to rate/70 samples, and class 64: unvoiced. A
posterior over the 65 classes comes from the estimator or from a given fundamental frequency.
"""

from __future__ import annotations

from typing import Any, Sequence, Tuple

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

VOICED = 64
"""Classes of lag; the class of this number is "unvoiced"."""

CLASSES = VOICED + 1
TAPS = 5
"""Residuals around one lag back that the network reads, and classes that a lag is averaged over."""

HIGHEST_HZ, LOWEST_HZ = 400, 70
POSTERIOR_GAIN = 2.0
"""Of the posterior beside the standardised features in the conditioning network."""

_LOW_PASS_HZ = 1000.0
_VOICED_FROM = 0.6
_FIRST_PEAK = 0.93
_LEAST_RMS = 8.0
"""Of the low-passed signal, in 16-bit units: what is quieter is unvoiced."""
_FRAMES_AT_ONCE = 4096


def lag_range(sample_rate: int) -> Tuple[int, int]:
    """The shortest and the longest lag, in samples."""
    return round(sample_rate / HIGHEST_HZ), round(sample_rate / LOWEST_HZ)


def class_lags(sample_rate: int) -> Float64:
    """Lags of the 64 voiced classes, in samples: float64 [64]."""
    low, high = lag_range(sample_rate)
    return low * (high / low) ** (np.arange(VOICED) / (VOICED - 1))


def class_place(lags: npt.ArrayLike, sample_rate: int) -> Float64:
    """Where lags (float [...], in samples) lie on the scale of the classes: float64, in [0, 63]."""
    low, high = lag_range(sample_rate)
    place = np.log(np.asarray(lags, np.float64) / low) / np.log(high / low) * (VOICED - 1)
    return np.clip(place, 0, VOICED - 1)


def targets(audio: npt.ArrayLike, sample_rate: int, hop_length: int) -> Int32:
    """The class of every frame of a recording, by autocorrelation.

    It is the lag of the first peak of the normalised autocorrelation of the low-passed signal that
    reaches 0.93 of the largest one, if that is at least 0.6; else the frame is unvoiced.

    Args:
      audio: int16 [n].
      sample_rate: in Hz.
      hop_length: samples per frame.

    Returns:
      int32 [ceil(n / hop_length)], in [0, 64].
    """
    x = _low_pass(np.asarray(audio, np.float64), sample_rate)
    frames = -(-len(x) // hop_length)
    low, high = lag_range(sample_rate)
    window, ahead = 2 * high, high + 1
    # At the middle lag, the two windows lie evenly around the frame's centre.
    left = (window + (low + high) // 2) // 2
    x = np.pad(x, (left, window + ahead + hop_length))
    energy = np.concatenate([[0.0], np.cumsum(x**2)])
    lags = np.arange(low - 1, high + 2)
    result = np.full(frames, VOICED, np.int32)
    size = 1 << int(window + ahead).bit_length()
    for first in range(0, frames, _FRAMES_AT_ONCE):
        count = min(_FRAMES_AT_ONCE, frames - first)
        start = (first + np.arange(count)) * hop_length + hop_length // 2
        pieces = x[start[:, None] + np.arange(window + ahead)]
        spectra = np.fft.rfft(pieces[:, :window], size), np.fft.rfft(pieces, size)
        product = np.fft.irfft(np.conj(spectra[0]) * spectra[1], size)[:, lags]
        own = energy[start + window] - energy[start]
        at = start[:, None] + lags
        other = energy[at + window] - energy[at]
        least = window * _LEAST_RMS**2
        norm = np.sqrt(np.maximum(own[:, None], least) * np.maximum(other, least))
        lag, voiced = _first_peak(product / norm, lags)
        places = np.rint(class_place(lag, sample_rate)).astype(np.int32)
        voiced &= own >= least
        result[first : first + count] = np.where(voiced, places, VOICED)
    return result


def _first_peak(r: Float64, lags: Int32) -> Tuple[Float64, npt.NDArray[np.bool_]]:
    """The lag of the first high peak of r [frames, lags], and whether there is one."""
    middle = r[:, 1:-1]
    peak = (middle > r[:, :-2]) & (middle >= r[:, 2:])
    height = np.where(peak, middle, -1.0)
    largest = height.max(axis=1)
    chosen = np.argmax(peak & (height >= _FIRST_PEAK * largest[:, None]), axis=1)
    rows = np.arange(len(r))
    before, at, after = (r[rows, chosen + i] for i in range(3))
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / np.where(bend < 0, bend, -1.0)
    return lags[chosen + 1] + np.clip(shift, -0.5, 0.5), largest >= _VOICED_FROM


def _low_pass(x: Float64, sample_rate: int) -> Float64:
    """A windowed sinc of 4 ms, without delay."""
    reach = sample_rate // 500
    n = np.arange(-reach, reach + 1)
    cut = 2 * min(_LOW_PASS_HZ / sample_rate, 0.5)
    taps = cut * np.sinc(cut * n) * (0.5 + 0.5 * np.cos(np.pi * n / (reach + 1)))
    size = 1 << int(len(x) + len(taps)).bit_length()
    spectrum = np.fft.rfft(x, size) * np.fft.rfft(taps / taps.sum(), size)
    return np.fft.irfft(spectrum, size)[reach : reach + len(x)]


def from_frequency(frequency: npt.ArrayLike, sample_rate: int) -> Float32:
    """The posterior of a given fundamental frequency: shared by the two nearest classes.

    Args:
      frequency: float [frames], in Hz; 0 (or less) where there is none.
      sample_rate: in Hz.

    Returns:
      float32 [frames, 65].
    """
    f = np.asarray(frequency, np.float64)
    place = class_place(sample_rate / np.where(f > 0, f, 1.0), sample_rate)
    lower = np.minimum(place.astype(np.int64), VOICED - 2)
    share = place - lower
    rows = np.arange(len(f))
    q = np.zeros([len(f), CLASSES], np.float32)
    q[rows, lower], q[rows, lower + 1] = 1 - share, share
    q[f <= 0] = np.eye(CLASSES, dtype=np.float32)[VOICED]
    return q


def frequencies(classes: npt.ArrayLike, sample_rate: int) -> Float32:
    """Fundamental frequency of classes int [frames], in Hz, 0 where unvoiced: float32 [frames]."""
    classes = np.asarray(classes)
    lags = np.append(class_lags(sample_rate), np.inf)
    return (sample_rate / lags[classes]).astype(np.float32)


def estimate(features: npt.ArrayLike, layers: Sequence[Tuple[Any, Any]]) -> Float32:
    """The estimator: convolutions over frames with ReLU between them, and a softmax.

    Args:
      features: float [frames + 4, n_mels], such as the first layer expects (standardised, or raw
        where the standardisation is folded into it).
      layers: (kernel [k, in, out], bias [out]) of each convolution.

    Returns:
      float32 [frames, 65].
    """
    a = np.asarray(features, np.float32)
    for i, (kernel, bias) in enumerate(layers):
        frames = len(a) - len(kernel) + 1
        a = sum(a[j : j + frames] @ kernel[j] for j in range(len(kernel))) + bias
        if i + 1 < len(layers):
            a = np.maximum(a, 0)
    weights = np.exp(a - a.max(axis=1, keepdims=True))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def frame_log_lags(posterior: npt.ArrayLike, sample_rate: int) -> Float64:
    """Logarithm of the lag of every frame, voiced or not.

    It is the mean of the log lags of the likeliest voiced class and two on each side, weighted by
    their probabilities; where they have none, that of the middle of the scale.

    Args:
      posterior: float [frames, 65].
      sample_rate: in Hz.

    Returns:
      float64 [frames].
    """
    q = np.asarray(posterior, np.float64)[:, :VOICED]
    scale = np.log(class_lags(sample_rate))
    reach = TAPS // 2
    around = np.argmax(q, axis=1)[:, None] + np.arange(-reach, reach + 1)
    inside = (around >= 0) & (around < VOICED)
    around = np.clip(around, 0, VOICED - 1)
    weights = np.take_along_axis(q, around, axis=1) * inside
    total = weights.sum(axis=1)
    mean = (weights * scale[around]).sum(axis=1) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, mean, scale.mean())


def lags(posterior: npt.ArrayLike, steps_per_frame: int, sample_rate: int) -> Int32:
    """The lag of every conditioning step.

    Args:
      posterior: float [1 + frames + 1, 65], with the neighbours of the frames.
      steps_per_frame: conditioning steps per frame.
      sample_rate: in Hz.

    Returns:
      int32 [frames * steps_per_frame], in samples.
    """
    steps = interpolate(frame_log_lags(posterior, sample_rate), steps_per_frame)
    return np.clip(np.rint(np.exp(steps)), *lag_range(sample_rate)).astype(np.int32)


def voicing(posterior: npt.ArrayLike, steps_per_frame: int) -> Float64:
    """The probability that a conditioning step is voiced: float64 [frames * steps_per_frame].

    Args:
      posterior: float [1 + frames + 1, 65], with the neighbours of the frames.
      steps_per_frame: conditioning steps per frame.
    """
    return interpolate(1.0 - np.asarray(posterior, np.float64)[:, VOICED], steps_per_frame)


def interpolate(values: Float64, steps_per_frame: int) -> Float64:
    """From the frames' centres to the steps' centres, linearly.

    Args:
      values: float64 [1 + frames + 1], with the neighbours of the frames.
      steps_per_frame: conditioning steps per frame.

    Returns:
      float64 [frames * steps_per_frame].
    """
    place = step_places(steps_per_frame)
    before, own, after = values[:-2, None], values[1:-1, None], values[2:, None]
    back, ahead = np.maximum(-place, 0), np.maximum(place, 0)
    return ((1 - back - ahead) * own + back * before + ahead * after).reshape(-1)


def step_places(steps_per_frame: int) -> Float64:
    """Centres of a frame's steps, in frames from the frame's centre: float64 [steps_per_frame]."""
    return (np.arange(steps_per_frame) + 0.5) / steps_per_frame - 0.5
