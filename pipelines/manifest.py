"""What a prepared folder holds: `manifest.json`."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple, Union

import numpy as np
import numpy.typing as npt

from wavernn_tf import config as config_lib
from wavernn_tf import files, trees
from wavernn_tf.config import Config, MelRecipe, SignalConfig, recipes
from wavernn_tf.errors import WaveRNNError

PathLike = Union[str, "os.PathLike[str]"]
SCHEMA = 1
FILE = "manifest.json"
SPLITS = ("train", "held_out")


@dataclasses.dataclass(frozen=True)
class UtteranceInfo:
    """One utterance of a split.

    Attributes:
      id: unique in the corpus.
      frames: feature frames; the audio has frames * hop_length samples.
      speaker: a label, or "".
    """

    id: str
    frames: int
    speaker: str = ""


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A source that could not be used.

    Attributes:
      id: of the utterance.
      path: of the source file.
      reason: the error's message.
    """

    id: str
    path: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Remark:
    """What is remarkable about a recording that was used.

    Attributes:
      kind: one of `wavernn_tf.pipelines.audio.REMARKS`.
      id: of the utterance.
      text: by how much.
    """

    kind: str
    id: str
    text: str


@dataclasses.dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
      utterances: in the order of the shards.
      shards: file names, relative to the folder.
      hours: of audio.
    """

    utterances: Tuple[UtteranceInfo, ...] = ()
    shards: Tuple[str, ...] = ()
    hours: float = 0.0

    @property
    def frames(self) -> int:
        """Feature frames in all."""
        return sum(u.frames for u in self.utterances)


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A prepared folder.

    Attributes:
      corpus: its name.
      mel: the feature recipe.
      signal: pre-emphasis and sample offset. The stored audio is raw: they are applied when read.
      features: "computed", or "mel_dir" when they came from elsewhere.
      train: the training split.
      held_out: the held-out split.
      skipped: sources that could not be used.
      feature_mean: per feature, over the training split.
      feature_std: per feature, over the training split; 1 for a constant one.
      source_fingerprint: of the list of sources, their sizes and times.
      schema: version of this file.
      remarks: on recordings that were used.
    """

    corpus: str
    mel: MelRecipe
    signal: SignalConfig
    features: str
    train: Split
    held_out: Split
    skipped: Tuple[Skipped, ...]
    feature_mean: Tuple[float, ...]
    feature_std: Tuple[float, ...]
    source_fingerprint: str
    schema: int = SCHEMA
    remarks: Tuple[Remark, ...] = ()

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.mel.sample_rate

    @property
    def n_features(self) -> int:
        """Features per frame: the recipe's, and the fundamental frequency where it is given."""
        return self.mel.n_mels + self.signal.extra_features

    def split(self, name: str) -> Split:
        """The split called "train" or "held_out"."""
        if name not in SPLITS:
            raise WaveRNNError(f"Expected a split of {', '.join(SPLITS)}; got {name!r}.")
        split: Split = getattr(self, name)
        return split

    def standardisation(self) -> Tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """(mean, std), float32 [n_features] each."""
        return np.array(self.feature_mean, np.float32), np.array(self.feature_std, np.float32)

    def check(self, config: Config) -> None:
        """Check that a configuration can train on this folder.

        Raises:
          WaveRNNError: listing every field that differs.
        """
        lines = [f"mel.{line}" for line in recipes.describe_mismatch(config.mel, self.mel)]
        ours, theirs = config.signal.of_data, self.signal.of_data
        lines += [
            f"signal.{name}: expected {ours[name]}, got {theirs[name]}"
            for name in ours
            if ours[name] != theirs[name]
        ]
        if lines:
            raise WaveRNNError(
                "The data were prepared with other settings than the configuration's: "
                f"{'; '.join(lines)}. Prepare them again in a new folder, or change the "
                "configuration."
            )

    def save(self, folder: PathLike) -> Path:
        """Write `manifest.json`, whole or not at all."""
        tree: Dict[str, Any] = dataclasses.asdict(self)
        tree["mel_fingerprint"] = self.mel.fingerprint
        tree["sample_rate"] = self.sample_rate
        path = Path(folder) / FILE
        write_json(path, tree)
        return path

    @classmethod
    def load(cls, folder: PathLike) -> Manifest:
        """Read the manifest of a prepared folder.

        Raises:
          WaveRNNError: if there is none, or it is damaged or newer than this version.
        """
        path = Path(folder) / FILE
        if not path.is_file():
            raise WaveRNNError(
                f"{folder} holds no prepared data ({FILE} is missing): run `wavernn-tf prepare`, "
                "or run it again if it was interrupted."
            )
        try:
            tree = trees.parse_json(files.read_text(path))
            schema = tree["schema"]
            newer = schema > SCHEMA
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(path, str(error)) from error
        if newer:
            raise WaveRNNError(
                f"{path} has schema {trees.shown(schema)}, newer than this library's {SCHEMA}: "
                "upgrade wavernn-tf."
            )
        tree.pop("mel_fingerprint", None)
        tree.pop("sample_rate", None)
        try:
            made: Manifest = config_lib.from_dict(cls, tree)
            made._check_itself()
        except WaveRNNError as error:
            raise _damaged(path, str(error)) from error
        return made

    def _check_itself(self) -> None:
        """Check what the types of the fields do not say.

        Raises:
          WaveRNNError: naming the field.
        """
        for name in SPLITS:
            split = self.split(name)
            for shard in split.shards:
                if Path(shard).name != shard or "\0" in shard:
                    raise WaveRNNError(
                        f"Expected the shards of {name} to be names of files in its folder; got "
                        f"{trees.shown(shard)}."
                    )
            for utterance in split.utterances:
                if not 0 < utterance.frames < _MOST_FRAMES:
                    raise WaveRNNError(
                        f"Expected an utterance to have frames; {trees.shown(utterance.id)} has "
                        f"{utterance.frames}."
                    )
            if not 0 <= split.hours < _MOST_FRAMES:
                raise WaveRNNError(f"Expected hours of {name}; got {split.hours}.")
        for name in ("feature_mean", "feature_std"):
            if len(getattr(self, name)) != self.n_features:
                raise WaveRNNError(
                    f"Expected {self.n_features} values of {name}; got {len(getattr(self, name))}."
                )
        if min(self.feature_std) <= 0:
            raise WaveRNNError(f"Expected feature_std > 0; got {min(self.feature_std)}.")


_MOST_FRAMES = 1 << 32
"""Of an utterance: more would be months of speech."""


def _damaged(path: Path, why: str) -> WaveRNNError:
    return WaveRNNError(
        f"{path} is damaged ({why}): delete it and run `wavernn-tf prepare` again; finished shards "
        "are kept."
    )


def same_settings(path: Path, asked: Mapping[str, Any], made: str) -> None:
    """Record what a folder is made by when it is begun; compare it at every later run.

    Args:
      path: the record, in that folder.
      asked: settings by name.
      made: what was done there, as "prepared".

    Raises:
      WaveRNNError: if the record is damaged or says otherwise.
    """
    if not path.is_file():
        write_json(path, asked)
        return
    try:
        before = dict(trees.parse_json(files.read_text(path)))
    except (ValueError, TypeError) as error:
        raise WaveRNNError(f"{path} is damaged: use another folder.") from error
    lines = [
        f"{key}: {trees.shown(before.get(key))} there, {trees.shown(asked.get(key))} now"
        for key in sorted(before.keys() | asked.keys())
        if before.get(key) != asked.get(key)
    ]
    if lines:
        raise WaveRNNError(
            f"{path.parent} was {made} with other settings: {'; '.join(lines)}. Use another "
            "folder, or delete this one."
        )


def write_json(path: Path, tree: Any) -> None:
    """Write a JSON file, whole or not at all."""
    files.write_text(path, json.dumps(tree, indent=1, ensure_ascii=False) + "\n")
