"""The spectral postfilter: every mel band of the finished waveform as loud as the features say.

The features say how loud each band of a frame is to be. The waveform is analysed as the features
once were; each band's gain

    g = (max(wanted, floor) / max(found, floor))^(1 / power)      limited to [-20, +12] dB

is laid over the bins, linearly from band centre to band centre, and the frames are added up again
through the same window. A band's change also moves what lies beside it in time and frequency, so
one pass does not reach the features; further passes, one behind the other, bring the waveform
nearer. The op runs them after de-emphasis; `apply` is the same in NumPy, on whole recordings.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, List

import numpy as np
import numpy.typing as npt

from wavernn_tf.audio import mel as mel_lib
from wavernn_tf.config import MelRecipe, SignalConfig

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

LEAST_GAIN, LARGEST_GAIN = 0.1, 10 ** (12 / 20)
LOG_LIMIT = math.log(1e12)

NAMES = ("scale", "frame", "window", "columns", "first", "weights", "places")
"""Of the arrays, in a file's order, behind "spectral_"."""


@dataclasses.dataclass(frozen=True)
class Bands:
    """The analysis behind a recipe's features. Bands without a bin are left out.

    Attributes:
      scale: float64 [3], slope and intercept of ln(band) over a feature, and the floor.
      frame: int32 [2], first sample of a frame's window, from the frame's own first sample on, and
        the power of the magnitude spectrum.
      window: float32 [win_length].
      columns: int32 [bands], of the features.
      first: int32 [bins], the lower one of a bin's two bands.
      weights: float32 [bins, 2], of a bin in these two.
      places: float32 [bins], where a bin lies among the centres of the bands, in 0..bands - 1;
        `bands` above the highest one's edge: such a bin is left as it is.
    """

    scale: npt.NDArray[np.float64]
    frame: Int32
    window: Float32
    columns: Int32
    first: Int32
    weights: Float32
    places: Float32

    @property
    def filters(self) -> Float32:
        """Levels of bins to bands: float32 [bins, bands]."""
        return self._spread(self.first, self.weights)

    @property
    def shares(self) -> Float32:
        """How much of a band's change is made in a bin: float32 [bins, bands]."""
        low = self.places.astype(int)
        share = self.places - low
        return self._spread(low, np.stack([1 - share, share], axis=1))

    def overlap(self, places: npt.NDArray[Any], hop_length: int) -> npt.NDArray[np.float64]:
        """Sum of the squared windows that meet in samples: float64, of int [...] `places`."""
        square = np.pad(self.window.astype(np.float64) ** 2, (0, -len(self.window) % hop_length))
        return square.reshape(-1, hop_length).sum(0)[(places - self.frame[0]) % hop_length]

    def _spread(self, low: npt.NDArray[Any], pairs: Float32) -> Float32:
        """Of each bin the numbers of the bands `low` and `low` + 1, among those of all bands."""
        rows = np.arange(len(low))
        spread = np.zeros([len(low), len(self.columns) + 2], np.float32)
        spread[rows, low], spread[rows, low + 1] = pairs.T
        return spread[:, :-2]

    def arrays(self) -> List[npt.NDArray[np.generic]]:
        """In the order of `NAMES`."""
        return [getattr(self, name) for name in NAMES]


@functools.lru_cache(maxsize=16)
def bands(recipe: MelRecipe) -> Bands:
    """The constants of a recipe that `Config` lets have the filter."""
    filters = mel_lib.mel_filterbank(recipe)  # [bins, n_mels]
    columns = np.flatnonzero(filters.any(axis=0))
    kept = filters[:, columns]
    first = np.argmax(kept > 0, axis=1)
    beside = np.pad(kept, ((0, 0), (0, 1)))
    rows = np.arange(len(filters))
    weights = np.stack([beside[rows, first], beside[rows, first + 1]], axis=1)
    edges = mel_lib.band_edges(recipe)
    hertz = rows * recipe.sample_rate / recipe.n_fft
    places = np.interp(hertz, edges[1:-1][columns], np.arange(len(columns)))
    places[hertz > recipe.fmax] = len(columns)
    unit = mel_lib.log_unit(recipe)
    padded = mel_lib.window(recipe)
    left = (recipe.n_fft - recipe.win_length) // 2
    same = recipe.padding == "same"
    before = (recipe.n_fft - recipe.hop_length if same else recipe.n_fft) // 2
    return Bands(
        scale=np.array([unit * recipe.scale, unit * recipe.offset, recipe.floor]),
        frame=np.array([left - before, recipe.power], np.int32),
        window=padded[left : left + recipe.win_length],
        columns=columns.astype(np.int32),
        first=first.astype(np.int32),
        weights=weights.astype(np.float32),
        places=places.astype(np.float32),
    )


def pass_delay(recipe: MelRecipe) -> int:
    """Samples by which a pass delays its output, whole frames."""
    return -(-(recipe.win_length - 1) // recipe.hop_length) * recipe.hop_length


def delay(signal: SignalConfig, recipe: MelRecipe) -> int:
    """Samples that the filter must see after the one it puts out."""
    return (signal.postfilter_passes - 1) * pass_delay(recipe) + recipe.win_length - 1


def state_values(signal: SignalConfig, recipe: MelRecipe) -> int:
    """Values of a stream's state: of every pass the waveform and the sum of the frames so far."""
    return signal.postfilter_passes * 2 * pass_delay(recipe)


def apply(
    audio: npt.ArrayLike, features: npt.ArrayLike, recipe: MelRecipe, signal: SignalConfig
) -> npt.NDArray[np.float64]:
    """Filter a whole waveform.

    Args:
      audio: float [n], of full scale 32768, from the first frame's first sample on; zeros before
        and after it.
      features: float [frames, >= n_mels], raw; the last one goes on for the rest of the waveform.
      recipe: that the features follow.
      signal: gives the strength and the passes.

    Returns:
      float64 [n].
    """
    x = np.asarray(audio, np.float64)
    mel = np.asarray(features, np.float64)[:, bands(recipe).columns]
    for _ in range(signal.postfilter_passes):
        x = _pass(x, mel, recipe, min(signal.postfilter_strength, 1.0))
    return x


def _pass(
    x: npt.NDArray[np.float64], mel: npt.NDArray[np.float64], recipe: MelRecipe, strength: float
) -> npt.NDArray[np.float64]:
    """The waveform [n] after one pass, by the features [frames, bands] of the kept bands."""
    known, hop = bands(recipe), recipe.hop_length
    start, length = int(known.frame[0]), recipe.win_length
    frames = np.arange(-((start + length - 1) // hop), (len(x) - start - 1) // hop + 1)
    padded = np.pad(x, (length, 2 * length))
    at = frames[:, None] * hop + start + length + np.arange(length)
    spectrum = np.fft.rfft(padded[at] * known.window, recipe.n_fft, axis=1)
    found = np.abs(spectrum / 32768) ** recipe.power @ known.filters.astype(np.float64)
    slope, intercept, floor = known.scale
    row = np.clip(frames, 0, len(mel) - 1)
    wanted = np.exp(np.clip(slope * mel[row] + intercept, -LOG_LIMIT, LOG_LIMIT))
    ratio = (np.maximum(wanted, floor) / np.maximum(found, floor)) ** (1 / recipe.power)
    change = np.clip(ratio, LEAST_GAIN, LARGEST_GAIN) - 1
    gains = 1 + strength * change @ known.shares.T.astype(np.float64)
    parts = np.fft.irfft(spectrum * gains, recipe.n_fft, axis=1)[:, :length] * known.window
    total = np.zeros_like(padded)
    for places, part in zip(at, parts):
        total[places] += part
    return total[length : length + len(x)] / known.overlap(np.arange(len(x)), hop)
