"""How fast the op runs a voice: by instruction set and stage, beside its floor and dense TFLite."""

from __future__ import annotations

import itertools
import time
from typing import Any, Dict, Hashable, List, Mapping, Optional, Sequence

import numpy as np

from wavernn_tf.export.benchmark import dense_baseline
from wavernn_tf.export.benchmark import native as native_bench
from wavernn_tf.export.benchmark.bench import ROUND_SECONDS, Body, Subject, Timing, features
from wavernn_tf.export.benchmark.dense_baseline import DenseStep
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import available_isas, find_runtime
from wavernn_tf.voice import metadata

NO_DENSE = "dense TFLite was not timed: making its model needs TensorFlow, which is not installed"

_PLACES = 7
"""Copies of a voice that take turns: some lie in memory whose pages push each other out of the
second-level cache, some do not, and one copy alone would stay where it is."""

_SCALAR_SHARE = 0.25  # of the time that the other instruction sets get


class OpBench(Subject[Dict[str, Any]]):
    """A .tflite voice on some instruction sets; beside its floor and the dense step.

    Args:
      model: contents of the file.
      runtime: TFLite interpreter, as in `Vocoder.load`.
      batch: streams in one call.
      isas: instruction sets; by default all of this machine.
      dense: also time the step of the same sizes in stock TFLite ops.
      stages: also time the op's stages, in rounds of their own.
      round_seconds: computing time per round and body, about.

    Attributes:
      bodies: what to time.
      info: the voice's description.
      runtime: name and version of the interpreter.
      notes: what cannot be measured here, and why.

    Raises:
      WaveRNNError: if the voice cannot be loaded, as `Vocoder.load` does.
    """

    def __init__(
        self,
        model: bytes,
        runtime: str = "auto",
        batch: int = 1,
        isas: Sequence[str] = (),
        dense: bool = True,
        stages: bool = True,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self.info, self._batch = metadata.read(model), batch
        runtime = find_runtime(runtime).name
        self.notes: List[str] = []
        self.bodies: Dict[Hashable, Body] = {}
        self._stages = native_bench.stage_names() if stages else ()
        self._streams: Dict[str, _Streams] = {}
        self._dense: Dict[str, _Dense] = {}
        bytes_read = np.dtype(np.float32).itemsize * self.info.nonzeros
        self.bodies["floor"] = lambda: native_bench.read_floor_us(bytes_read)
        for isa in isas or available_isas():
            self._add_isa(isa, model, runtime, round_seconds)
        if dense:
            self._add_dense(runtime, round_seconds)

    def summary(self, times: Mapping[Hashable, np.ndarray]) -> Dict[str, Any]:
        """A tree for JSON: the figures of the fastest instruction set, and `isas` with all."""
        floor = float(np.median(times["floor"]))
        shared = {
            "runtime": self.runtime,
            "state": self.info.state_size,
            "proj": self.info.projection_size,
            "weights": self.info.weights,
            # Several names, if the matrices differ.
            "block": "+".join(dict.fromkeys(self.info.blocks.values())),
            "batch": self._batch,
            "nonzeros": self.info.nonzeros,
            "read_floor_us": floor,
            "dense_tflite": self._dense_summary(times),
        }
        found = []
        for isa, streams in self._streams.items():
            us = times[isa]
            timing = Timing.of(us, streams.samples, self.info.mel.sample_rate)
            shares = np.median(times[isa, "stages"], axis=0) if self._stages else None
            found.append(
                {
                    "isa": isa,
                    **timing.as_dict(),
                    **shared,
                    "ratio_to_floor": timing.us_per_sample / floor,
                    "stages_us": self._stages_us(shares, timing.us_per_sample),
                }
            )
        return {**min(found, key=lambda f: f["us_per_sample"]), "isas": found}

    def _add_isa(self, isa: str, model: bytes, runtime: str, seconds: float) -> None:
        places = _PLACES
        if isa == "scalar":  # bound by its arithmetic
            places, seconds = 1, _SCALAR_SHARE * seconds
        voices = [Vocoder.load(model, runtime, isa=isa) for _ in range(places)]
        self.runtime = voices[0].runtime
        streams = _Streams(voices, self._batch, seconds)
        self._streams[isa], self.bodies[isa] = streams, streams.run
        if self._stages:
            timed = Vocoder.load(model, runtime, isa=isa, stages=True)
            staged = _Streams([timed], self._batch, seconds)

            def shares() -> np.ndarray:
                native_bench.take_stages()
                staged.run()
                spent = native_bench.take_stages()
                return spent / spent.sum()

            self.bodies[isa, "stages"] = shares

    def _add_dense(self, runtime: str, seconds: float) -> None:
        sizes = self.info.state_size, self.info.projection_size
        try:
            models = dense_baseline.convert(*sizes, self._batch)
        except ModuleNotFoundError:
            self.notes.append(NO_DENSE)
            return
        for form, model in models.items():
            self._dense[form] = _Dense(DenseStep(model, find_runtime(runtime)), seconds)
            self.bodies["dense", form] = self._dense[form].run

    def _stages_us(self, shares: Optional[np.ndarray], whole: float) -> Optional[Dict[str, float]]:
        """The whole, cut in proportion to the time that the stages took in rounds of their own."""
        if shares is None:
            return None
        return {
            name: float(whole * share / shares.sum()) for name, share in zip(self._stages, shares)
        }

    def _dense_summary(self, times: Mapping[Hashable, np.ndarray]) -> Optional[Dict[str, Any]]:
        if not self._dense:
            return None
        found: Dict[str, Any] = {"runtime": self.runtime}
        for form, dense in self._dense.items():
            timing = Timing.of(times["dense", form], dense.samples, self.info.mel.sample_rate)
            found[form] = {"xnnpack": dense.xnnpack, **timing.as_dict()}
        return found


class _Streams:
    """Streams that go on and on, all in one call of the op, by the copies of a voice in turn."""

    def __init__(self, voices: Sequence[Vocoder], batch: int, seconds: float) -> None:
        self._info, self._turns, self._batch = voices[0].info, itertools.cycle(voices), batch
        self._seeds = np.arange(batch, dtype=np.int64)
        self._temperatures = np.ones(batch, np.float32)
        self._state = np.zeros([batch, self._info.state_values], np.float32)
        self._position = np.zeros(batch, np.int64)
        self._set_frames(1)
        self.run()
        frame_us = self.run() * self.samples
        self._set_frames(max(1, round(1e6 * seconds / frame_us)))
        for _ in voices:
            self.run()  # a new length allocates

    def run(self) -> float:
        """Microseconds per sample of one stream."""
        voice = next(self._turns)
        start = time.perf_counter()
        outputs = voice.generate(
            features=self._features,
            seed=self._seeds,
            temperature=self._temperatures,
            fine_temperature=self._temperatures,
            state=self._state,
            position=self._position,
        )
        spent = time.perf_counter() - start
        self._state, self._position = outputs["state"], outputs["position"]
        return 1e6 * spent / self.samples

    def _set_frames(self, frames: int) -> None:
        info = self._info
        rows = info.past + frames + info.frames_after
        each = [features(info, rows, int(seed)) for seed in self._seeds]
        self._features = np.stack(each)  # [batch, rows, n_features]
        self.samples = self._batch * frames * info.mel.hop_length


class _Dense:
    """Steps of the dense network, enough for a round."""

    def __init__(self, step: DenseStep, seconds: float) -> None:
        self._step, self.xnnpack = step, step.xnnpack
        step.run(3)
        self._steps = max(1, round(seconds * 10 / step.run(10)))
        self.samples = self._steps * step.batch

    def run(self) -> float:
        """Microseconds per sample of one stream."""
        return 1e6 * self._step.run(self._steps) / self.samples
