"""The speech that a voice is measured on."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Iterator, List, Optional, Union

import numpy as np

from wavernn_tf.config import MelRecipe, recipes
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import bits
from wavernn_tf.evaluation.bits import Bits
from wavernn_tf.pipelines.manifest import Manifest

PathLike = Union[str, Path]

HISTOGRAM_SECONDS = 1800.0
"""Training speech that the histogram counts, at most: more changes little and takes long."""


@dataclasses.dataclass(frozen=True)
class Clip:
    """A recording with its features.

    Attributes:
      id: of the utterance.
      audio: int16 [frames * hop_length].
      mel: float32 [frames, n_mels].
    """

    id: str
    audio: np.ndarray
    mel: np.ndarray


def read(
    data: PathLike,
    split: str = "held_out",
    seconds: Optional[float] = None,
    max_utterances: Optional[int] = None,
) -> List[Clip]:
    """Read utterances of prepared data.

    Args:
      data: folder made by `wavernn_tf.pipelines.prepare`.
      split: "held_out" or "train".
      seconds: at most so much speech in all; the last utterance is cut at a whole frame.
      max_utterances: at most so many.

    Raises:
      WaveRNNError: if the folder holds no prepared data, or the split is empty.
    """
    manifest = Manifest.load(data)
    frames = None if seconds is None else max(1, int(seconds * manifest.mel.frames_per_second))
    clips = list(itertools.islice(_read(data, split, frames, manifest.mel), max_utterances))
    if not clips:
        raise WaveRNNError(
            f"{data} has no {split} utterance to measure on; prepare it with a larger --held-out."
        )
    return clips


def check_recipe(data: PathLike, recipe: MelRecipe, voice: str) -> None:
    """Check that prepared data hold the features that a voice expects.

    Args:
      data: the prepared folder.
      recipe: of the voice.
      voice: its name, for the message.

    Raises:
      WaveRNNError: listing what differs.
    """
    differing = recipes.describe_mismatch(recipe, Manifest.load(data).mel)
    if differing:
        raise WaveRNNError(
            f"The features in {data} are not those that {voice} was trained on: "
            f"{'; '.join(differing)}. Prepare the speech with the voice's recipe."
        )


def baselines(data: PathLike, clips: List[Clip]) -> List[Bits]:
    """Bits per sample of the uniform and of the histogram model on some held-out speech.

    Args:
      data: the prepared folder; its training speech makes the histogram.
      clips: what is scored.

    Returns:
      [uniform, histogram].
    """
    manifest = Manifest.load(data)
    train = read(data, "train", HISTOGRAM_SECONDS)
    histogram = bits.histogram_bits(
        (clip.audio for clip in train), (clip.audio for clip in clips), manifest.signal
    )
    return [bits.uniform_bits(histogram.samples), histogram]


def _read(data: PathLike, split: str, frames: Optional[int], recipe: MelRecipe) -> Iterator[Clip]:
    from wavernn_tf.pipelines import dataset  # TensorFlow

    for utterance in dataset.utterances(data, split):
        keep = len(utterance.mel) if frames is None else min(frames, len(utterance.mel))
        yield Clip(utterance.id, utterance.audio[: keep * recipe.hop_length], utterance.mel[:keep])
        if frames is not None:
            frames -= keep
            if not frames:
                return
