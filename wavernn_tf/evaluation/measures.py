"""What is measured of a copy of a recording: one table, a row a measure."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import (
    f0,
    intrusive,
    log_mel,
    mos,
    packages,
    periodicity,
    recognition,
    signal_checks,
)

RATE = 16000
"""Every measure sees waveforms of this rate, in Hz."""

ENGLISH = "en"


class Track:
    """A waveform, with what is found in it once and used often.

    Args:
      audio: int16 [samples] at 16 kHz, at least one.
    """

    def __init__(self, audio: np.ndarray) -> None:
        self.audio = audio

    @functools.cached_property
    def pitch(self) -> np.ndarray:
        """F0, of `f0.track`."""
        return f0.track(self.audio, RATE)

    @functools.cached_property
    def words(self) -> List[str]:
        """Of `recognition.words`."""
        return recognition.words(self.audio)


@dataclasses.dataclass(frozen=True)
class Pair:
    """An original and its copy, sample by sample at the same times.

    Attributes:
      original: the recording.
      copy: what is measured; it may be the original itself.
    """

    original: Track
    copy: Track

    @functools.cached_property
    def hnr(self) -> Dict[str, Optional[float]]:
        """Of `periodicity.hnr`, in the original's voiced frames."""
        return periodicity.hnr(self.copy.audio, self.original.pitch, RATE)

    @functools.cached_property
    def pauses(self) -> Optional[float]:
        """Level in the original's silent frames, in dBFS."""
        silent = signal_checks.silent_frames(self.original.audio, RATE)
        return signal_checks.measure(self.copy.audio, RATE, silent).silence_dbfs


@dataclasses.dataclass(frozen=True)
class Measure:
    """One number of a pair.

    Attributes:
      key: for JSON and for `--measures`.
      title: with its unit, for people.
      of: computes it; None where there is nothing to measure.
      better: "higher", "lower", or "near" for what should be as in the original.
      digits: after the point.
      statistic: over the recordings, "median" or "mean".
      check: raises `MissingPackage` if it cannot be computed here.
      language: the only one that it is for, or "".
    """

    key: str
    title: str
    of: Callable[[Pair], Optional[float]]
    better: str
    digits: int = 1
    statistic: str = "median"
    check: Optional[Callable[[], Any]] = None
    language: str = ""


def _band(label: str) -> Callable[[Pair], Optional[float]]:
    return lambda pair: pair.hnr[label]


def _clicks(pair: Pair) -> float:
    minutes = len(pair.copy.audio) / RATE / 60.0
    return signal_checks.clicks(pair.copy.audio, RATE) / minutes


MEASURES: Tuple[Measure, ...] = (
    Measure(
        "mos", "DistillMOS", lambda p: _long_enough(p.copy.audio), "higher", 2, check=mos.check
    ),
    Measure(
        "pesq",
        "PESQ-wb",
        lambda p: intrusive.pesq_wb(p.original.audio, p.copy.audio),
        "higher",
        2,
        check=lambda: packages.load("pesq", "PESQ"),
    ),
    Measure(
        "stoi",
        "STOI",
        lambda p: intrusive.stoi(p.original.audio, p.copy.audio),
        "higher",
        3,
        check=lambda: packages.load("pystoi", "STOI"),
    ),
    Measure(
        "log_mel",
        "log-mel distance, dB",
        lambda p: log_mel.distance(p.original.audio, p.copy.audio, RATE),
        "lower",
        2,
    ),
    Measure(
        "voiced",
        "voiced frames kept, %",
        lambda p: f0.voiced_kept(p.original.pitch, p.copy.pitch),
        "higher",
    ),
    Measure(
        "f0",
        "F0 right within 6 %, %",
        lambda p: f0.right(p.original.pitch, p.copy.pitch),
        "higher",
    ),
    *(
        Measure(
            "hnr" if band is None else f"hnr_{band[0] / 1000:g}_{band[1] / 1000:g}k",
            "HNR, dB" if band is None else f"HNR {label}, dB",
            _band(label),
            "near",
        )
        for label, band in periodicity.BANDS.items()
    ),
    Measure("pauses", "level in pauses, dBFS", lambda p: p.pauses, "near"),
    Measure("clicks", "clicks per minute (mean)", _clicks, "lower", statistic="mean"),
    Measure(
        "words",
        "words as in the original, % (mean)",
        lambda p: recognition.agreement(p.original.words, p.copy.words),
        "higher",
        statistic="mean",
        check=recognition.check,
        language=ENGLISH,
    ),
)


def choose(
    keys: Optional[Sequence[str]] = None, language: str = ENGLISH
) -> Tuple[List[Measure], List[str]]:
    """Measures that can be computed here.

    Args:
      keys: of those that are wanted; None wants all.
      language: of the speech; measures for another language are left out.

    Returns:
      (the measures, in the order of `MEASURES`; a message for each that a missing package leaves
      out).

    Raises:
      WaveRNNError: for an unknown key, or if nothing is left.
    """
    known = [m.key for m in MEASURES]
    unknown = [key for key in keys or () if key not in known]
    if unknown:
        raise WaveRNNError(f"Unknown measure {unknown[0]!r}; there are {', '.join(known)}.")
    kept: List[Measure] = []
    left_out: List[str] = []
    for measure in MEASURES:
        if keys is not None and measure.key not in keys:
            continue
        if measure.language and measure.language != language:
            continue
        try:
            if measure.check:
                measure.check()
            kept.append(measure)
        except packages.MissingPackage as error:
            left_out.append(str(error))
    if not kept:
        reasons = left_out or [f"those asked for are not for speech in {language!r}."]
        raise WaveRNNError(f"Nothing is left to measure. {' '.join(reasons)}")
    return kept, left_out


def _long_enough(audio: np.ndarray) -> Optional[float]:
    return mos.distill_mos(audio) if len(audio) >= mos.SHORTEST else None
