"""Copy synthesis of held-out recordings, judged beside simpler ways to make a copy.

Every recording becomes features, and every voice makes it again from them. Beside the voices stand
the original and the baselines of `wavernn_tf.evaluation.baselines`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import baselines, bootstrap, held_out, packages
from wavernn_tf.evaluation.bootstrap import Estimate
from wavernn_tf.evaluation.held_out import Clip
from wavernn_tf.evaluation.measures import RATE, Measure, Pair, Track
from wavernn_tf.voice.base import Voice

ORIGINAL = "original"

ENOUGH = 20
"""Recordings below which an interval says little."""

Progress = Optional[Callable[[int], None]]
Synthesis = Callable[[Clip, int], np.ndarray]
"""A clip and a seed to int16 [samples]."""


@dataclasses.dataclass(frozen=True)
class Quality:
    """Copies of recordings, measured.

    Attributes:
      sample_rate: of the copies, in Hz.
      seconds: length of all recordings together.
      clips: ids of the recordings.
      measures: what was measured.
      values: by track and measure, one value a recording; None where there is nothing to measure.
      estimates: medians or means of those; None where no recording has a value.
      tracks: int16 [samples] by track, starts of the first recordings.
    """

    sample_rate: int
    seconds: float
    clips: List[str]
    measures: List[Measure]
    values: Dict[str, Dict[str, List[Optional[float]]]]
    estimates: Dict[str, Dict[str, Optional[Estimate]]]
    tracks: Dict[str, Dict[str, np.ndarray]]

    def as_dict(self) -> Dict[str, Any]:
        """A plain tree, for JSON."""
        return {
            "sample_rate": self.sample_rate,
            "seconds": round(self.seconds, 3),
            "clips": self.clips,
            "measures": {
                m.key: {"title": m.title, "better": m.better, "statistic": m.statistic}
                for m in self.measures
            },
            "tracks": {
                label: {
                    key: {
                        "estimate": None if found is None else found.as_dict(),
                        "values": self.values[label][key],
                    }
                    for key, found in row.items()
                }
                for label, row in self.estimates.items()
            },
        }

    def table(self) -> Tuple[List[str], List[List[str]]]:
        """Head and rows for people: a row a measure, a column a track."""
        rows = [
            [m.title, *(shown(row[m.key], m.digits) for row in self.estimates.values())]
            for m in self.measures
        ]
        return [f"of {len(self.clips)} recordings", *self.estimates], rows


def shown(found: Optional[Estimate], digits: int) -> str:
    """An estimate with its interval: "4.24 [4.10, 4.31]"."""
    if found is None:
        return "none"
    value, low, high = (f"{x:.{digits}f}" for x in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


def recipe_of(voices: Mapping[str, Voice], data: Optional[held_out.PathLike]) -> MelRecipe:
    """The features that all voices and the data share.

    Args:
      voices: by label; may be empty.
      data: prepared data, or None.

    Raises:
      WaveRNNError: if they differ.
    """
    from wavernn_tf.config import recipes
    from wavernn_tf.pipelines.manifest import Manifest

    if data is not None:
        for label, voice in voices.items():
            held_out.check_recipe(data, voice.info.mel, label)
        return Manifest.load(data).mel
    found = {label: voice.info.mel for label, voice in voices.items()}
    first = next(iter(found.values()), MelRecipe())
    for label, recipe in found.items():
        differing = recipes.describe_mismatch(first, recipe)
        if differing:
            raise WaveRNNError(
                f"{next(iter(found))} and {label} take different features: {'; '.join(differing)}. "
                "Judge them in two calls."
            )
    return first


def read_recordings(paths: Sequence[held_out.PathLike], recipe: MelRecipe) -> List[Clip]:
    """Read recordings, and compute their features.

    Args:
      paths: files, or folders of them.
      recipe: of the features.

    Raises:
      WaveRNNError: for a path that is neither, or a folder without recordings.
    """
    from wavernn_tf.pipelines import audio, features

    clips = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = {p.relative_to(path).with_suffix("").as_posix(): p for p in path.rglob("*")}
            found = {k: p for k, p in inside.items() if p.suffix.lower() in audio.EXTENSIONS}
            if not found:
                raise WaveRNNError(f"Found no {', '.join(audio.EXTENSIONS)} files in {path}.")
        else:
            found = {path.stem: path}
        for key in sorted(found):
            utterance = features.load_utterance(key, found[key], recipe)
            clips.append(Clip(key, utterance.audio, utterance.mel))
    return clips


def syntheses(
    voices: Mapping[str, Voice],
    recipe: MelRecipe,
    temperature: float = 1.0,
    fine_temperature: float = 1.0,
) -> Tuple[Dict[str, Synthesis], List[str]]:
    """What makes the copies: the original, the voices, and the baselines that can run here.

    Args:
      voices: by label.
      recipe: of the features.
      temperature: of the voices' coarse byte.
      fine_temperature: of their fine byte.

    Returns:
      (by label, the original first; a message for each that a missing package leaves out).
    """
    made: Dict[str, Synthesis] = {ORIGINAL: lambda clip, seed: clip.audio}
    for label, voice in voices.items():
        made[label] = _of_voice(voice, temperature, fine_temperature)
    left_out: List[str] = []
    for label, baseline in baselines.all_for(recipe).items():
        try:
            if label == baselines.WORLD:
                baselines.check_world()
            made[label] = _of_baseline(baseline, recipe)
        except packages.MissingPackage as error:
            left_out.append(str(error))
    return made, left_out


def judge(
    made: Mapping[str, Synthesis],
    clips: Sequence[Clip],
    sample_rate: int,
    measures: Sequence[Measure],
    seed: int = 0,
    keep: int = 0,
    keep_seconds: float = 6.0,
    progress: Progress = None,
) -> Quality:
    """Copy recordings in every way, and measure the copies.

    Args:
      made: by label, the original first; see `syntheses`.
      clips: at least one.
      sample_rate: of the clips, in Hz.
      measures: of `measures.choose`.
      seed: of recording 0; recording n has seed + n. Of the intervals too.
      keep: recordings whose tracks are kept.
      keep_seconds: of their starts.
      progress: called after every copy with 1.

    Raises:
      WaveRNNError: for no recordings.
    """
    if not clips:
        raise WaveRNNError("Expected at least one recording to judge by; got none.")
    values: Dict[str, Dict[str, List[Optional[float]]]] = {
        label: {m.key: [] for m in measures} for label in made
    }
    tracks: Dict[str, Dict[str, np.ndarray]] = {}
    for n, clip in enumerate(clips):
        original = Track(resampled(clip.audio, sample_rate))
        kept: Dict[str, np.ndarray] = {}
        for label, synthesis in made.items():
            audio = synthesis(clip, seed + n)
            kept[label] = audio[: max(1, round(keep_seconds * sample_rate))]
            same = label == ORIGINAL
            copy = original if same else Track(resampled(audio, sample_rate))
            pair = Pair(original, copy)
            for measure in measures:
                values[label][measure.key].append(measure.of(pair))
            if progress:
                progress(1)
        if n < keep:
            tracks[clip.id] = kept
    estimates = {
        label: {m.key: bootstrap.estimate(row[m.key], m.statistic, seed) for m in measures}
        for label, row in values.items()
    }
    seconds = sum(len(clip.audio) for clip in clips) / sample_rate
    ids = [clip.id for clip in clips]
    return Quality(sample_rate, seconds, ids, list(measures), values, estimates, tracks)


def resampled(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """int16 [samples] at the rate of the measures, 16 kHz."""
    if sample_rate == RATE:
        return audio
    from wavernn_tf.pipelines import audio as audio_lib

    x = np.asarray(audio, np.float32) / np.float32(32768.0)
    return audio_lib.to_int16(audio_lib.resample(x, sample_rate, RATE))


def _of_voice(voice: Voice, temperature: float, fine_temperature: float) -> Synthesis:
    return lambda clip, seed: voice.synthesize(
        clip.mel, seed, temperature, fine_temperature=fine_temperature
    )


def _of_baseline(baseline: baselines.Baseline, recipe: MelRecipe) -> Synthesis:
    return lambda clip, seed: baseline(clip, recipe, seed)
