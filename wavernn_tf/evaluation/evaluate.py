"""Measuring voices on held-out speech, side by side."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import bits, held_out, signal_checks
from wavernn_tf.evaluation.bits import Bits
from wavernn_tf.evaluation.held_out import Clip
from wavernn_tf.evaluation.signal_checks import Checks
from wavernn_tf.voice.base import Voice

ORIGINAL = "original"

Progress = Optional[Callable[[int], None]]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What an utterance sounds like by every voice.

    Attributes:
      id: of the utterance.
      tracks: int16 [samples] by label, the original first.
      checks: of every track.
    """

    id: str
    tracks: Dict[str, np.ndarray]
    checks: Dict[str, Checks]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Voices measured on the same speech.

    Attributes:
      sample_rate: in Hz.
      utterances: how many were scored.
      voices: the voices, by label.
      bits: of every voice, by label.
      uniform: 16 bits.
      histogram: of the training speech.
    """

    sample_rate: int
    utterances: int
    voices: Dict[str, Voice]
    bits: Dict[str, Bits]
    uniform: Bits
    histogram: Bits

    @property
    def seconds(self) -> float:
        """Speech scored."""
        return self.histogram.samples / self.sample_rate

    def difference(self, label: str) -> float:
        """Bits of a voice against those of the first one, in percent."""
        return bits.difference(self.bits[label], next(iter(self.bits.values())))

    def shown_difference(self, label: str) -> str:
        """`difference` for a table; empty for the first voice."""
        if label == next(iter(self.bits)):
            return ""
        return f"{round(self.difference(label), 4) + 0.0:+.4f} %"  # + 0.0: no minus zero

    def as_dict(self) -> Dict[str, Any]:
        """A plain tree, for JSON."""
        return {
            "utterances": self.utterances,
            "seconds": round(self.seconds, 3),
            "voices": {
                label: {
                    "runtime": self.voices[label].runtime,
                    "bits_per_sample": found.as_dict(),
                    "difference_percent": self.difference(label),
                    "sparsity": self.voices[label].info.sparsity,
                }
                for label, found in self.bits.items()
            },
            "uniform": self.uniform.as_dict(),
            "histogram": self.histogram.as_dict(),
        }


def evaluate(
    voices: Mapping[str, Voice],
    data: held_out.PathLike,
    clips: Sequence[Clip],
    progress: Progress = None,
) -> Evaluation:
    """Bits per sample of voices and of the trivial models on the same speech.

    Args:
      voices: at least one, by label; the first is what the others are compared with.
      data: prepared data; its training speech makes the histogram.
      clips: what is scored, from `held_out.read`.
      progress: called after every utterance and voice with the number of samples.

    Raises:
      WaveRNNError: if a voice was trained on other features than `data` holds.
    """
    if not voices:
        raise WaveRNNError("Expected at least one voice to evaluate; got none.")
    for label, voice in voices.items():
        held_out.check_recipe(data, voice.info.mel, label)
    found = {label: bits.score_voice(v, clips, progress) for label, v in voices.items()}
    uniform, histogram = held_out.baselines(data, list(clips))
    rate = next(iter(voices.values())).info.mel.sample_rate
    return Evaluation(rate, len(clips), dict(voices), found, uniform, histogram)


def compare(
    voices: Mapping[str, Voice],
    clips: Sequence[Clip],
    seed: int = 0,
    temperature: float = 1.0,
    progress: Progress = None,
    fine_temperature: float = 1.0,
) -> List[Comparison]:
    """Synthesize recordings from their features, and check the signals.

    Args:
      voices: by label.
      clips: recordings with their features.
      seed: of every synthesis.
      temperature: of the coarse byte in every synthesis.
      progress: called after every synthesis with the number of samples.
      fine_temperature: of the fine byte in every synthesis.
    """
    made = []
    for clip in clips:
        tracks = {ORIGINAL: clip.audio}
        for label, voice in voices.items():
            tracks[label] = voice.synthesize(
                clip.mel, seed, temperature, fine_temperature=fine_temperature
            )
            if progress:
                progress(len(clip.audio))
        rate = next(iter(voices.values())).info.mel.sample_rate
        silent = signal_checks.silent_frames(clip.audio, rate)
        checks = {k: signal_checks.measure(a, rate, silent) for k, a in tracks.items()}
        made.append(Comparison(clip.id, tracks, checks))
    return made


def excerpt(clip: Clip, seconds: float, sample_rate: int) -> Clip:
    """The start of a recording, at most so long; whole frames, at least one."""
    hop = len(clip.audio) // len(clip.mel)
    frames = max(1, int(seconds * sample_rate / hop))
    return Clip(clip.id, clip.audio[: frames * hop], clip.mel[:frames])
