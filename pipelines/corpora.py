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
import os
from pathlib import Path
from typing import AbstractSet, Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from wavernn_tf import files
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
      share: from where to where of the recording, in shares of it; its frames are cut so.
    """

    id: str
    path: Path
    speaker: str = ""
    split: str = ""
    share: Tuple[float, float] = (0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A list of sources, sorted by id.

    Attributes:
      name: a label.
      sources: at least one.
      root: the folder that holds them, or None; no output may lie in it.
      remarks: what a user should know of the folder, such as files that were left out.
    """

    name: str
    sources: Tuple[Source, ...]
    root: Optional[Path] = None
    remarks: Tuple[str, ...] = ()

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
    paths, left_out = files_below(root)
    listed = _held_out(root / HELD_OUT_FILE)
    keys = {path: id_below(path, root) for path in paths}
    chosen = _named(listed or (), keys.values())
    held_out = set(chosen.values())
    sources = []
    for path, key in keys.items():
        split = "" if listed is None else ("held_out" if key in held_out else "train")
        sources.append(Source(key, path, split=split))
    missing = [line for line in listed or () if line not in chosen]
    if missing:
        raise WaveRNNError(
            f"{root / HELD_OUT_FILE} names what is not in the folder: {', '.join(missing[:5])}."
        )
    return _corpus(name, sources, root, f"{', '.join(EXTENSIONS)} files", left_out)


def ljspeech(root: Path) -> Corpus:
    """LJSpeech-1.1: `wavs/LJ001-0001.wav` and so on, of any audio format.

    Lines of `metadata.csv` without a file, and files without a line, are remarked.
    """
    _need_folder(root / "wavs", "LJSpeech-1.1 (with its folder `wavs`)")
    paths, remarks = files_below(root / "wavs", depth=1)
    sources = [Source(id_below(p, root / "wavs"), p, "LJ") for p in paths]
    listed = root / "metadata.csv"
    if listed.is_file():
        lines = [line.split("|")[0].strip() for line in files.read_list(listed)]
        keys = [line for line in lines if line]
        found = _named(keys, [s.id for s in sources])
        remarks += _counted(
            [key for key in keys if key not in found], "lines of metadata.csv have no file in wavs/"
        )
        unlisted = {s.id for s in sources} - set(found.values())
        if keys:
            remarks += _counted(sorted(unlisted), "files in wavs/ have no line in metadata.csv")
    return _corpus("ljspeech", sources, root, "wavs/*.wav", remarks)


def vctk(root: Path) -> Corpus:
    """VCTK: `wav48_silence_trimmed/pNNN/*_mic1.flac` (0.92) or `wav48/pNNN/*.wav` (0.80)."""
    newer, older = root / "wav48_silence_trimmed", root / "wav48"
    folder, end = (newer, "_mic1") if newer.is_dir() else (older, "")
    _need_folder(folder, "VCTK (with its folder `wav48_silence_trimmed` or `wav48`)")
    paths, remarks = files_below(folder, depth=2)
    chosen = [p for p in paths if p.parent != folder and p.stem.endswith(end)]
    sources = [
        Source(_text(p.stem[: len(p.stem) - len(end)]), p, _text(p.parent.name)) for p in chosen
    ]
    return _corpus("vctk", sources, root, "wav48*/pNNN/ recordings", remarks)


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
    calls = [p for p in prompts.rglob("*.g722") if p.relative_to(prompts).parts[0] != "silence"]
    keys = [p.relative_to(prompts).with_suffix("").as_posix() for p in calls]
    wavs = debian.decode_g722(calls, [cache / f"{package}-wav" / f"{key}.wav" for key in keys])
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
      name: of `LOCAL` or `FETCHED`; several of `FETCHED` joined by "+" are one corpus.
      path: its folder; for a fetched corpus the cache, by default `~/.cache/wavernn-tf`.

    Raises:
      WaveRNNError: for an unknown name, or a corpus that is not there.
    """
    if is_fetched(name):
        cache = path or Path.home() / ".cache" / "wavernn-tf"
        return _joined(name, [FETCHED[part](cache) for part in name.split("+")])
    if name not in LOCAL:
        known = ", ".join([*LOCAL, *FETCHED])
        raise WaveRNNError(f"Unknown corpus {name!r}; there are {known}.")
    if path is None:
        raise WaveRNNError(f"The corpus {name!r} needs the path of its folder.")
    return LOCAL[name](path)


def is_fetched(name: str) -> bool:
    """Whether a name is one of `FETCHED`, or several joined by "+"."""
    return all(part in FETCHED for part in name.split("+"))


def _joined(name: str, corpora: Sequence[Corpus]) -> Corpus:
    """Several corpora as one; the ids begin with the corpus' name then."""
    if len(corpora) == 1:
        return corpora[0]
    sources = [
        dataclasses.replace(source, id=f"{corpus.name}/{source.id}")
        for corpus in corpora
        for source in corpus.sources
    ]
    return Corpus(name, tuple(sources))


def assign_splits(
    sources: Sequence[Source], held_out: float, broken: AbstractSet[str] = frozenset()
) -> List[Source]:
    """Give each source a split, by a hash of its id where the corpus does not say.

    The same id always falls in the same split, whatever else is in the corpus; only where a split
    would stay empty does the source with the lowest (highest) hash go there.

    Args:
      sources: of a corpus.
      held_out: fraction held out, in [0, 1).
      broken: ids that are not held out, as they cannot be used.
    """
    if not 0 <= held_out < 1:
        raise WaveRNNError(f"Expected 0 <= `held_out` < 1; got {held_out}.")
    if any(s.split for s in sources):
        return [s if s.split else dataclasses.replace(s, split="train") for s in sources]
    ranks = {s.id: _unit_hash(s.id) for s in sources if s.id not in broken}
    chosen = {key for key, rank in ranks.items() if rank < held_out}
    if held_out > 0 and len(ranks) > 1:
        chosen.add(min(ranks, key=lambda key: ranks[key]))
        chosen.discard(max(ranks, key=lambda key: ranks[key]))
    return [
        dataclasses.replace(s, split="held_out" if s.id in chosen else "train") for s in sources
    ]


def _unit_hash(key: str) -> float:
    name = files.composed(key).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(name).digest()[:6], "big") / 2.0**48


def _held_out(path: Path) -> Optional[List[str]]:
    if not path.is_file():
        return None
    lines = [line.strip() for line in files.read_list(path)]
    return [line for line in lines if line and not line.startswith("#")]


def _named(lines: Iterable[str], keys: Iterable[str]) -> Dict[str, str]:
    """The ids that the lines of a list name, by line; a line may have the file's extension."""
    known = {files.composed(key): key for key in keys}
    found = {}
    for line in lines:
        name = files.composed(line)
        bare = name[: name.rfind(".")] if name.lower().endswith(EXTENSIONS) else name
        for each in (name, bare, bare.replace("\\", "/")):
            if each in known:
                found[line] = known[each]
                break
    return found


def files_below(
    root: Path, depth: Optional[int] = None, extensions: Tuple[str, ...] = EXTENSIONS
) -> Tuple[List[Path], List[str]]:
    """The files of some kinds below a folder, sorted, and remarks on the others.

    Symbolic links to folders are followed, each folder once; what is hidden is left out.

    Args:
      root: the folder.
      depth: how many folders deep to look; by default to the bottom.
      extensions: of the wanted files, in lower case; by default those of audio.
    """
    found: List[Path] = []
    others: Dict[str, int] = {}
    seen: Set[Tuple[int, int]] = set()
    for folder, names, leaves in os.walk(root, followlinks=True):
        here = Path(folder)
        stat = here.stat()
        if (stat.st_dev, stat.st_ino) in seen:
            names.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        level = len(here.relative_to(root).parts) + 1
        below = depth is None or level < depth
        names[:] = sorted(n for n in names if below and not n.startswith("."))
        for leaf in leaves:
            path = here / leaf
            if leaf.startswith(".") or leaf in _LISTS:
                continue
            if path.suffix.lower() in extensions and path.is_file():
                found.append(path)
            elif path.suffix.lower() in extensions:
                kind = "pipes or devices" if path.exists() else "broken links"
                others[kind] = others.get(kind, 0) + 1
            else:
                kind = path.suffix.lower() or "without an extension"
                others[kind] = others.get(kind, 0) + 1
    counts = [f"{count} {kind}" for kind, count in sorted(others.items())]
    remarks = [f"files left out, as they are of no kind that is read: {', '.join(counts)}"]
    return sorted(found), remarks if counts else []


_LISTS = (HELD_OUT_FILE, "metadata.csv")


def _counted(names: Sequence[str], what: str) -> List[str]:
    if not names:
        return []
    shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
    return [f"{len(names)} {what}: {shown}"]


def id_below(path: Path, root: Path) -> str:
    """The id of a file below a folder: its path there, without the extension."""
    return _text(path.relative_to(root).with_suffix("").as_posix())


def _text(name: str) -> str:
    """A name of the file system as UTF-8, whatever the locale; other bytes as `os.fsdecode`."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def _need_folder(path: Path, what: str) -> None:
    if not path.is_dir():
        raise WaveRNNError(f"Expected {what}; {path} is not a folder.")


def _corpus(
    name: str, sources: List[Source], root: Path, what: str, remarks: Sequence[str] = ()
) -> Corpus:
    if not sources:
        why = f" ({'; '.join(remarks)})" if remarks else ""
        raise WaveRNNError(f"Found no {what} below {root}.{why}")
    return Corpus(name, tuple(sources), root, tuple(remarks))
