"""Short-time autocorrelation, freed of the window's own (numpy only).

For a frame x under a Hann window w, with the autocorrelations a_x of w x and a_w of w (Boersma,
"Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound", 1993):

    r(lag) = [a_x(lag) / a_x(0)] / [a_w(lag) / a_w(0)]

A sound of period T has r(T) = h / (h + n), where h and n are the powers of what is periodic and of
the noise.
"""

from __future__ import annotations

from typing import Optional, Tuple

import numpy as np

from wavernn_tf.errors import WaveRNNError

HOP_SECONDS = 0.01
"""From one frame to the next."""

WINDOW_SECONDS = 0.04
"""Three periods of a voice of 75 Hz."""

_SILENT = 1e-9
"""A frame of less power than this, of float64 samples in [-1, 1], has no periodicity."""


def power_spectra(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Power spectra of Hann-windowed frames, a frame every 10 ms.

    Args:
      audio: int16 [samples], at least one.
      sample_rate: in Hz.

    Returns:
      float64 [frames, bins]; frame t is centred on the sample t * hop, frames = samples // hop + 1.
      The frames are padded with as many zeros, so that the autocorrelation does not wrap.

    Raises:
      WaveRNNError: for no samples.
    """
    if not len(audio):
        raise WaveRNNError("Expected at least one sample to analyse; got none.")
    hop, size = _sizes(sample_rate)
    x = np.pad(np.asarray(audio, np.float64) / 32768.0, (size // 2, size))
    starts = np.arange(len(audio) // hop + 1) * hop
    frames = x[starts[:, None] + np.arange(size)]
    frames = (frames - frames.mean(axis=1, keepdims=True)) * _hann(size)
    return np.square(np.abs(np.fft.rfft(frames, 2 * size)))


def normalised(
    spectra: np.ndarray,
    sample_rate: int,
    longest: float,
    finer: int = 1,
    band: Optional[Tuple[float, float]] = None,
) -> np.ndarray:
    """Autocorrelation of every frame at lags up to `longest`.

    Args:
      spectra: float64 [frames, bins], from `power_spectra`.
      sample_rate: in Hz.
      longest: in seconds, at most half the window.
      finer: lags per sample.
      band: lowest and highest frequency in Hz, to see this part of the spectrum alone.

    Returns:
      float64 [frames, lags]; lag i is i / (finer * sample_rate) seconds; 1 at lag 0 and at most
      about 1 elsewhere. All 0 but for lag 0 where there is silence.
    """
    _, size = _sizes(sample_rate)
    lags = min(int(longest * sample_rate), size // 2) * finer + 1
    if band is not None:
        hz = np.fft.rfftfreq(2 * size, 1.0 / sample_rate)
        spectra = spectra * ((hz >= band[0]) & (hz < band[1]))
    length = 2 * size * finer
    raw = np.fft.irfft(spectra, length)[:, :lags] * finer
    window = np.square(np.abs(np.fft.rfft(_hann(size), 2 * size)))
    own = np.fft.irfft(window, length)[:lags]
    loud = raw[:, :1] > _SILENT * size
    found = raw / np.where(loud, raw[:, :1], 1.0) / (own / own[0])
    found = np.where(loud, found, 0.0)
    found[:, 0] = 1.0
    return found


def _sizes(sample_rate: int) -> Tuple[int, int]:
    """Samples of a hop, and of a window (even)."""
    return round(HOP_SECONDS * sample_rate), 2 * round(WINDOW_SECONDS * sample_rate / 2)


def _hann(size: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(size) + 0.5) / size)
