"""How fast SavedModels speak on this machine, by the number of rows in a request."""

from __future__ import annotations

import functools
import resource
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.benchmark import bench
from wavernn_tf.export.benchmark.bench import Subject, Timing
from wavernn_tf.export.serving import saved_model, versions

BATCHES = (1, 4, 16, 64)
"""Rows of the requests that are timed by default."""

PAPER_SAMPLES_PER_SECOND = 96000.0
"""The paper's WaveRNN-896 at batch 1 on an NVIDIA P100, section 5.3."""


class SavedModelBench(Subject[Dict[str, Any]]):
    """A SavedModel's `synthesize`, one body for each number of rows.

    The first call of each is not timed with the others: it may compile.

    Args:
      path: folder of a model, or of one version.
      seconds: of speech in every row.
      batches: numbers of rows.

    Attributes:
      first_seconds: time of the first call, by number of rows.

    Raises:
      WaveRNNError: if there is no SavedModel of ours.
    """

    notes: Sequence[str] = ()

    def __init__(
        self, path: files.PathLike, seconds: float, batches: Sequence[int] = BATCHES
    ) -> None:
        version = versions.newest(path)
        if version is None:
            raise WaveRNNError(
                f"Expected a SavedModel's folder, or one of its versions; {path} is none. Export "
                "one with `wavernn-tf export saved-model`."
            )
        self.info = saved_model.read_info(version)
        model = tf.saved_model.load(files.plain(version))
        self._speak = model.signatures["synthesize"]
        self._frames = max(1, round(seconds * self.info.mel.frames_per_second))
        self._seed = 0
        self.first_seconds = {batch: self._seconds(batch)[0] for batch in batches}
        self.bodies = {batch: functools.partial(self._us, batch) for batch in batches}

    def summary(self, times: Mapping[Any, np.ndarray]) -> Dict[str, Any]:
        """See `Subject`: by number of rows."""
        rate = self.info.mel.sample_rate
        found: Dict[str, Any] = {}
        for batch, measured in times.items():
            us, cpu_us = measured.T
            timing = Timing.of(us, self._samples(batch), rate)
            found[str(batch)] = {
                **timing.as_dict(),
                "cpu_us_per_sample": float(np.median(cpu_us)),
                "slowest_over_median": float(np.max(us) / np.median(us)),
                "first_seconds": self.first_seconds[batch],
            }
        return {
            "runtime": f"tensorflow {tf.__version__}",
            "devices": sorted({d.device_type for d in tf.config.list_physical_devices()}),
            "sample_rate": rate,
            "seconds": self._frames / self.info.mel.frames_per_second,
            "batches": found,
        }

    def _samples(self, batch: int) -> int:
        return batch * self._frames * self.info.mel.hop_length

    def _us(self, batch: int) -> np.ndarray:
        return 1e6 * np.array(self._seconds(batch)) / self._samples(batch)

    def _seconds(self, batch: int) -> Tuple[float, float]:
        """Time and processor time, of all threads, of one request."""
        rows = [bench.features(self.info, self._frames, seed) for seed in range(batch)]
        self._seed += 1
        inputs = {
            "features": tf.constant(np.stack(rows)),
            "lengths": tf.fill([batch], self._frames),
            "seed": tf.range(self._seed, self._seed + batch, dtype=tf.int64),
            "temperature": tf.ones([batch]),
            "fine_temperature": tf.ones([batch]),
        }
        start = time.perf_counter(), time.process_time()
        outputs = self._speak(**inputs)
        outputs["audio"].numpy()
        taken = time.perf_counter() - start[0], time.process_time() - start[1]
        bad = [text.decode() for text in outputs["status"].numpy() if text]
        if bad:
            raise WaveRNNError(f"The SavedModel refused random features: {bad[0]}.")
        return taken


def paper_ratio(found: Mapping[str, Any]) -> Dict[str, float]:
    """On a GPU: samples per second at batch 1 over the paper's, by label; empty on a CPU."""
    return {
        label: form["batches"]["1"]["samples_per_second"] / PAPER_SAMPLES_PER_SECOND
        for label, form in found.items()
        if "GPU" in form["devices"] and "1" in form["batches"]
    }


def peak_memory_mb() -> float:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux: getrusage would count what the parent held before it forked
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def rows(found: Mapping[str, Any]) -> List[List[str]]:
    """A table for people: a line for each SavedModel and number of rows."""
    return [
        [
            label,
            batch,
            f"{timed['us_per_sample']:.2f}",
            f"{timed['cpu_us_per_sample']:.2f}",
            f"{timed['samples_per_second']:.0f}",
            f"{timed['real_time_factor']:.2f}",
            f"{timed['slowest_over_median']:.2f}",
            f"{timed['first_seconds']:.1f}",
        ]
        for label, form in found.items()
        for batch, timed in form["batches"].items()
    ]
