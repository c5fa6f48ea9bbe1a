"""The shards of a prepared folder: planned, made, and known to be done.

A shard is written under a temporary name and renamed; then a note `SHARD.json` beside it, also
renamed into place, says what it holds and from which sources. A shard whose note matches its
sources is done.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path
from typing import AbstractSet, Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from wavernn_tf import files, trees
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import corpora, manifest, records
from wavernn_tf.pipelines.features import features_path, load_utterance
from wavernn_tf.pipelines.manifest import Remark, Skipped, UtteranceInfo
from wavernn_tf.pipelines.records import Utterance

SETTINGS = "settings.json"
"""Written first: it tells that a folder is ours."""

_NAME = re.compile(rf"({'|'.join(manifest.SPLITS)})-[0-9]{{5,}}[.](tfrecord|json)")


def claim(out: Path, inputs: Sequence[files.PathLike]) -> None:
    """Check that a folder may be prepared, before the work.

    Args:
      out: the folder; existing or not.
      inputs: folders of recordings and of features.

    Raises:
      WaveRNNError: if it must not be written, or holds files that would be replaced and that no
        earlier `prepare` wrote.
    """
    entries = files.claim_folder(out, inputs)
    if files.is_json_with(out / SETTINGS, ("schema", "corpus")):
        return
    ours = [
        p.name for p in entries if p.name in (SETTINGS, manifest.FILE) or _NAME.fullmatch(p.name)
    ]
    if ours:
        raise WaveRNNError(
            f"{out} holds {', '.join(ours[:3])}{' ...' if ours[3:] else ''}, which `wavernn-tf "
            "prepare` would replace and did not write there: it is kept. Use another folder."
        )


@dataclasses.dataclass(frozen=True)
class Shard:
    """One shard to make.

    Attributes:
      path: of the TFRecord file.
      split: "train" or "held_out".
      sources: its utterances.
      key: hash of the sources, with the sizes and times of their files.
    """

    path: Path
    split: str
    sources: Tuple[corpora.Source, ...]
    key: str

    @property
    def note(self) -> Path:
        """Path of its note."""
        return self.path.with_suffix(".json")


def plan(
    corpus: corpora.Corpus,
    out: Path,
    mel_dir: Optional[Path],
    held_out: float,
    shard_size: int,
    broken: AbstractSet[str] = frozenset(),
) -> List[Shard]:
    """Cut a corpus in shards, split by split, in the order of the ids.

    A corpus of one recording is split inside it; `broken` ids are not held out.
    """
    sources = corpora.assign_splits(corpus.sources, held_out, broken)
    if len(sources) == 1 and held_out > 0 and not corpus.sources[0].split:
        cut = 1.0 - held_out
        sources = [
            dataclasses.replace(sources[0], share=(0.0, cut)),
            dataclasses.replace(sources[0], split="held_out", share=(cut, 1.0)),
        ]
    shards = []
    for split in manifest.SPLITS:
        chosen = [s for s in sources if s.split == split]
        for index, start in enumerate(range(0, len(chosen), shard_size)):
            part = tuple(chosen[start : start + shard_size])
            path = out / f"{split}-{index:05d}.tfrecord"
            shards.append(Shard(path, split, part, _key(part, mel_dir)))
    return shards


def _key(sources: Sequence[corpora.Source], mel_dir: Optional[Path]) -> str:
    """Hash of the sources of a shard, with sizes and times of their files."""
    lines = []
    for source in sources:
        share = "" if source.share == (0.0, 1.0) else f"|{source.share}"
        lines.append(f"{source.id}|{source.speaker}|{_stamp(source.path)}{share}")
        if mel_dir is not None:
            lines.append(_stamp(features_path(mel_dir, source.id)))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _stamp(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return "missing"
    return f"{stat.st_size}|{stat.st_mtime_ns}"


Report = Callable[[corpora.Source, Optional[str], bool], None]
"""Called with (source, why it is skipped or None, whether an earlier run made it)."""


def make(
    shard: Shard,
    mel: MelRecipe,
    signal: SignalConfig,
    mel_dir: Optional[Path],
    on_error: str,
    report: Report,
) -> Dict[str, Any]:
    """Make one shard and its note, or find both done.

    Args:
      shard: from `plan`.
      mel: the feature recipe.
      signal: whether the fundamental frequency is among the features.
      mel_dir: folder of features computed elsewhere, or None.
      on_error: "skip" or "fail".
      report: told of every utterance, also of those that an earlier run made; what it raises ends
        the work.

    Returns:
      The note: `utterances`, `skipped`, `remarks`, and `moments`, the sums over the frames of the
      features and of their squares.

    Raises:
      WaveRNNError: for a broken file, with "fail".
    """
    width = mel.n_mels + signal.extra_features
    done = note_if_done(shard, width)
    if done is not None and not (done["skipped"] and on_error == "fail"):
        for source in shard.sources:
            report(source, None, True)
        return done
    made: List[UtteranceInfo] = []
    skipped: List[Skipped] = []
    remarks: List[Remark] = []
    moments = np.zeros((2, width))
    shard.note.unlink(missing_ok=True)
    with records.writing(shard.path) as writer:
        for source in shard.sources:
            reason = None
            try:
                whole = load_utterance(source.id, source.path, mel, mel_dir, signal)
            except WaveRNNError as error:
                if on_error == "fail":
                    raise
                reason = str(error)
                skipped.append(Skipped(source.id, str(source.path), reason))
            else:
                utterance = _shared(whole, source.share)
                if utterance is not None:  # else too short to hold a part of it out
                    writer.write(utterance)
                    made.append(UtteranceInfo(source.id, len(utterance.mel), source.speaker))
                    remarks += [Remark(kind, source.id, text) for kind, text in utterance.remarks]
                    values = utterance.mel.astype(np.float64)
                    moments += [values.sum(0), np.square(values).sum(0)]
            report(source, reason, False)
    note = {
        "key": shard.key,
        "bytes": shard.path.stat().st_size,
        "utterances": [dataclasses.asdict(u) for u in made],
        "skipped": [dataclasses.asdict(s) for s in skipped],
        "moments": moments.tolist(),
        "remarks": [dataclasses.asdict(r) for r in remarks],
    }
    manifest.write_json(shard.note, note)
    return note


def _shared(utterance: Utterance, share: Tuple[float, float]) -> Optional[Utterance]:
    """The part of a recording that belongs to a split, of whole frames; None if it is too short.

    What is held out is at least two seconds' worth of frames or a quarter of the recording.
    """
    if share == (0.0, 1.0):
        return utterance
    frames = len(utterance.mel)
    hop = len(utterance.audio) // frames
    held = round(frames * (1.0 - max(share[0], share[1] if share[1] < 1.0 else 0.0)))
    held = max(held, min(_HELD_FRAMES, frames // 4))
    if frames < _SPLIT_FRAMES:
        held = 0
    start, end = (0, frames - held) if share[0] == 0.0 else (frames - held, frames)
    if start == end:
        return None
    return dataclasses.replace(
        utterance, audio=utterance.audio[start * hop : end * hop], mel=utterance.mel[start:end]
    )


_HELD_FRAMES, _SPLIT_FRAMES = 160, 80
"""Frames of a single recording that are held out at least; frames that it must have to be split."""


def note_if_done(shard: Shard, n_features: int) -> Optional[Dict[str, Any]]:
    """The note of a shard that is made from the sources as they are; None if it must be made.

    Args:
      shard: from `plan`.
      n_features: features per frame.
    """
    try:
        note = trees.from_dict(_Note, trees.parse_json(files.read_text(shard.note)))
        whole = shard.path.stat().st_size == note.bytes
    except (OSError, ValueError):
        return None
    summed = [len(row) for row in note.moments] == [n_features, n_features]
    return dataclasses.asdict(note) if whole and summed and note.key == shard.key else None


@dataclasses.dataclass(frozen=True)
class _Note:
    """What a note holds; see `make`."""

    key: str
    bytes: int
    utterances: Tuple[UtteranceInfo, ...]
    skipped: Tuple[Skipped, ...]
    moments: Tuple[Tuple[float, ...], ...]
    remarks: Tuple[Remark, ...] = ()


def remove_strays(out: Path, shards: Sequence[Shard]) -> None:
    """Remove shards of an earlier, longer corpus, and what killed runs left.

    A shard is known by its note; nothing else is touched.
    """
    keep = {s.note.name for s in shards}
    for note in out.iterdir():
        if note.suffix == ".json" and _NAME.fullmatch(note.name) and note.name not in keep:
            if files.is_json_with(note, ("key", "bytes", "utterances", "moments")):
                note.with_suffix(".tfrecord").unlink(missing_ok=True)
                note.unlink()
    files.remove_abandoned(out)
