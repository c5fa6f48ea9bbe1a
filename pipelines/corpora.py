"""Corpora: what to read, from where.

folder        any tree of audio files
ljspeech      LJSpeech-1.1, unpacked
vctk          VCTK-Corpus, either release, unpacked
msu_ru_nsh    one male Russian speaker, 99 min (fetches the Debian package festvox-ru)
asterisk_en   one female English speaker, 25 min (asterisk-core-sounds-en-g722)
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import debian
from wavernn_tf.pipelines.audio import EXTENSIONS

HELD_OUT_FILE = "held_out.txt"


@dataclasses.dataclass(frozen=True)
class Source:
    """One utterance to prepare.

    Attributes:
      id: unique in the corpus; may hold "/".
      path: of the audio file.
      speaker: a label, or "".
      split: "train" or "held_out" where the corpus says so, or "".
    """

    id: str
    path: Path
    speaker: str = ""
    split: str = ""


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A list of sources, sorted by id.

    Attributes:
      name: a label.
      sources: at least one.
      root: the folder that holds them, or None; no output may lie in it.
    """

    name: str
    sources: Tuple[Source, ...]
    root: Optional[Path] = None

    def __post_init__(self) -> None:
        seen: Dict[str, Path] = {}
        for source in self.sources:
            if source.id in seen:
                raise WaveRNNError(
                    f"Two files for one utterance {source.id!r}: {seen[source.id]} and "
                    f"{source.path}. Remove one of them."
                )
            seen[source.id] = source.path
        object.__setattr__(self, "sources", tuple(sorted(self.sources, key=lambda s: s.id)))


def folder(root: Path, name: str = "folder") -> Corpus:
    """Every audio file below a folder; the id is the path without the extension.

    A file `held_out.txt` at its top lists the ids (one a line) that are never trained on.

    Raises:
      WaveRNNError: if there is no audio, or `held_out.txt` names what is not there.
    """
    _need_folder(root, "a folder of recordings")
    paths = [
        path
        for path in sorted(root.rglob("*"))
        if path.suffix.lower() in EXTENSIONS and not path.name.startswith(".") and path.is_file()
    ]
    listed = _held_out(root / HELD_OUT_FILE)
    sources = []
    for path in paths:
        key = path.relative_to(root).with_suffix("").as_posix()
        split = "" if listed is None else ("held_out" if key in listed else "train")
        sources.append(Source(key, path, split=split))
    missing = sorted((listed or set()) - {s.id for s in sources})
    if missing:
        raise WaveRNNError(
            f"{root / HELD_OUT_FILE} names what is not in the folder: {', '.join(missing[:5])}."
        )
    return _corpus(name, sources, root, f"{', '.join(EXTENSIONS)} files")


def ljspeech(root: Path) -> Corpus:
    """LJSpeech-1.1: `wavs/LJ001-0001.wav` and so on."""
    _need_folder(root / "wavs", "LJSpeech-1.1 (with its folder `wavs`)")
    sources = [Source(p.stem, p, "LJ") for p in (root / "wavs").glob("*.wav")]
    return _corpus("ljspeech", sources, root, "wavs/*.wav")


def vctk(root: Path) -> Corpus:
    """VCTK: `wav48_silence_trimmed/pNNN/*_mic1.flac` (0.92) or `wav48/pNNN/*.wav` (0.80)."""
    newer, older = root / "wav48_silence_trimmed", root / "wav48"
    if newer.is_dir():
        paths = {p.stem[: -len("_mic1")]: p for p in newer.glob("*/*_mic1.flac")}
    else:
        _need_folder(older, "VCTK (with its folder `wav48_silence_trimmed` or `wav48`)")
        paths = {p.stem: p for p in older.glob("*/*.wav")}
    sources = [Source(key, path, path.parent.name) for key, path in paths.items()]
    return _corpus("vctk", sources, root, "wav48*/pNNN/ recordings")


def msu_ru_nsh(cache: Path) -> Corpus:
    """The recordings of the Debian package `festvox-ru`, fetched into `cache` at first."""
    root = debian.fetch("festvox-ru", cache)
    sources = [Source(p.stem, p, "msu_ru_nsh") for p in root.rglob("msu_ru_nsh*/wav/*.wav")]
    return _corpus("msu_ru_nsh", sources, root, "wav/*.wav")


def asterisk_en(cache: Path) -> Corpus:
    """The prompts of `asterisk-core-sounds-en-g722`, fetched into `cache` and decoded at first.

    The folder `silence` is left out.
    """
    package = "asterisk-core-sounds-en-g722"
    root = debian.fetch(package, cache)
    prompts = root / "usr/share/asterisk/sounds/en_US_f_Allison"
    files = [p for p in prompts.rglob("*.g722") if p.relative_to(prompts).parts[0] != "silence"]
    keys = [p.relative_to(prompts).with_suffix("").as_posix() for p in files]
    wavs = debian.decode_g722(files, [cache / f"{package}-wav" / f"{key}.wav" for key in keys])
    sources = [Source(key, wav, "allison") for key, wav in zip(keys, wavs)]
    return _corpus("asterisk_en", sources, root, "*.g722")


LOCAL: Dict[str, Callable[[Path], Corpus]] = {
    "folder": folder,
    "ljspeech": ljspeech,
    "vctk": vctk,
}
"""Corpora on the user's disk: called with their folder."""

FETCHED: Dict[str, Callable[[Path], Corpus]] = {
    "msu_ru_nsh": msu_ru_nsh,
    "asterisk_en": asterisk_en,
}
"""Corpora that fetch themselves: called with a cache folder."""


def find(name: str, path: Optional[Path] = None) -> Corpus:
    """A corpus by name.

    Args:
      name: of `LOCAL` or `FETCHED`.
      path: its folder; for a fetched corpus the cache, by default `~/.cache/wavernn-tf`.

    Raises:
      WaveRNNError: for an unknown name, or a corpus that is not there.
    """
    if name in FETCHED:
        return FETCHED[name](path or Path.home() / ".cache" / "wavernn-tf")
    if name not in LOCAL:
        known = ", ".join([*LOCAL, *FETCHED])
        raise WaveRNNError(f"Unknown corpus {name!r}; there are {known}.")
    if path is None:
        raise WaveRNNError(f"The corpus {name!r} needs the path of its folder.")
    return LOCAL[name](path)


def assign_splits(sources: Sequence[Source], held_out: float) -> List[Source]:
    """Give each source a split, by a hash of its id where the corpus does not say.

    The same id always falls in the same split, whatever else is in the corpus; only where a split
    would stay empty does the source with the lowest (highest) hash go there.

    Args:
      sources: of a corpus.
      held_out: fraction held out, in [0, 1).
    """
    if not 0 <= held_out < 1:
        raise WaveRNNError(f"Expected 0 <= `held_out` < 1; got {held_out}.")
    if any(s.split for s in sources):
        return [s if s.split else dataclasses.replace(s, split="train") for s in sources]
    ranks = {s.id: _unit_hash(s.id) for s in sources}
    chosen = {key for key, rank in ranks.items() if rank < held_out}
    if held_out > 0 and len(ranks) > 1:
        chosen.add(min(ranks, key=lambda key: ranks[key]))
        chosen.discard(max(ranks, key=lambda key: ranks[key]))
    return [
        dataclasses.replace(s, split="held_out" if s.id in chosen else "train") for s in sources
    ]


def _unit_hash(key: str) -> float:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") / 2.0**48


def _held_out(path: Path) -> Optional[Set[str]]:
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def _need_folder(path: Path, what: str) -> None:
    if not path.is_dir():
        raise WaveRNNError(f"Expected {what}; {path} is not a folder.")


def _corpus(name: str, sources: List[Source], root: Path, what: str) -> Corpus:
    if not sources:
        raise WaveRNNError(f"Found no {what} below {root}.")
    return Corpus(name, tuple(sources), root)
