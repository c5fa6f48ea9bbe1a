"""How fast a voice runs on this machine (no TensorFlow).

What is timed takes turns, round by round, so that a busy moment of the machine falls on all; the
medians over the rounds are reported.
"""

from __future__ import annotations

import abc
import dataclasses
import time
from typing import (
    Any,
    Callable,
    Dict,
    Generic,
    Hashable,
    List,
    Mapping,
    Optional,
    Protocol,
    TypeVar,
    Union,
)

import numpy as np

from wavernn_tf.voice.metadata import VoiceInfo

ROUND_SECONDS = 0.3
"""Computing time of one round, about."""

_FIRST_FRAMES = 8

R = TypeVar("R")
L = TypeVar("L", bound=Hashable)

Body = Callable[[], Union[float, np.ndarray]]
"""Runs once and tells what it measured."""


class Timed(Protocol):
    """What can be timed: `Vocoder`, and the other voices."""

    info: VoiceInfo
    runtime: str

    def synthesize(self, mel: np.ndarray, seed: int = 0) -> np.ndarray:
        """Features float [frames, n_features] to audio int16 [frames * hop_length]."""


class Subject(abc.ABC, Generic[R]):
    """Something with one or more bodies to time, and what follows from their times.

    Attributes:
      bodies: by any name.
    """

    bodies: Mapping[Hashable, Body]

    @abc.abstractmethod
    def summary(self, times: Mapping[Hashable, np.ndarray]) -> R:
        """The result of what each body measured, [rounds, ...]."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """Speed of one voice, one thread.

    Attributes:
      us_per_sample: microseconds per sample, the median over the rounds. The samples of all streams
        count.
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

    @classmethod
    def of(cls, us: np.ndarray, samples: int, sample_rate: int) -> Timing:
        """Sum up the microseconds per sample [rounds] of rounds of so many samples."""
        median = float(np.median(us))
        return cls(
            us_per_sample=median,
            samples_per_second=1e6 / median,
            real_time_factor=1e6 / (median * sample_rate),
            fastest_us=float(np.min(us)),
            rounds=len(us),
            samples=samples,
        )

    def as_dict(self) -> Dict[str, Any]:
        """A plain mapping, for JSON."""
        return dataclasses.asdict(self)


class Speech(Subject[Timing]):
    """A voice as it speaks, one stream.

    A first run, not counted, warms up and sets the length of a round.

    Args:
      voice: what speaks.
      round_seconds: computing time per round, about.
      utterance: seconds of speech in a round, instead.
    """

    def __init__(
        self,
        voice: Timed,
        round_seconds: float = ROUND_SECONDS,
        utterance: Optional[float] = None,
    ) -> None:
        self._voice, self._seed = voice, 0
        if utterance is None:
            self._mel = features(voice.info, _FIRST_FRAMES)
            self._seconds()
            frames = max(1, round(_FIRST_FRAMES * round_seconds / self._seconds()))
        else:
            frames = max(1, round(utterance * voice.info.mel.frames_per_second))
        self._mel = features(voice.info, frames)
        self._seconds()  # a new length may allocate
        self._samples = frames * voice.info.mel.hop_length
        self.bodies = {"": self._run}

    def summary(self, times: Mapping[Hashable, np.ndarray]) -> Timing:
        """See `Subject`."""
        return Timing.of(times[""], self._samples, self._voice.info.mel.sample_rate)

    def _run(self) -> float:
        self._seed += 1
        return 1e6 * self._seconds() / self._samples

    def _seconds(self) -> float:
        start = time.perf_counter()
        self._voice.synthesize(self._mel, seed=self._seed)
        return time.perf_counter() - start


def measure(
    voices: Mapping[str, Timed], rounds: int = 7, round_seconds: float = ROUND_SECONDS
) -> Dict[str, Timing]:
    """Time voices as they speak, side by side.

    Args:
      voices: by label.
      rounds: at least one.
      round_seconds: computing time per round and voice, about.
    """
    return run({label: Speech(voice, round_seconds) for label, voice in voices.items()}, rounds)


def run(
    subjects: Mapping[L, Subject[R]],
    rounds: int = 7,
    progress: Optional[Callable[[int], None]] = None,
) -> Dict[L, R]:
    """Time subjects side by side: every round runs each body once.

    Args:
      subjects: by label.
      rounds: at least one.
      progress: called with 1 after every run of a body.

    Returns:
      The subjects' summaries, by label.
    """
    times: Dict[L, Dict[Hashable, List[Any]]] = {
        label: {name: [] for name in subject.bodies} for label, subject in subjects.items()
    }
    for _ in range(rounds):
        for label, subject in subjects.items():
            for name, body in subject.bodies.items():
                times[label][name].append(body())
                if progress:
                    progress(1)
    return {
        label: subject.summary({name: np.array(t) for name, t in times[label].items()})
        for label, subject in subjects.items()
    }


def features(info: VoiceInfo, frames: int, seed: int = 0) -> np.ndarray:
    """Random features of the scale that a voice knows: float32 [frames, n_features]."""
    n = info.mel.n_mels
    noise = np.random.default_rng(seed).standard_normal([frames, n])
    mel = noise * info.feature_std[:n] + np.array(info.feature_mean[:n])
    pitch = np.full([frames, info.signal.extra_features], 120.0)
    return np.concatenate([mel, pitch], axis=1).astype(np.float32)
