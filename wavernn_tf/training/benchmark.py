"""Training throughput: the native kernel beside the Keras path, whole steps, in turn.

Run it with ``python -m wavernn_tf.training.benchmark``. Every row is a process of its own that may
use so many processors as it has threads; in it, rounds of both kernels take turns, so that both
meet the same machine. A step is all of it: input pipeline, conditioning, loss, gradients, optimizer
and pruning.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from typing import Any, Dict, List, Tuple

import click
import numpy as np

from wavernn_tf import config as configuration
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.benchmark import machine

KERNELS = ("native", "keras")
_HEAD_SPARSITY = 0.9
"""At most: the heads' matrices are smaller, and pruned less."""


@click.command()
@click.option("--state", "states", multiple=True, type=int, default=(224, 384, 512, 896))
@click.option("--sparsity", "sparsities", multiple=True, type=float, default=(0.0, 0.5, 0.9, 0.96))
@click.option("--threads", "thread_counts", multiple=True, type=int, default=(1, 2))
@click.option("--batch", default=64, show_default=True, help="Sequences of a batch.")
@click.option("--window", default=400, show_default=True, help="Samples of a sequence.")
@click.option("--rounds", default=3, show_default=True, help="Interleaved rounds.")
@click.option("--steps", default=3, show_default=True, help="Training steps a round.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--row", is_flag=True, hidden=True, help="One row, in this process.")
def main(
    states: Tuple[int, ...],
    sparsities: Tuple[float, ...],
    thread_counts: Tuple[int, ...],
    batch: int,
    window: int,
    rounds: int,
    steps: int,
    as_json: bool,
    row: bool,
) -> None:
    """Print samples per second of training by both kernels, and their ratio."""
    if row:
        config = _config(states[0], sparsities[0], batch, window)
        click.echo(json.dumps(measure(config, thread_counts[0], rounds, steps)))
        return
    rows: List[Dict[str, Any]] = []
    if not as_json:
        click.echo(
            f"whole training steps of {batch} windows of {window} samples, median of {rounds} "
            f"interleaved rounds of {steps} steps; ksamples/s"
        )
        click.echo("state  sparsity  threads    native     keras     ratio  share of peak")
    for state in states:
        for sparsity in sparsities:
            for threads in thread_counts:
                pair = _in_child(state, sparsity, threads, batch, window, rounds, steps)
                rows += pair
                if not as_json:
                    _show(pair)
    if as_json:
        click.echo(json.dumps({**machine.stamp(), "rows": rows}, indent=1))


def measure(config: Config, threads: int, rounds: int, steps: int) -> List[Dict[str, Any]]:
    """Both kernels in turn, in this process.

    Args:
      config: sizes, sparsity, batch and window; pruning ends with the second step.
      threads: of both.
      rounds: that count; one more comes first.
      steps: of a round.

    Returns:
      A row for each kernel: `state`, `sparsity`, `threads`, `kernel`, `samples_per_second`, `ratio`
      to Keras (the median over the rounds), and for the native one `share_of_peak`, of the
      multiply-adds that this machine does at most, in the kernel alone, and `milliseconds` of a
      step by stage, the kernel's stages summed over the threads.
    """
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    samples = config.training.batch_size * config.training.window
    runs = {name: _Run(config, name, threads) for name in KERNELS}
    seconds: Dict[str, List[float]] = {name: [] for name in KERNELS}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            taken = run.steps(steps)
            if turn:  # the first round traces the graphs, and prunes
                seconds[name].append(taken / steps)
            else:
                run.forget()
    speeds = {name: samples / np.array(values) for name, values in seconds.items()}
    sizes = config.model
    rows = []
    for name in KERNELS:
        rows.append(
            {
                "state": sizes.state_size,
                "projection": sizes.projection_size,
                "sparsity": config.pruning.gate_sparsity[0],
                "threads": threads,
                "kernel": name,
                "samples_per_second": float(np.median(speeds[name])),
                "ratio": float(np.median(speeds[name] / speeds["keras"])),
            }
        )
    native = runs["native"]
    peak = threads * _peak()
    rows[0]["share_of_peak"] = native.multiply_adds() * samples / native.kernel_seconds() / peak
    rows[0]["peak_multiply_adds_per_second"] = peak
    rows[0]["milliseconds"] = {
        "step": 1e3 * float(np.median(seconds["native"])),
        "kernel": 1e3 * native.kernel_seconds(),
        **{stage: 1e3 * taken for stage, taken in native.stages().items()},
    }
    return rows


class _Run:
    """A network that trains on one random batch, again and again.

    Args:
      config: of the network.
      name: of the kernel.
      threads: of the native kernel.
    """

    def __init__(self, config: Config, name: str, threads: int) -> None:
        import tensorflow_model_optimization as tfmot

        from wavernn_tf.training import trainer
        from wavernn_tf.training.model import KerasKernel, NativeKernel

        n = config.mel.n_mels
        self._kernel: Any = (
            NativeKernel(config, threads) if name == "native" else KerasKernel(config)
        )
        description = {"feature_mean": [0.0] * n, "feature_std": [1.0] * n}
        self._model = trainer.build(config, description, self._kernel)
        self._data = _batches(config)
        self._hooks = [tfmot.sparsity.keras.UpdatePruningStep()]

    def steps(self, count: int) -> float:
        """Train; return the seconds of `count` steps, after the first of the call."""
        from wavernn_tf._keras import keras

        ends: List[float] = []
        stamp = keras.callbacks.LambdaCallback(
            on_batch_end=lambda batch, logs: ends.append(time.perf_counter())
        )
        hooks = [*self._hooks, stamp]
        self._model.fit(self._data, steps_per_epoch=count + 3, callbacks=hooks, verbose=0)
        # The last step's end waits for what `fit` winds up.
        return ends[count] - ends[0]

    def forget(self) -> None:
        """Forget the times so far."""
        if self._kernel.name == "native":
            self._kernel.kernel.take_seconds()
            self._kernel.seconds, self._kernel.calls = 0.0, 0

    def kernel_seconds(self) -> float:
        """Seconds of a step in the native kernel."""
        return self._kernel.seconds / self._kernel.calls

    def stages(self) -> Dict[str, float]:
        """Seconds of a step in the kernel's stages."""
        taken = self._kernel.kernel.take_seconds()
        return {name: seconds / self._kernel.calls for name, seconds in taken.items()}

    def multiply_adds(self) -> int:
        """Of one sample: forward, backward, and the gradient of the weights."""
        from wavernn_tf.sparsity import pruning

        masks = pruning.masks(self._model)
        total = 0
        for layer in (getattr(layer, "layer", layer) for layer in self._model.layers):
            if layer.name == "gru":
                total += 2 * int(np.count_nonzero(layer.masked_input_kernel()))
            if layer.name in ("gru", "heads"):
                for weight in layer.get_prunable_weights():
                    mask = masks.get(weight.ref())
                    kept = np.prod(weight.shape) if mask is None else np.sum(mask.numpy())
                    total += 3 * int(kept)
        return total


def _batches(config: Config) -> Any:
    """One random batch, for ever."""
    import tensorflow as tf

    from wavernn_tf.pipelines import dataset

    rng = np.random.default_rng(0)
    training, shape = config.training, config.model.conditioning
    frames = dataset.window_frames(config) + shape.past + shape.lookahead
    features = rng.standard_normal([training.batch_size, frames, config.mel.n_mels])
    codes = rng.integers(0, 65536, [training.batch_size, 1 + training.window], np.uint16)
    elements = tf.data.Dataset.from_tensors((codes, features.astype(np.float32))).repeat()
    return elements.map(lambda u, mel: dataset.element(u, mel, config=config)).prefetch(4)


def _config(state: int, sparsity: float, batch: int, window: int) -> Config:
    """The network of the voices at a state size, pruned within two steps."""
    changes: Dict[str, Any] = {
        "model.state_size": state,
        "model.projection_size": max(128, state // 2),
        "model.conditioning": {"channels": 96, "kernel_sizes": [3, 3], "upsample": [2, 2]},
        "training.batch_size": batch,
        "training.window": window,
        "training.carry_state": False,
        "pruning.enabled": sparsity > 0,
        "pruning.gate_sparsity": [sparsity] * 3,
        "pruning.head_sparsity": [min(sparsity, _HEAD_SPARSITY)] * 4,
        "pruning.begin_step": 1,
        "pruning.end_step": 2,
        "pruning.frequency": 1,
    }
    return configuration.override(Config(), changes)


def _in_child(
    state: int, sparsity: float, threads: int, batch: int, window: int, rounds: int, steps: int
) -> List[Dict[str, Any]]:
    """`measure` in a process that may use `threads` processors."""
    available = sorted(os.sched_getaffinity(0))
    if threads > len(available):
        raise click.BadParameter(
            f"Expected at most {len(available)} threads (processors of this machine); got "
            f"{threads}.",
            param_hint="--threads",
        )
    command = [sys.executable, "-m", "wavernn_tf.training.benchmark", "--row"]
    command += ["--state", str(state), "--sparsity", str(sparsity), "--threads", str(threads)]
    command += ["--batch", str(batch), "--window", str(window)]
    command += ["--rounds", str(rounds), "--steps", str(steps)]
    ran = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        preexec_fn=lambda: os.sched_setaffinity(0, available[:threads]),
    )
    if ran.returncode:
        raise WaveRNNError(f"The benchmark of state {state} failed with code {ran.returncode}.")
    return list(json.loads(ran.stdout.splitlines()[-1]))


def _peak() -> float:
    """Multiply-adds a second of one core, in float32."""
    from wavernn_tf.export.runtime import library

    loaded = library.load_c_library()
    loaded.wavernn_tf_trainer_peak.restype = ctypes.c_double
    return float(loaded.wavernn_tf_trainer_peak(None))


def _show(pair: List[Dict[str, Any]]) -> None:
    native, keras = pair
    click.echo(
        f"{native['state']:>5}  {native['sparsity']:>8.2f}  {native['threads']:>7}  "
        f"{native['samples_per_second'] / 1e3:>8.1f}  {keras['samples_per_second'] / 1e3:>8.1f}  "
        f"{native['ratio']:>7.2f}x  {100 * native['share_of_peak']:>11.0f} %"
    )
    stages = ", ".join(f"{n} {t:.1f}" for n, t in native["milliseconds"].items())
    click.echo(f"       ms: {stages}")


if __name__ == "__main__":
    main()
