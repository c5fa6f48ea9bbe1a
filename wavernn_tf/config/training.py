"""Optimisation."""

from __future__ import annotations

import dataclasses

from wavernn_tf.config.checks import one_of, positive
from wavernn_tf.errors import WaveRNNError


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Optimisation.

    Attributes:
      steps: optimizer steps in all.
      batch_size: windows per step.
      window: samples per window, with full backpropagation through it.
      learning_rate: peak rate of Adam.
      final_learning_rate: rate at the last step (cosine decay after the warm-up).
      warmup_steps: steps of linear warm-up.
      clip_norm: largest global norm of the gradient.
      seed: of the weights and of the order of the data.
      eval_every: steps between evaluations on held-out speech, and checkpoints.
      eval_windows: at most so many held-out windows per evaluation.
      feature_noise: standard deviation of the noise on the standardised features, drawn anew at
        every step; it keeps the network from learning the training recordings by heart.
      shuffle_windows: size of the shuffle buffer, in windows.
      precision: "float32" or "mixed_bfloat16"; the native kernel computes in float32.
      kernel: "native" (the C++ kernel on the blocks that are kept), "keras" (the fused Keras GRU)
        or "auto": "keras" where a GPU is visible or `precision` asks for it, else "native".
      carry_state: every lane of the batch walks through recordings window after window and keeps
        the GRU's state (truncated backpropagation); else windows are shuffled, each from the zero
        state. `window` is a multiple of `mel.hop_length` then.
    """

    steps: int = 500000
    batch_size: int = 128
    window: int = 960
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-5
    warmup_steps: int = 100
    clip_norm: float = 1.0
    seed: int = 0
    eval_every: int = 1000
    eval_windows: int = 256
    feature_noise: float = 0.0
    shuffle_windows: int = 8192
    precision: str = "float32"
    kernel: str = "auto"
    carry_state: bool = False

    def __post_init__(self) -> None:
        one_of("training.precision", self.precision, ("float32", "mixed_bfloat16"))
        one_of("training.kernel", self.kernel, ("auto", "native", "keras"))
        if self.kernel == "native" and self.precision != "float32":
            raise WaveRNNError(
                'Expected `training.precision` to be "float32" with the native kernel; got '
                f'"{self.precision}". Take training.kernel=keras for it.'
            )
        positive("training", self, "steps", "batch_size", "window", "learning_rate", "clip_norm")
        positive("training", self, "final_learning_rate", "eval_every", "eval_windows")
        positive("training", self, "shuffle_windows")
        if self.feature_noise < 0:
            raise WaveRNNError(f"Expected `training.feature_noise` >= 0; got {self.feature_noise}.")
        if self.warmup_steps < 0:
            raise WaveRNNError(f"Expected `training.warmup_steps` >= 0; got {self.warmup_steps}.")
