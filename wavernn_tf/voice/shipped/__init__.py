"""The voices that come with the package: `NAME.tflite`, and `NAME.json` that says what it is.

How each was made, and the checkpoints to train on from, are in `voices/` of the repository.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.trees import from_dict, parse_json

DEFAULT = "en_ru"
"""The voice of `wavernn-tf synthesize` where none is named."""

_FOLDER = Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Card:
    """What a shipped voice says of itself.

    Attributes:
      name: by which the commands know it.
      languages: IETF tags.
      speakers: who speaks, one line each.
      sample_rate: in Hz.
      samples_seen: in training.
      licence: SPDX expression, of the voice as of its recordings.
      sources: of the recordings: "name", "from", "licence", "attribution".
      measured: "command", "date", "clips" and figures by name; of copy synthesis.
      made_by: the commands that made it, in their order.
      limits: what it is not good at.
    """

    name: str
    languages: Tuple[str, ...]
    speakers: Tuple[str, ...]
    sample_rate: int
    samples_seen: int
    licence: str
    sources: Tuple[Dict[str, str], ...]
    measured: Dict[str, Any]
    made_by: Tuple[str, ...]
    limits: str

    @property
    def path(self) -> Path:
        """Where the .tflite file is."""
        return _FOLDER / f"{self.name}.tflite"


def cards() -> List[Card]:
    """The cards of all shipped voices, by name."""
    return [_read(path) for path in sorted(_FOLDER.glob("*.json"))]


def card(name: str) -> Card:
    """The card of one voice.

    Raises:
      WaveRNNError: if no voice has this name.
    """
    path = _FOLDER / f"{name}.json"
    if path.parent != _FOLDER or not path.is_file():
        known = ", ".join(one.name for one in cards())
        raise WaveRNNError(f"No voice {name!r} is shipped; there are: {known}.")
    return _read(path)


def resolve(path: Union[str, Path]) -> Path:
    """The file of a shipped voice if `path` is its name, and nothing else is there; else `path`."""
    path = Path(path)
    if not path.exists() and path.name == str(path):
        found = _FOLDER / f"{path}.tflite"
        if found.is_file():
            return found
    return path


def _read(path: Path) -> Card:
    try:
        return from_dict(Card, parse_json(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise WaveRNNError(f"{path} is damaged: {error}") from error
