"""The folder of a training run, and the trained voice in it.

RUN/config.yaml        the whole configuration
RUN/pitch.npz          the trained pitch estimator, if the pitch is estimated
RUN/voice.npz          the trained weights, written at the end
RUN/metrics.jsonl      one line per evaluation
RUN/checkpoints/       model, optimizer and pruning state
RUN/tensorboard/       losses, sparsity, audio
RUN/data.json          where the training data lay, its recipe fingerprint and statistics
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Union

import numpy as np
import yaml

from wavernn_tf import config as configuration
from wavernn_tf import files, trees
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError

_NAMES = ("voice.npz", "pitch.npz", "metrics.jsonl", "data.json", "checkpoints", "tensorboard")


_DATA: Dict[str, type] = {
    "path": str,
    "fingerprint": str,
    "feature_mean": float,
    "feature_std": float,
}
"""What data.json holds at least; the statistics are lists."""

EXTENDABLE = tuple(
    f"training.{name}"
    for name in ("steps", "learning_rate", "final_learning_rate", "warmup_steps", "clip_norm")
) + ("training.eval_every", "training.kernel", "pruning.end_step")
"""What `train --extend` may change of a run."""


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """Paths of a training run.

    Attributes:
      path: the folder.
    """

    path: Path

    @classmethod
    def at(cls, path: Union[str, Path]) -> RunFolder:
        """Name a run folder, existing or not."""
        return cls(Path(path))

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Folder of TensorBoard's logs."""
        return self.path / "tensorboard"

    @property
    def voice(self) -> Path:
        """File of the trained weights: the Keras model's arrays, stripped of pruning variables."""
        return self.path / "voice.npz"

    @property
    def pitch(self) -> Path:
        """File of the pitch estimator, which the first stage of training leaves."""
        return self.path / "pitch.npz"

    def claim(self, inputs: Sequence[files.PathLike]) -> None:
        """Check that the folder may be trained in, before the work.

        Args:
          inputs: folders that training reads.

        Raises:
          WaveRNNError: if it must not be written, or holds files that no earlier run wrote and that
            would be replaced.
        """
        entries = {p.name for p in files.claim_folder(self.path, inputs)}
        strange = sorted(entries & set(_NAMES))
        if strange and "config.yaml" not in entries:
            raise WaveRNNError(
                f"{self.path} holds {', '.join(strange)}, and no config.yaml of a training run: it "
                "is kept. Train into another folder."
            )

    def begin(self, config: Config, data: Dict[str, Any], extend: bool = False) -> None:
        """Write the configuration and the data's description, or check that they are the same.

        Args:
          config: the configuration.
          data: from `checks.check_data`.
          extend: take another number of steps or learning rate (`EXTENDABLE`) than the run had.

        Raises:
          WaveRNNError: if the folder holds a run with another configuration or other data. Settings
            of sampling alone may differ: they are taken over.
        """
        held = self.path / "config.yaml"
        if held.exists():
            before, now = configuration.to_dict(self.config()), configuration.to_dict(config)
            differing = [
                line
                for line in _differences(before, now)
                if line.split(" ")[0] not in configuration.SAMPLING_SETTINGS
            ]
            extendable = all(line.split(" ")[0] in EXTENDABLE for line in differing)
            if differing and not (extend and extendable):
                hint = " To go on with these, add --extend." if extendable and not extend else ""
                raise WaveRNNError(
                    f"{self.path} holds a run with another configuration "
                    f"({'; '.join(differing)}). Train into another folder, or use "
                    f"the same configuration to resume.{hint}"
                )
            if self.data()["fingerprint"] != data["fingerprint"]:
                raise WaveRNNError(
                    f"{self.path} holds a run on other training data ({self.data()['path']}, now "
                    f"{data['path']}). Train into another folder."
                )
        files.write_text(self.path / "data.json", json.dumps(data, indent=1))
        text = yaml.safe_dump(configuration.to_dict(config), sort_keys=False)
        files.write_text(held, text)

    def config(self) -> Config:
        """Read the run's configuration.

        Raises:
          WaveRNNError: if the folder holds no run.
        """
        path = self.path / "config.yaml"
        if not path.is_file():
            raise WaveRNNError(
                f"Expected a training run in {self.path} (there is no config.yaml). Train one with "
                "`wavernn-tf train`."
            )
        return configuration.load(str(path))

    def data(self) -> Dict[str, Any]:
        """Read the description of the run's training data."""
        path = self.path / "data.json"
        try:
            tree = trees.parse_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WaveRNNError(f"{path} cannot be read: {error}") from error
        if not isinstance(tree, dict) or not all(key in tree for key in _DATA):
            raise WaveRNNError(f"{path} is damaged: it lacks some of {', '.join(_DATA)}.")
        for name, kind in _DATA.items():
            values = tree[name] if kind is float else [tree[name]]
            if not (isinstance(values, list) and values and all(map(_is_a(kind), values))):
                raise WaveRNNError(f"{path} is damaged: `{name}` is {trees.shown(tree[name])}.")
        return tree

    def history(self) -> List[Dict[str, Any]]:
        """All evaluations so far, oldest first; a damaged one is left out."""
        path = self.path / "metrics.jsonl"
        if not path.is_file():
            return []
        rows = []
        for line in files.read_text(path).splitlines():
            try:
                row = trees.parse_json(line)
            except ValueError:
                continue
            if _is_evaluation(row):
                rows.append(row)
        return rows

    def write_history(self, rows: List[Dict[str, Any]]) -> None:
        """Replace the list of evaluations."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        files.write_text(self.path / "metrics.jsonl", text)

    def save_voice(self, model: Any) -> None:
        """Write the weights of a plain Keras model, by name."""
        arrays = dict(zip(_weight_names(model), model.get_weights()))
        with files.replacing(self.voice) as part:
            np.savez(part, **arrays)

    def load_model(self) -> Any:
        """Rebuild the trained Keras model.

        Raises:
          WaveRNNError: if training has not ended, or the file does not fit the configuration.
        """
        from wavernn_tf.models import wavernn

        if not self.voice.is_file():
            self.config()
            raise WaveRNNError(
                f"The training run in {self.path} is not finished (there is no voice.npz). Run the "
                "same `wavernn-tf train` command again to continue it."
            )
        model = wavernn.build(self.config())
        try:
            files.check_npz(self.voice, sum(w.nbytes for w in model.get_weights()))
            with np.load(self.voice, allow_pickle=False) as arrays:
                positions = sorted(arrays.files)
                # Version 0.1.0 wrote 000, 001, ... in the model's order.
                old = all(name.isdigit() for name in positions)
                model.set_weights(
                    [arrays[name] for name in (positions if old else _weight_names(model))]
                )
        except Exception as error:  # zipfile, zlib, NumPy and Keras each raise their own
            why = f"{type(error).__name__}: {str(error)[:300]}"
            raise WaveRNNError(f"{self.voice} is damaged or of another model: {why}") from error
        return model


def _is_a(kind: type) -> Callable[[Any], bool]:
    """Whether a value is of a type; a float is finite."""

    def check(value: Any) -> bool:
        if kind is float:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return number and math.isfinite(value)
        return isinstance(value, kind)

    return check


def _is_evaluation(row: Any) -> bool:
    """Whether a line of the log has what is read of it."""
    if not isinstance(row, dict) or type(row.get("step")) is not int:
        return False
    return all(
        isinstance(row.get(split), dict) and all(map(_is_a(float), row[split].values()))
        for split in ("train", "held_out", "sparsity")
    )


def _weight_names(model: Any) -> List[str]:
    """Layer and weight of every array of a Keras model, as "gru/R_u", in its order."""
    return [weight.name.split(":")[0] for weight in model.weights]


def _differences(a: Dict[str, Any], b: Dict[str, Any], where: str = "") -> List[str]:
    found: List[str] = []
    for key in a:
        path = f"{where}{key}"
        if isinstance(a[key], dict):
            found += _differences(a[key], b[key], f"{path}.")
        elif a[key] != b[key]:
            found.append(f"{path} was {a[key]}, now {b[key]}")
    return found
