"""Bulk preparation: the shards of `wavernn-tf prepare`, made by the workers of a Beam runner.

    shards -> done? -> audio, features -> TFRecord file and note -> counts

The plan, the shards, their notes and the manifest are those of `wavernn_tf.pipelines.prepare`, byte
for byte: only who makes a shard differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import corpora, prepare, shards
from wavernn_tf.pipelines.bulk import outcomes, running
from wavernn_tf.pipelines.manifest import Manifest

FAILURES = "bulk_failures.jsonl"


class MakeShard(beam.DoFn):
    """Makes shards, and counts their utterances.

    Args:
      options: how every shard is made.
    """

    def __init__(self, options: prepare.Options) -> None:
        self._options = options
        self._counters = {n: Metrics.counter(outcomes.NAMESPACE, n) for n in outcomes.KINDS}

    def process(self, shard: shards.Shard) -> Iterable[None]:
        """Make one shard, or find it done."""
        self._options.make(shard, self._report)
        return ()

    def _report(self, source: corpora.Source, reason: Optional[str], done: bool) -> None:
        self._counters["failed" if reason else "skipped" if done else "made"].inc()


def engine(beam_options: PipelineOptions) -> prepare.Engine:
    """What makes shards on a Beam runner.

    Args:
      beam_options: of `running.options`.

    Returns:
      An engine; it raises `WaveRNNError` if the job fails.
    """

    def make_all(planned: Sequence[shards.Shard], options: prepare.Options) -> List[Dict[str, Any]]:
        width = options.n_features
        done = all(shards.note_if_done(shard, width) for shard in planned)
        if not done or options.on_error == "fail":

            def build(pipeline: beam.Pipeline) -> None:
                _ = (
                    pipeline
                    | "Shards" >> beam.Create(list(planned))
                    | "Spread" >> beam.Reshuffle()
                    | "Make" >> beam.ParDo(MakeShard(options))
                )

            running.run(build, beam_options)
        notes = [shards.note_if_done(shard, width) for shard in planned]
        missing = [s.path.name for s, note in zip(planned, notes) if note is None]
        if missing:
            raise WaveRNNError(
                f"The workers left out {len(missing)} shards, {', '.join(missing[:3])} and so on: "
                "do all of them see the folders of recordings and of shards under one name, and "
                "did no recording change meanwhile? The same command makes what is missing."
            )
        return [note for note in notes if note is not None]

    return make_all


def run(
    corpus: corpora.Corpus,
    out: Path,
    options: prepare.Options,
    beam_options: PipelineOptions,
    held_out: float = 0.05,
    shard_size: int = 64,
) -> Manifest:
    """Turn a corpus into training data; see `prepare.prepare_by`.

    Broken files are also listed in `FAILURES`, one JSON object a line.
    """
    made = prepare.prepare_by(engine(beam_options), corpus, out, options, held_out, shard_size)
    outcomes.write_failures(out / FAILURES, made.skipped)
    return made
