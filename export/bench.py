"""How fast a voice runs on this machine (no TensorFlow)."""

from __future__ import annotations

import dataclasses
import platform
import statistics
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Protocol

import numpy as np

from wavernn_tf.export.metadata import VoiceInfo

ROUND_SECONDS = 0.3
"""Computing time of one round, about."""

_FIRST_FRAMES = 8


class Timed(Protocol):
    """What can be timed: `Vocoder`, and the other voices."""

    info: VoiceInfo
    runtime: str

    def synthesize(self, mel: np.ndarray, seed: int = 0) -> np.ndarray:
        """Features float [frames, n_features] to audio int16 [frames * hop_length]."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """Speed of one voice, one stream, one thread of the op.

    Attributes:
      us_per_sample: microseconds per sample, the median over the rounds.
      samples_per_second: its inverse.
      real_time_factor: seconds of audio per second of computing: above 1 is faster than speech.
      fastest_us: microseconds per sample of the fastest round.
      rounds: how many.
      samples: per round.
    """

    us_per_sample: float
    samples_per_second: float
    real_time_factor: float
    fastest_us: float
    rounds: int
    samples: int

    def as_dict(self) -> Dict[str, Any]:
        """A plain mapping, for JSON."""
        return dataclasses.asdict(self)


def measure(
    voices: Mapping[str, Timed],
    rounds: int = 7,
    round_seconds: float = ROUND_SECONDS,
    progress: Optional[Callable[[int], None]] = None,
) -> Dict[str, Timing]:
    """Time voices side by side.

    Every round runs each voice once, so that a busy moment of the machine falls on all of them; the
    median over the rounds is reported. A first run, not counted, warms up and sets the length of a
    round.

    Args:
      voices: by label.
      rounds: at least one.
      round_seconds: computing time per round and voice, about.
      progress: called after every run with 1.
    """
    mels = {label: _sized(voice, round_seconds) for label, voice in voices.items()}
    times: Dict[str, List[float]] = {label: [] for label in voices}
    for index in range(rounds):
        for label, voice in voices.items():
            times[label].append(_time(voice, mels[label], index))
            if progress:
                progress(1)
    return {
        label: _timing(times[label], len(mels[label]), voice.info)
        for label, voice in voices.items()
    }


def machine() -> Dict[str, Any]:
    """The processor on which the numbers were taken."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = models[0] if models else name
    return {"processor": name, "architecture": platform.machine()}


def features(info: VoiceInfo, frames: int, seed: int = 0) -> np.ndarray:
    """Random features of the scale that a voice knows: float32 [frames, n_mels]."""
    noise = np.random.default_rng(seed).standard_normal([frames, info.mel.n_mels])
    return (noise * info.feature_std + np.array(info.feature_mean)).astype(np.float32)


def _sized(voice: Timed, round_seconds: float) -> np.ndarray:
    """Features that take about `round_seconds`."""
    probe = features(voice.info, _FIRST_FRAMES)
    _time(voice, probe, 0)
    frames = max(1, round(_FIRST_FRAMES * round_seconds / _time(voice, probe, 0)))
    mel = features(voice.info, frames)
    _time(voice, mel, 0)  # a new length may allocate
    return mel


def _time(voice: Timed, mel: np.ndarray, seed: int) -> float:
    start = time.perf_counter()
    voice.synthesize(mel, seed=seed)
    return time.perf_counter() - start


def _timing(times: List[float], frames: int, info: VoiceInfo) -> Timing:
    samples = frames * info.mel.hop_length
    median = statistics.median(times) / samples
    return Timing(
        us_per_sample=1e6 * median,
        samples_per_second=1.0 / median,
        real_time_factor=1.0 / (median * info.mel.sample_rate),
        fastest_us=1e6 * min(times) / samples,
        rounds=len(times),
        samples=samples,
    )
