"""Short-time normalised autocorrelation (numpy only).

For a frame x under a Hann window w:

    r(lag) = sum w[n] w[n + lag] x[n] x[n + lag]
             / sqrt(sum w[n] w[n + lag] x[n]^2 * sum w[n] w[n + lag] x[n + lag]^2)

It lies in [-1, 1]. A sound of period T has r(T) = 1 exactly, wherever the window lies, and with
white noise r(T) = h / (h + n), where h and n are the powers of the sound and of the noise. (The
normalisation by the window's own autocorrelation, of Boersma 1993, has these values only where the
window is many periods long.)
"""

from __future__ import annotations

from typing import Tuple

import numpy as np

from wavernn_tf.errors import WaveRNNError

HOP_SECONDS = 0.01
"""From one frame to the next."""

WINDOW_SECONDS = 0.04
"""Three periods of a voice of 75 Hz."""

_SILENT = 1e-10
"""Mean square, of samples in [-1, 1], below which nothing is periodic: a third of a 16-bit unit."""


def frames(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Cut a waveform in frames of 40 ms, one every 10 ms.

    Args:
      audio: float or int16 [samples], at least one.
      sample_rate: in Hz.

    Returns:
      float64 [frames, size], full scale 1, their means taken off; frame t is centred on the sample
      t * hop, frames = samples // hop + 1.

    Raises:
      WaveRNNError: for no samples.
    """
    if not len(audio):
        raise WaveRNNError("Expected at least one sample to analyse; got none.")
    hop, size = round(HOP_SECONDS * sample_rate), 2 * round(WINDOW_SECONDS * sample_rate / 2)
    x = np.pad(np.asarray(audio, np.float64) / 32768.0, (size // 2, size))
    starts = np.arange(len(audio) // hop + 1) * hop
    cut = x[starts[:, None] + np.arange(size)]
    return cut - cut.mean(axis=1, keepdims=True)


def normalised(x: np.ndarray, lags: int, finer: int = 1) -> np.ndarray:
    """Autocorrelation r of every frame.

    Args:
      x: float64 [frames, size], from `frames`.
      lags: how many samples the longest lag has, less than size.
      finer: lags per sample.

    Returns:
      float64 [frames, lags * finer + 1]; lag i is of i / finer samples. 0 where there is silence.
    """
    size = x.shape[1]
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(size) + 0.5) / size)
    # Twice the length, so that nothing wraps; zeros in the spectrum give the lags between samples.
    of_frame = np.fft.rfft(x * window, 2 * size)
    of_energy = np.fft.rfft(np.square(x) * window, 2 * size)
    of_window = np.fft.rfft(window, 2 * size)

    def correlation(spectrum: np.ndarray) -> np.ndarray:
        return np.fft.irfft(spectrum, 2 * size * finer)[:, : lags * finer + 1] * finer

    product = correlation(np.square(np.abs(of_frame)))
    before = correlation(np.conj(of_energy) * of_window)
    after = correlation(of_energy * np.conj(of_window))
    power = np.sqrt(np.maximum(before, 0.0) * np.maximum(after, 0.0))
    weight = np.fft.irfft(np.square(np.abs(of_window)), 2 * size * finer)[: lags * finer + 1]
    loud = power > _SILENT * finer * np.maximum(weight, 0.0)
    found = np.where(loud, product / np.where(loud, power, 1.0), 0.0)
    return np.clip(found, -1.0, 1.0)


def band_pass(audio: np.ndarray, sample_rate: int, band: Tuple[float, float]) -> np.ndarray:
    """The part of a waveform between two frequencies, with no delay.

    Args:
      audio: int16 [samples].
      sample_rate: in Hz.
      band: lowest and highest frequency, in Hz.

    Returns:
      float64 [samples], on the scale of `audio`.
    """
    spectrum = np.fft.rfft(np.asarray(audio, np.float64), 2 * len(audio))
    hz = np.fft.rfftfreq(2 * len(audio), 1.0 / sample_rate)
    inside = (hz >= band[0]) & (hz < band[1])
    return np.fft.irfft(np.where(inside, spectrum, 0.0), 2 * len(audio))[: len(audio)]
