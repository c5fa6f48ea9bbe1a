"""Checkpoints that hold everything: weights, masks, pruning step, optimizer, carried state."""

from __future__ import annotations

import re
import shutil
from typing import Any, Callable, List, Optional

import tensorflow as tf

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.training.workers import Workers


class Checkpoints:
    """Save and restore a model with its optimizer.

    TensorFlow writes the data first and renames the index that names it last: a run killed at any
    moment leaves the previous checkpoint in force. A damaged one is passed over for the one before.

    Args:
      run: where.
      model: compiled `TrainingModel`; pruning masks and steps are among its variables.
      keep: newest checkpoints to keep.
    """

    def __init__(self, run: RunFolder, model: Any, keep: int = 3) -> None:
        model.optimizer.build(model.trainable_variables)  # the slots exist before restoring
        parts = {"model": model, "optimizer": model.optimizer}
        if model.step.carried is not None:
            parts["carried_state"] = model.step.carried
        self._checkpoint = tf.train.Checkpoint(**parts)
        self._folder, self._keep = run.checkpoints, keep
        self._workers: Workers = model.step.workers
        self._manager: Optional[tf.train.CheckpointManager] = None
        self._model, self._restored = model, 0

    def save(self) -> None:
        """Write a checkpoint of the current step; every worker calls this, the chief writes.

        What a failure leaves half written is removed.
        """
        step, carried = self.step, self._model.step.carried
        if carried is not None:
            carried.assign(self._workers.joined(carried.read_value()))
        if not self._workers.chief:
            return
        try:
            if self._manager is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._write_list()
                self._manager = tf.train.CheckpointManager(
                    self._checkpoint, files.plain(self._folder), self._keep
                )
            self._manager.save(checkpoint_number=step)
        except Exception:
            for part in self._folder.glob(f"ckpt-{step}[._]*"):
                if part.is_dir():
                    shutil.rmtree(part, ignore_errors=True)
                else:
                    part.unlink(missing_ok=True)
            raise

    def restore(self, echo: Callable[[str], None] = lambda line: None) -> int:
        """Restore the newest checkpoint that is whole, if there is any; on all workers the same.

        Args:
          echo: told of every newer one that is damaged.

        Returns:
          The number of steps done; 0 without a checkpoint.

        Raises:
          WaveRNNError: if there are checkpoints, and none of them fits the model and is whole.
        """
        found = self._workers.agreed(self._restore_newest(echo) if self._workers.chief else 0)
        if found and not self._workers.chief:
            self._read(found)
        return self.step if found else 0

    def _restore_newest(self, echo: Callable[[str], None]) -> int:
        """Restore the newest checkpoint that is whole; its number, or 0."""
        failure: Optional[BaseException] = None
        for number in sorted(self._numbers(), reverse=True):
            try:
                self._read(number)
            except Exception as error:  # damage shows as anything
                prefix = self._folder / f"ckpt-{number}"
                echo(f"note: the checkpoint {prefix} is damaged; trying the one before")
                failure = failure or error
                continue
            return number
        if failure is not None:
            why = " ".join(str(failure).split())[:200]
            raise WaveRNNError(
                f"No checkpoint in {self._folder} can be restored: {why}. Delete this folder to "
                "train from the start, or train into another one."
            ) from failure
        return 0

    def _read(self, number: int) -> None:
        status = self._checkpoint.restore(f"{files.plain(self._folder)}/ckpt-{number}")
        status.assert_existing_objects_matched()
        self._restored = number

    def _numbers(self) -> List[int]:
        """Steps of the checkpoints on disk, whatever TensorFlow's list of them says."""
        if not self._folder.is_dir():
            return []
        found = (re.fullmatch(r"ckpt-([0-9]+)[.]index", p.name) for p in self._folder.iterdir())
        return [int(match.group(1)) for match in found if match]

    def _write_list(self) -> None:
        """Make TensorFlow's list name the checkpoints up to the one that was restored."""
        kept = [n for n in sorted(self._numbers()) if n <= self._restored][-self._keep :]
        lines = [f'model_checkpoint_path: "ckpt-{n}"' for n in kept[-1:]]
        for n in kept:
            # Without a time TensorFlow takes a checkpoint for one to keep for ever.
            written = (self._folder / f"ckpt-{n}.index").stat().st_mtime
            lines.append(f'all_model_checkpoint_paths: "ckpt-{n}"')
            lines.append(f"all_model_checkpoint_timestamps: {written}")
        lines.append("last_preserved_timestamp: 1.0")
        if kept:
            files.write_text(self._folder / "checkpoint", "\n".join(lines) + "\n")
        else:
            (self._folder / "checkpoint").unlink(missing_ok=True)

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return int(self._model.optimizer.iterations.numpy())
