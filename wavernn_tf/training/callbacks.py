"""Keras callbacks: progress, evaluation log, checkpoints, TensorBoard."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Mapping, Optional

import numpy as np
import tensorflow as tf
import tqdm
from tensorflow_model_optimization.python.core.sparsity.keras import pruning_wrapper

from wavernn_tf import files
from wavernn_tf._keras import keras
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.training import losses
from wavernn_tf.training.checkpoints import Checkpoints


class Progress(keras.callbacks.Callback):
    """A progress bar over all steps: time left, bits per sample, samples seen, samples per second.

    Args:
      config: steps and batch.
      done: steps done before.
      quiet: show nothing.
    """

    def __init__(self, config: Config, done: int, quiet: bool) -> None:
        super().__init__()
        self._samples = config.training.batch_size * config.training.window
        self._bar = tqdm.tqdm(
            total=config.training.steps, initial=done, unit="step", disable=quiet, desc="train"
        )
        self._held_out: Optional[float] = None

    def on_train_batch_end(self, batch: int, logs: Optional[Dict[str, float]] = None) -> None:
        """Advance by one step; stop on a loss that is not finite."""
        loss = float((logs or {})["loss"])
        if not np.isfinite(loss):
            raise WaveRNNError(
                f"The loss became {loss} at step {self._bar.n}: training has diverged. Lower "
                "`training.learning_rate` and run again: it resumes from the last checkpoint only "
                "with the same configuration, so train into a new folder."
            )
        rate = self._bar.format_dict.get("rate") or 0.0
        shown = {
            "bits": f"{loss:.3f}",
            "samples": count(self._samples * (self._bar.n + 1)),
            "samples/s": count(rate * self._samples),
        }
        if self._held_out is not None:
            shown["held_out"] = f"{self._held_out:.3f}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Optional[Dict[str, float]] = None) -> None:
        """Remember the held-out figure."""
        self._held_out = float((logs or {})["val_loss"])

    def close(self) -> None:
        """Leave the terminal in order."""
        self._bar.close()


class Follow(keras.callbacks.Callback):
    """What a worker that is not the chief does after every evaluation: its part of a checkpoint.

    Args:
      checkpoints: of this worker.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        super().__init__()
        self._checkpoints = checkpoints

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, float]] = None) -> None:
        """Hand the carried state of this worker's lanes to the chief."""
        self._checkpoints.save()


class Evaluations(keras.callbacks.Callback):
    """After every evaluation: log it, write TensorBoard's scalars, save a checkpoint.

    Args:
      run: where.
      checkpoints: what saves.
      audio: makes example audio, int16 [samples], from the model; None for none.
      config: samples of a step, and the rate of that audio.
    """

    def __init__(
        self,
        run: RunFolder,
        checkpoints: Checkpoints,
        audio: Optional[Callable[[], np.ndarray]],
        config: Config,
    ) -> None:
        super().__init__()
        self._samples = config.training.batch_size * config.training.window
        self._run, self._checkpoints = run, checkpoints
        self._audio, self._sample_rate = audio, config.mel.sample_rate
        run.tensorboard.mkdir(parents=True, exist_ok=True)
        self._writer = tf.summary.create_file_writer(files.plain(run.tensorboard))
        # A run killed after an evaluation but before its checkpoint logs that evaluation again.
        self._rows = [r for r in run.history() if r["step"] <= checkpoints.step]
        self._begun = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, float]] = None) -> None:
        """Log one evaluation."""
        logs = logs or {}
        step = self._checkpoints.step
        row: Dict[str, Any] = {
            "step": step,
            "samples": step * self._samples,
            "kernel": self.model.step.kernel.name,
            "train": losses.named(logs),
            "held_out": losses.named(logs, "val_"),
            "sparsity": mask_sparsity(self.model),
            "learning_rate": float(self.model.optimizer.learning_rate.numpy()),
            "seconds": round(time.monotonic() - self._begun, 1),
        }
        self._begun = time.monotonic()
        self._rows.append(row)
        self._checkpoints.save()
        self._run.write_history(self._rows)
        with self._writer.as_default(step=step):
            for split in ("train", "held_out"):
                for name, value in row[split].items():
                    tf.summary.scalar(f"bits_per_sample/{split}/{name}", value)
            for name, value in row["sparsity"].items():
                tf.summary.scalar(f"sparsity/{name}", value)
            tf.summary.scalar("learning_rate", row["learning_rate"])
            if self._audio:
                audio = self._audio().astype(np.float32) / 32768.0
                tf.summary.audio("held_out/generated", audio[None, :, None], self._sample_rate)
        self._writer.flush()


def count(number: float) -> str:
    """A large number in three digits: 1.24M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.0f}"


def mask_sparsity(model: Any) -> Dict[str, float]:
    """Share of pruned weights of every matrix under pruning, by name."""
    return {
        weight.name.split("/")[-1].split(":")[0]: 1.0 - float(np.mean(mask.numpy()))
        for layer in pruning_wrapper.collect_prunable_layers(model)
        for weight, mask, _ in layer.pruning_vars
    }
