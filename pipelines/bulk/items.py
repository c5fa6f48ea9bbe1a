"""What bulk synthesis is asked for: items, listed in a file that every worker reads."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path, PurePosixPath
from typing import Dict, Iterator, List, Sequence, Union

from wavernn_tf import files
from wavernn_tf.audio import feature_files
from wavernn_tf.audio.wav import is_whole_wav
from wavernn_tf.errors import WaveRNNError

PathLike = Union[str, "os.PathLike[str]"]
SEEDS = ("same", "by-id")


@dataclasses.dataclass(frozen=True)
class Item:
    """One file to speak.

    Attributes:
      id: path of the audio below the output folder, without its extension.
      path: of the recording or of the features.
      seed: of the draws, 64-bit.
    """

    id: str
    path: str
    seed: int

    def out(self, folder: PathLike) -> Path:
        """Where the audio goes."""
        return Path(folder) / f"{self.id}.wav"

    def is_done(self, folder: PathLike) -> bool:
        """Whether the audio is there, whole, and not older than what it is made from."""
        out = self.out(folder)
        try:
            newer = out.stat().st_mtime_ns >= os.stat(self.path).st_mtime_ns
        except OSError:
            return False
        return newer and is_whole_wav(out)


def item_seed(seed: int, seeds: str, key: str) -> int:
    """The seed of an item.

    Args:
      seed: of the job.
      seeds: "same": every item has the job's, as in `wavernn-tf synthesize --seed`. "by-id": the
        first eight bytes, little-endian and signed, of the SHA-256 of "SEED/ID".
      key: id of the item.
    """
    if seeds == "same":
        return seed
    digest = hashlib.sha256(f"{seed}/{key}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


def find(source: Path, seed: int = 0, seeds: str = "same") -> List[Item]:
    """List the items of a folder, or of a list.

    Args:
      source: a folder, of which every recording and features file is taken; or a text file with one
        path a line, relative to the file's folder.
      seed: of the job.
      seeds: one of `SEEDS`.

    Returns:
      The items, sorted by id. The id is the path in the folder, or as the list has it (of an
      absolute path its name), without the extension.

    Raises:
      WaveRNNError: if there is nothing to speak, or two files have one id.
    """
    if seeds not in SEEDS:
        raise WaveRNNError(f"Expected `seeds` to be one of {', '.join(SEEDS)}; got {seeds!r}.")
    if source.is_dir():
        paths = _in_folder(source)
    elif source.is_file():
        paths = _in_list(source)
    else:
        raise WaveRNNError(
            f"Expected a folder of recordings or features, or a list of them; there is no {source}."
        )
    if not paths:
        raise WaveRNNError(f"Found no recording and no features in {source}.")
    return [
        Item(key, os.path.abspath(path), item_seed(seed, seeds, key))
        for key, path in sorted(paths.items())
    ]


def _in_folder(root: Path) -> Dict[str, Path]:
    from wavernn_tf.pipelines import audio, corpora

    found, _ = corpora.files_below(root, extensions=audio.EXTENSIONS + feature_files.EXTENSIONS)
    return _by_id([(corpora.id_below(path, root), path) for path in found])


def _in_list(path: Path) -> Dict[str, Path]:
    pairs = []
    for line in files.read_list(path):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        bare = PurePosixPath(name).with_suffix("")
        key = bare.name if bare.is_absolute() else str(bare)
        if ".." in bare.parts:
            raise WaveRNNError(
                f"{path}: expected paths below the list's folder, or absolute ones; got {name}."
            )
        pairs.append((key, path.parent / name))
    return _by_id(pairs)


def _by_id(pairs: Sequence[tuple]) -> Dict[str, Path]:
    found: Dict[str, Path] = {}
    for key, path in pairs:
        if key in found:
            raise WaveRNNError(
                f"Two files for one output {key}.wav: {found[key]} and {path}. Remove one of them, "
                "or put them in folders of their own."
            )
        found[key] = path
    return found


def write(path: Path, items: Sequence[Item]) -> None:
    """Write items, one JSON object a line."""
    text = "".join(json.dumps(dataclasses.asdict(item)) + "\n" for item in items)
    files.write_text(path, text)


def read(path: PathLike) -> Iterator[Item]:
    """Read the items of `write`."""
    for line in files.read_text(path).splitlines():
        yield Item(**json.loads(line))
