"""Adam with clipped gradients, linear warm-up and cosine decay."""

from __future__ import annotations

import math
from typing import Any, Dict

import tensorflow as tf

from wavernn_tf._keras import PACKAGE, keras
from wavernn_tf.config import TrainingConfig


@keras.saving.register_keras_serializable(PACKAGE)
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate: linear from 0 to `peak`, then half a cosine down to `final`.

    Args:
      peak: highest rate.
      final: rate at `steps` and after.
      warmup_steps: steps until the peak.
      steps: optimizer steps in all.
    """

    def __init__(self, peak: float, final: float, warmup_steps: int, steps: int) -> None:
        self.peak, self.final = peak, final
        self.warmup_steps, self.steps = warmup_steps, steps

    def __call__(self, step: Any) -> tf.Tensor:
        """Rate at a 0-based step."""
        step = tf.cast(step, tf.float32)
        warm = (step + 1.0) / float(max(self.warmup_steps, 1))
        span = float(max(self.steps - self.warmup_steps, 1))
        done = tf.clip_by_value((step - self.warmup_steps) / span, 0.0, 1.0)
        decayed = self.final + (self.peak - self.final) * 0.5 * (1.0 + tf.cos(math.pi * done))
        return tf.where(step < self.warmup_steps, self.peak * warm, decayed)

    def get_config(self) -> Dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "peak": self.peak,
            "final": self.final,
            "warmup_steps": self.warmup_steps,
            "steps": self.steps,
        }


def make(training: TrainingConfig) -> Any:
    """The optimizer of a training configuration."""
    rate = WarmupCosine(
        training.learning_rate, training.final_learning_rate, training.warmup_steps, training.steps
    )
    return keras.optimizers.Adam(rate, global_clipnorm=training.clip_norm)
