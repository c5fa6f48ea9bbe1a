"""Checkpoints that hold everything: weights, masks, pruning step, optimizer, carried state."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from wavernn_tf import files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.training.run import RunFolder


class Checkpoints:
    """Save and restore a model with its optimizer.

    TensorFlow writes the data first and renames the index that names it last: a run killed at any
    moment leaves the previous checkpoint in force.

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
        checkpoint = tf.train.Checkpoint(**parts)
        run.checkpoints.mkdir(parents=True, exist_ok=True)
        self._manager = tf.train.CheckpointManager(checkpoint, files.plain(run.checkpoints), keep)
        self._model = model

    def save(self) -> None:
        """Write a checkpoint of the current step."""
        self._manager.save(checkpoint_number=self.step)

    def restore(self) -> int:
        """Restore the newest checkpoint, if any; return the number of steps done.

        Raises:
          WaveRNNError: if the checkpoint does not fit the model or is damaged.
        """
        if self._manager.latest_checkpoint:
            try:
                status = self._manager.checkpoint.restore(self._manager.latest_checkpoint)
                status.assert_existing_objects_matched()
            except (tf.errors.OpError, AssertionError, ValueError) as error:
                raise WaveRNNError(
                    f"The checkpoint {self._manager.latest_checkpoint} cannot be restored: "
                    f"{error}. Delete it to continue from the one before."
                ) from error
        return self.step

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return int(self._model.optimizer.iterations.numpy())
