"""Checks of what a user gives a voice: features, audio, seed and temperature (numpy only)."""

from __future__ import annotations

import warnings
from typing import Optional, Union

import numpy as np

from wavernn_tf.audio import edges, feature_files
from wavernn_tf.config import Config, MelRecipe
from wavernn_tf.errors import WaveRNNError, WaveRNNWarning
from wavernn_tf.voice.metadata import VoiceInfo

Context = Union[VoiceInfo, Config]

MAX_Z = 6.0
"""Features whose mean distance from the training data exceeds so many deviations are refused."""


def check_features(
    mel: np.ndarray, info: VoiceInfo, recipe: Optional[MelRecipe] = None
) -> np.ndarray:
    """Check features against a voice.

    Args:
      mel: float [frames, n_features].
      info: the voice's description.
      recipe: how `mel` was made, if known.

    Returns:
      float32 [frames, n_features], contiguous.

    Raises:
      WaveRNNError: for another width, type, recipe or scale, no frames, NaN or infinity.
    """
    own = info.mel
    if recipe is not None and recipe.fingerprint != own.fingerprint:
        raise WaveRNNError(
            f"These features were made by the recipe {recipe.name!r} ({recipe.sample_rate} Hz, hop "
            f"{recipe.hop_length}, {recipe.n_mels} bands); this voice was trained on {own.name!r} "
            f"({own.sample_rate} Hz, hop {own.hop_length}, {own.n_mels} bands). Compute them with "
            "the voice's recipe (see `wavernn-tf inspect`), or train a voice on yours "
            "(`wavernn-tf prepare --recipe`)."
        )
    extra = info.signal.extra_features
    pitch = ", the last column the fundamental frequency in Hz" if extra else ""
    meaning = f" (recipe {own.name!r}{pitch})"
    mel = feature_files.check(np.asarray(mel), own.n_mels + extra, meaning=meaning)
    mean, std = np.array(info.feature_mean), np.array(info.feature_std)
    z = np.abs((mel[:, : own.n_mels] - mean[: own.n_mels]) / std[: own.n_mels]).mean()
    if z > MAX_Z:
        looks = likely_scale(mel, info)
        raise WaveRNNError(
            f"These features are of another scale than the voice's training data: on average "
            f"{z:.1f} standard deviations off (limit {MAX_Z:g}). The voice expects the recipe "
            f"{own.name!r}: power {own.power:g}, {own.log}, floor {own.floor:g} (see "
            f"`wavernn-tf inspect`).{f' They look like {looks}.' if looks else ''}"
        )
    return mel


def likely_scale(mel: np.ndarray, info: VoiceInfo) -> Optional[str]:
    """Notice features of another scale than the voice's, by their statistics.

    Means and deviations of the bands are compared with those of the training data: as they come,
    and as they would be if the features had another logarithm, power or none.

    Args:
      mel: float [frames, n_features], finite.
      info: the voice's description.

    Returns:
      What the features look like, for people; None if they look like the voice's, are too few to
      tell, or look like nothing known.
    """
    own = info.mel
    if own.kind != "mel" or len(mel) < _ENOUGH_FRAMES:
        return None
    mel = np.asarray(mel, np.float64)[:, : own.n_mels]  # without pitch
    mean = np.array(info.feature_mean)[: own.n_mels]
    std = np.maximum(np.array(info.feature_std)[: own.n_mels], 1e-3)
    unit = _UNITS[own.log] * own.power
    guesses = {
        f"{_LOGS[log]} of the {_POWERS[power]} spectrum": (
            mel * (unit / factor / power) - own.offset
        )
        / own.scale
        for log, factor in _UNITS.items()
        for power in _POWERS
        if (log, power) != (own.log, own.power)
    }
    if (mel >= 0).all():
        for power, name in _POWERS.items():
            log = np.log(np.maximum(mel, own.floor ** (power / own.power)))
            guesses[f"the {name} spectrum without a logarithm"] = (
                log * unit / power - own.offset
            ) / own.scale
    guesses["standardised features (mean 0, deviation 1)"] = mel * std + mean

    def distance(features: np.ndarray) -> float:
        shift = np.abs(features.mean(axis=0) - mean) / std
        spread = np.abs(np.log(np.maximum(features.std(axis=0) / std, 1e-3)))
        return float(shift.mean() + spread.mean())

    best = min(guesses, key=lambda name: distance(guesses[name]))
    now, then = distance(mel), distance(guesses[best])
    return best if now > _STRANGE and then < now * _BETTER else None


def warn_of_scale(mel: np.ndarray, info: VoiceInfo) -> None:
    """Warn (`WaveRNNWarning`) of features that look like another recipe's; see `likely_scale`."""
    looks = likely_scale(mel, info)
    if looks:
        own = info.mel
        warnings.warn(
            f"these features look like {looks}; the voice {own.name!r} expects {_LOGS[own.log]} of "
            f"the {_POWERS[own.power]} spectrum with the floor {own.floor:g}: it will not sound "
            "right",
            WaveRNNWarning,
            stacklevel=3,
        )


_UNITS = {"ln": 1.0, "log10": 1.0 / np.log(10.0), "db": 10.0 / np.log(10.0)}
_LOGS = {"ln": "ln", "log10": "log10", "db": "10 log10 (dB)"}
_POWERS = {1.0: "magnitude", 2.0: "power"}
_ENOUGH_FRAMES = 20
_STRANGE, _BETTER = 0.8, 0.6
"""Distance from the training data that is remarkable, and the share of it that explains it."""


def pad_edges(mel: np.ndarray, context: Context) -> np.ndarray:
    """Repeat the first frame `past` times and the last one `lookahead` times.

    Args:
      mel: float [frames, n_features] of a whole utterance.
      context: a voice's description or configuration.

    Returns:
      float [past + frames + lookahead, n_features].
    """
    return edges.pad_edges(mel, context.past, context.lookahead)


def align_audio(audio: np.ndarray, frames: int, info: VoiceInfo) -> np.ndarray:
    """Cut or zero-pad recorded audio to its features.

    Args:
      audio: int16 [samples].
      frames: of its features.
      info: the voice's description.

    Returns:
      int16 [frames * hop_length].

    Raises:
      WaveRNNError: for another type, or a length more than one frame off.
    """
    audio = np.asarray(audio)
    if audio.dtype != np.int16 or audio.ndim != 1:
        raise WaveRNNError(
            f"Expected `audio` int16 [samples]; got {audio.dtype} {list(audio.shape)}."
        )
    hop = info.mel.hop_length
    expected = frames * hop
    if abs(len(audio) - expected) > hop:
        raise WaveRNNError(
            f"Expected {expected} samples, one per frame of {frames} times hop_length {hop}; got "
            f"{len(audio)}. Are audio and features of the same recording and rate?"
        )
    return np.pad(audio[:expected], (0, max(0, expected - len(audio))))


def check_draw(seed: int, temperature: float, fine_temperature: float = 1.0) -> None:
    """Check a seed and the temperatures of the coarse and the fine draws.

    Raises:
      WaveRNNError: for a seed beyond 64 bits, or a temperature that is negative or not finite.
    """
    if not -(2**63) <= int(seed) < 2**63:
        raise WaveRNNError(f"Expected `seed` to fit in 64 signed bits; got {seed}.")
    for name, value in (("temperature", temperature), ("fine_temperature", fine_temperature)):
        if not (np.isfinite(value) and value >= 0):
            raise WaveRNNError(f"Expected a finite `{name}` >= 0; got {value}.")
