"""A corpus to TFRecord shards and a manifest, in parallel, resumable.

The sources of each split, sorted by id, are cut in shards. A run killed at any moment continues
with the shards that were not finished (see `shards`). The manifest comes last.

What makes the shards is given: threads here, a cluster in `bulk.prepare`. Threads, not processes:
the work is in TensorFlow ops that release the interpreter lock, and TensorFlow does not survive a
fork.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import hashlib
import os
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Union

import numpy as np
from tqdm import tqdm

from wavernn_tf import config as config_lib
from wavernn_tf import files, processors
from wavernn_tf.config import MelRecipe, SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import corpora, manifest
from wavernn_tf.pipelines import shards as shards_lib
from wavernn_tf.pipelines.manifest import Manifest, Remark, Skipped, Split, UtteranceInfo

PathLike = Union[str, "os.PathLike[str]"]


@dataclasses.dataclass(frozen=True)
class Options:
    """How every shard is made.

    Attributes:
      mel: the feature recipe.
      signal: recorded for training; the stored audio is raw.
      mel_dir: folder of features computed elsewhere, `<id>.npy`, float [frames, n_mels], or None.
      on_error: "skip" reports a broken file by name and goes on; "fail" stops there.
    """

    mel: MelRecipe
    signal: SignalConfig
    mel_dir: Optional[Path] = None
    on_error: str = "skip"

    def __post_init__(self) -> None:
        if self.on_error not in ("skip", "fail"):
            raise WaveRNNError(f"Expected `on_error` to be skip or fail; got {self.on_error!r}.")
        if self.mel.kind == "external" and self.mel_dir is None:
            raise WaveRNNError(
                f"The recipe {self.mel.name!r} is external: give its features by --mel-dir."
            )
        if self.mel_dir is not None and not self.mel_dir.is_dir():
            raise WaveRNNError(
                f"Expected a folder of .npy features; {self.mel_dir} is not a folder."
            )

    @property
    def n_features(self) -> int:
        """Features per frame."""
        return self.mel.n_mels + self.signal.extra_features

    def make(self, shard: shards_lib.Shard, report: shards_lib.Report) -> Dict[str, Any]:
        """Make one shard; see `shards.make`."""
        return shards_lib.make(shard, self.mel, self.signal, self.mel_dir, self.on_error, report)


Engine = Callable[[Sequence[shards_lib.Shard], Options], List[Dict[str, Any]]]
"""Makes all shards, or finds them done; returns their notes, in order."""


def prepare(
    corpus: corpora.Corpus,
    out_dir: PathLike,
    mel: MelRecipe,
    signal: SignalConfig,
    mel_dir: Optional[PathLike] = None,
    held_out: float = 0.05,
    workers: Optional[int] = None,
    on_error: str = "skip",
    progress: bool = True,
    shard_size: int = 64,
) -> Manifest:
    """Turn a corpus into training data, on this machine.

    Args:
      corpus: what to read.
      out_dir: made if missing. Run again with the same settings, it skips what is done.
      mel: the feature recipe.
      signal: recorded for training; the stored audio is raw.
      mel_dir: folder of features computed elsewhere, `<id>.npy`, float [frames, n_mels].
      held_out: fraction of the utterances held out, where the corpus does not say which.
      workers: threads; by default one per processor that this process may use.
      on_error: "skip" reports a broken file by name and goes on; "fail" stops there.
      progress: show a progress bar.
      shard_size: utterances per shard.

    Returns:
      The manifest, also written to `out_dir`.

    Raises:
      WaveRNNError: for a folder that must not be written or that another process prepares, other
        settings than it was begun with, a broken file (with "fail"), or no usable training data.
    """
    options = Options(mel, signal, None if mel_dir is None else Path(mel_dir), on_error)
    quietly, shown = (functools.partial(_by_threads, workers, p) for p in (False, progress))
    return prepare_by(shown, corpus, Path(out_dir), options, held_out, shard_size, quietly)


def prepare_by(
    engine: Engine,
    corpus: corpora.Corpus,
    out: Path,
    options: Options,
    held_out: float = 0.05,
    shard_size: int = 64,
    first: Optional[Engine] = None,
) -> Manifest:
    """Turn a corpus into training data, wherever the shards are made; see `prepare`.

    Args:
      engine: makes the shards.
      corpus: what to read.
      out: as for `prepare`.
      options: what the shards are made by.
      held_out: as for `prepare`.
      shard_size: as for `prepare`.
      first: makes the held-out shards, before the others; by default `engine`.
    """
    shards_lib.claim(out, [p for p in (corpus.root, options.mel_dir) if p is not None])
    with files.exclusive(out, "prepares data"):
        _check_settings(out, corpus, options, held_out, shard_size)
        broken: Set[str] = set()
        while True:
            shards = shards_lib.plan(corpus, out, options.mel_dir, held_out, shard_size, broken)
            # What is held out comes first: a pick that is broken is replaced by another.
            held = [s for s in shards if s.split == "held_out"]
            tried = (first or engine)(held, options)
            more = {s["id"] for note in tried for s in note["skipped"]}
            chosen = any(s.split for s in corpus.sources)
            if chosen or not more or any(note["utterances"] for note in tried):
                break
            broken |= more
            if len(broken) >= len(corpus.sources):
                break
        notes = engine(shards, options)
        made = _manifest(corpus, options, shards, notes)
        made.save(out)
        shards_lib.remove_strays(out, shards)
    return made


def _check_settings(
    out: Path,
    corpus: corpora.Corpus,
    options: Options,
    held_out: float,
    shard_size: int,
) -> None:
    """Record the settings at the first run; compare them at every other."""
    asked: Dict[str, Any] = {"schema": manifest.SCHEMA, "corpus": corpus.name}
    asked.update({f"mel.{k}": v for k, v in config_lib.to_dict(options.mel).items() if k != "name"})
    of_data = options.signal.of_data
    if not of_data["extra_features"]:  # folders of earlier releases do not name them
        del of_data["extra_features"]
    asked.update({f"signal.{k}": v for k, v in of_data.items()})
    asked["features"] = "computed" if options.mel_dir is None else "mel_dir"
    asked.update({"held_out": held_out, "shard_size": shard_size})
    manifest.same_settings(out / shards_lib.SETTINGS, asked, "prepared")


def _by_threads(
    workers: Optional[int], progress: bool, shards: Sequence[shards_lib.Shard], options: Options
) -> List[Dict[str, Any]]:
    """The engine of one machine: a pool of threads under a progress bar."""
    total = sum(len(s.sources) for s in shards)
    stop = threading.Event()
    with tqdm(total=total, desc="prepare", unit="utt", disable=not progress) as bar:

        def report(source: corpora.Source, skipped: Optional[str], done: bool) -> None:
            if stop.is_set():
                raise WaveRNNError("Stopped.")
            if skipped is not None:
                bar.write(f"skipped {source.id}: {skipped}", file=sys.stderr)
            bar.update()

        with concurrent.futures.ThreadPoolExecutor(workers or processors.count()) as pool:
            jobs = [pool.submit(options.make, s, report) for s in shards]
            try:
                concurrent.futures.wait(jobs, return_when=concurrent.futures.FIRST_EXCEPTION)
                for job in jobs:
                    if job.done():
                        job.result()
                return [job.result() for job in jobs]
            except BaseException:
                stop.set()
                for job in jobs:
                    job.cancel()
                raise


def _manifest(
    corpus: corpora.Corpus,
    options: Options,
    shards: Sequence[shards_lib.Shard],
    notes: Sequence[Dict[str, Any]],
) -> Manifest:
    mel, splits = options.mel, {}
    moments = np.zeros((2, options.n_features))
    for name in manifest.SPLITS:
        mine = [(s, n) for s, n in zip(shards, notes) if s.split == name]
        mine = [(s, n) for s, n in mine if n["utterances"]]
        utterances = tuple(UtteranceInfo(**u) for _, n in mine for u in n["utterances"])
        hours = sum(u.frames for u in utterances) / mel.frames_per_second / 3600.0
        splits[name] = Split(utterances, tuple(s.path.name for s, _ in mine), round(hours, 6))
        if name == "train":
            for _, note in mine:
                moments += note["moments"]
    skipped = tuple(Skipped(**s) for n in notes for s in n["skipped"])
    remarks = tuple(Remark(**r) for n in notes for r in n.get("remarks", ()))
    frames = splits["train"].frames
    if not frames:
        why = f" The first error: {skipped[0].reason}" if skipped else ""
        raise WaveRNNError(f"No usable training utterance in {corpus.name}.{why}")
    mean = moments[0] / frames
    std = np.sqrt(np.maximum(moments[1] / frames - np.square(mean), 0.0))
    std = np.where(std < 1e-4, 1.0, std)
    return Manifest(
        corpus=corpus.name,
        mel=mel,
        signal=options.signal,
        features="computed" if options.mel_dir is None else "mel_dir",
        train=splits["train"],
        held_out=splits["held_out"],
        skipped=skipped,
        feature_mean=tuple(mean.astype(np.float32).tolist()),
        feature_std=tuple(std.astype(np.float32).tolist()),
        source_fingerprint=hashlib.sha256("".join(s.key for s in shards).encode()).hexdigest()[:16],
        remarks=remarks,
    )
