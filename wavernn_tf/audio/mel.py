"""Log-mel features as a recipe says, with their bands and window (NumPy only). Pure functions."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError

_FRAMES_AT_ONCE = 2048
"""Frames per FFT call: bounds the memory for recordings of hours."""


def frame_count(samples: int, hop_length: int) -> int:
    """Frames that cover so many samples (the last one may be padded)."""
    return -(-samples // hop_length)


def log_mel(audio: npt.ArrayLike, recipe: MelRecipe) -> npt.NDArray[np.float32]:
    """Log-mel features of a waveform, as `MelRecipe` says; computed in float64.

    Args:
      audio: float [samples] in [-1, 1], at `recipe.sample_rate`; padded with zeros to a multiple
        of `hop_length` first. It may be shorter than the FFT: the reflection at the edges then
        goes back and forth.
      recipe: of kind "mel".

    Returns:
      float32 [frames, n_mels], frames = ceil(samples / hop_length).

    Raises:
      WaveRNNError: for no samples at all, or features computed elsewhere.
    """
    if recipe.kind != "mel":
        raise WaveRNNError(
            f"Expected a recipe of kind `mel` to compute features; {recipe.name!r} is "
            f"{recipe.kind!r}: its features come from elsewhere (see --mel-dir)."
        )
    waveform = np.asarray(audio, np.float64)
    if not len(waveform):
        raise WaveRNNError("Expected at least one sample to compute features; got none.")
    frames = np.lib.stride_tricks.sliding_window_view(_pad(waveform, recipe), recipe.n_fft)
    frames = frames[:: recipe.hop_length]  # [frames or one more, n_fft]
    count = frame_count(len(waveform), recipe.hop_length)
    starts = range(0, count, _FRAMES_AT_ONCE)
    parts = [_log_mel(frames[s : min(s + _FRAMES_AT_ONCE, count)], recipe) for s in starts]
    return np.concatenate(parts)


def _pad(audio: npt.NDArray[np.float64], recipe: MelRecipe) -> npt.NDArray[np.float64]:
    """Zeros to a multiple of the hop, then the edges."""
    hop, n_fft = recipe.hop_length, recipe.n_fft
    audio = np.pad(audio, (0, -len(audio) % hop))
    left = (n_fft - hop) // 2 if recipe.padding == "same" else n_fft // 2
    right = n_fft - (hop if recipe.padding == "same" else 0) - left
    if recipe.padding == "center-zero":
        return np.pad(audio, (left, right))
    return np.pad(audio, (left, right), mode="reflect")  # without repeating the edge


def _log_mel(frames: npt.NDArray[np.float64], recipe: MelRecipe) -> npt.NDArray[np.float32]:
    """Features of frames [frames, n_fft]: float32 [frames, n_mels]."""
    spectrum = np.abs(np.fft.rfft(frames * window(recipe)))  # [frames, n_fft // 2 + 1]
    if recipe.power == 2.0:
        spectrum = np.square(spectrum)
    mel = np.maximum(spectrum @ mel_filterbank(recipe), recipe.floor)
    return ((np.log(mel) / log_unit(recipe) - recipe.offset) / recipe.scale).astype(np.float32)


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


def log_unit(recipe: MelRecipe) -> float:
    """The natural logarithm of a band over the recipe's own."""
    return {"ln": 1.0, "log10": math.log(10.0), "db": math.log(10.0) / 10.0}[recipe.log]


def band_edges(recipe: MelRecipe) -> npt.NDArray[np.float64]:
    """Edges of the bands, in Hz: float64 [n_mels + 2]; band b lies around edge b + 1."""
    ends = hz_to_mel([recipe.fmin, recipe.fmax], recipe.mel_scale)
    return mel_to_hz(np.linspace(ends[0], ends[1], recipe.n_mels + 2), recipe.mel_scale)


@functools.cache
def mel_filterbank(recipe: MelRecipe) -> npt.NDArray[np.float32]:
    """Triangular filters between neighbouring mel frequencies.

    Args:
      recipe: rate, n_fft, n_mels, fmin, fmax, mel_scale, mel_norm.

    Returns:
      float32 [n_fft // 2 + 1, n_mels]; each filter peaks at 1 (`mel_norm` "none") or has unit
      area over Hz ("slaney").
    """
    edges = band_edges(recipe)
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
