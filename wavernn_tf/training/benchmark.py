"""Training throughput: our pruned network against the same one on a bare Keras GRU.

Run it with ``python -m wavernn_tf.training.benchmark``. Both networks have the same conditioning
network, heads, inputs and optimizer; the bare one has a stock `GRU(reset_after=True)` and no
pruning. Rounds are interleaved, so that both meet the same machine.
"""

from __future__ import annotations

import json
import time
from typing import Any, Dict, List

import click
import numpy as np

from wavernn_tf import config as configuration
from wavernn_tf.config import Config


@click.command()
@click.option("--preset", default="demo", show_default=True, help="Configuration.")
@click.option("--rounds", default=5, show_default=True, help="Interleaved rounds.")
@click.option("--steps", default=8, show_default=True, help="Training steps a round.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def main(preset: str, rounds: int, steps: int, as_json: bool) -> None:
    """Print samples per second of training, ours and the bare GRU's, and their ratio."""
    result = measure(configuration.load(preset), rounds, steps)
    if as_json:
        click.echo(json.dumps(result, indent=1))
        return
    click.echo(f"training, {preset}: median of {rounds} interleaved rounds of {steps} steps")
    for name in ("ours_pruned", "bare_gru"):
        click.echo(f"  {name:<12} {result[name]:>10,.0f} samples/s")
    click.echo(f"  ratio        {result['ratio']:>10.3f}")


def measure(config: Config, rounds: int, steps: int) -> Dict[str, float]:
    """Median samples per second of both networks, and the median ratio round by round."""
    data = _batches(config)
    models = {"ours_pruned": _ours(config), "bare_gru": _bare(config)}
    speeds: Dict[str, List[float]] = {name: [] for name in models}
    samples = config.training.batch_size * config.training.window
    for turn in range(rounds + 1):
        for name, (model, hooks) in models.items():
            ends: List[float] = []
            clock = _stamp(ends)
            model.fit(data, steps_per_epoch=steps + 1, callbacks=[*hooks, clock], verbose=0)
            if turn:  # the first round traces the graphs
                speeds[name].append(steps * samples / (ends[-1] - ends[0]))
    medians = {name: float(np.median(values)) for name, values in speeds.items()}
    ratios = np.array(speeds["ours_pruned"]) / np.array(speeds["bare_gru"])
    return {**medians, "ratio": float(np.median(ratios))}


def _stamp(ends: List[float]) -> Any:
    """A callback that notes when each step ended: `fit` itself may take seconds to wind up."""
    from wavernn_tf._keras import keras

    def note(batch: int, logs: Any) -> None:
        ends.append(time.perf_counter())

    return keras.callbacks.LambdaCallback(on_batch_end=note)


def _batches(config: Config) -> Any:
    import tensorflow as tf

    from wavernn_tf.pipelines import dataset

    rng = np.random.default_rng(0)
    training, shape = config.training, config.model.conditioning
    frames = dataset.window_frames(config) + shape.past + shape.lookahead
    features = rng.standard_normal([training.batch_size, frames, config.mel.n_mels])
    codes = rng.integers(0, 65536, [training.batch_size, 1 + training.window], np.int32)
    coarse, fine = codes[:, 1:] >> 8, codes[:, 1:] & 255
    inputs = {"features": features.astype(np.float32), "codes": codes}
    return tf.data.Dataset.from_tensors((inputs, {"coarse": coarse, "fine": fine})).repeat()


def _ours(config: Config) -> Any:
    import tensorflow_model_optimization as tfmot

    from wavernn_tf.training import trainer

    n = config.mel.n_mels
    model = trainer.build(config, {"feature_mean": [0.0] * n, "feature_std": [1.0] * n})
    return model, [tfmot.sparsity.keras.UpdatePruningStep()]


def _bare(config: Config) -> Any:
    import tensorflow as tf

    from wavernn_tf._keras import keras
    from wavernn_tf.layers import DualSoftmaxHeads, TeacherForcing
    from wavernn_tf.models import wavernn
    from wavernn_tf.training import losses, optimizer

    features = keras.Input([None, config.mel.n_mels], name="features")
    codes = keras.Input([1 + config.training.window], dtype="int32", name="codes")
    samples, _ = TeacherForcing()(codes)
    samples = tf.ensure_shape(samples, [None, config.training.window, 3])
    a = wavernn.conditioning(features, config)
    held = keras.layers.UpSampling1D(config.hold)(a)
    held = keras.layers.Lambda(lambda t: t[:, : config.training.window])(held)
    x = keras.layers.Concatenate()([samples, tf.ensure_shape(held, [None, *held.shape[1:]])])
    h = keras.layers.GRU(config.model.state_size, return_sequences=True, reset_after=True)(x)
    coarse, fine = DualSoftmaxHeads(config.model.projection_size)(h)
    outputs = {
        name: keras.layers.Activation("linear", name=name)(value)
        for name, value in (("coarse", coarse), ("fine", fine))
    }
    model = keras.Model({"features": features, "codes": codes}, outputs)
    model.compile(optimizer.make(config.training), loss={name: losses.bits for name in outputs})
    return model, []


if __name__ == "__main__":
    main()
