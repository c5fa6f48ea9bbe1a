"""What became of the items of a job: counted, and put down when the job ends."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import apache_beam as beam
from apache_beam.metrics import Metrics

from wavernn_tf import files
from wavernn_tf.pipelines import manifest

NAMESPACE = "wavernn_tf.bulk"
"""Of the counters `made`, `skipped`, `failed` and `samples`."""

KINDS = ("made", "skipped", "failed")
COUNTS = (*KINDS, "samples")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one item.

    Attributes:
      id: of the item.
      path: of its input.
      kind: one of `KINDS`.
      samples: of audio that were made.
      reason: why it failed.
    """

    id: str
    path: str
    kind: str
    samples: int = 0
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Summary:
    """What became of a job.

    Attributes:
      made: items made now.
      skipped: items that an earlier run had made.
      failed: items that cannot be made.
      samples: of audio made now.
      failures: the outcomes of those that failed, sorted by id.
    """

    made: int = 0
    skipped: int = 0
    failed: int = 0
    samples: int = 0
    failures: Tuple[Outcome, ...] = ()


class Count(beam.DoFn):
    """Counts outcomes for the runner's own display, and hands them on."""

    def __init__(self) -> None:
        self._counters = {name: Metrics.counter(NAMESPACE, name) for name in COUNTS}

    def process(self, outcome: Outcome) -> Iterable[Outcome]:
        """Count one outcome."""
        self._counters[outcome.kind].inc()
        self._counters["samples"].inc(outcome.samples)
        yield outcome


Tally = Tuple[Dict[str, int], List[Outcome]]


class Summarise(beam.CombineFn):
    """Outcomes to a `Summary`."""

    def create_accumulator(self) -> Tally:
        """Nothing yet."""
        return dict.fromkeys(COUNTS, 0), []

    def add_input(self, tally: Tally, outcome: Outcome) -> Tally:
        """Add one outcome."""
        counts, failures = tally
        counts[outcome.kind] += 1
        counts["samples"] += outcome.samples
        if outcome.kind == "failed":
            failures.append(outcome)
        return tally

    def merge_accumulators(self, tallies: Iterable[Tally]) -> Tally:
        """Add what several workers counted."""
        counts, failures = self.create_accumulator()
        for more, others in tallies:
            for name in COUNTS:
                counts[name] += more[name]
            failures += others
        return counts, failures

    def extract_output(self, tally: Tally) -> Summary:
        """The counts, and the failures in order."""
        counts, failures = tally
        return Summary(**counts, failures=tuple(sorted(failures, key=lambda f: f.id)))


def write_failures(path: Path, failures: Iterable[Any]) -> None:
    """Write the dead letters: one JSON object with `id`, `path` and `reason` a line.

    Args:
      path: of the file; without failures it is left empty.
      failures: objects with these attributes.
    """
    lines = [{key: getattr(f, key) for key in ("id", "path", "reason")} for f in failures]
    files.write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


def write_summary(summary: Summary, failures: str, path: str) -> None:
    """Write the dead letters and the counts; the last step of a job, on one worker."""
    write_failures(Path(failures), summary.failures)
    counts = {name: getattr(summary, name) for name in COUNTS}
    manifest.write_json(Path(path), counts)


def read_summary(failures: Path, path: Path) -> Summary:
    """What `write_summary` wrote."""
    counts: Dict[str, int] = json.loads(files.read_text(path))
    lines: List[Dict[str, str]] = [
        json.loads(line) for line in files.read_text(failures).splitlines()
    ]
    return Summary(**counts, failures=tuple(_failed(line) for line in lines))


def _failed(line: Dict[str, str]) -> Outcome:
    return Outcome(line["id"], line["path"], "failed", reason=line["reason"])
