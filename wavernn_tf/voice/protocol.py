"""What every form of a voice can do."""

from __future__ import annotations

from typing import Callable, Optional, Protocol

import numpy as np

from wavernn_tf.config import MelRecipe
from wavernn_tf.voice import metadata

Progress = Optional[Callable[[int], None]]
"""Called with the number of frames done."""


class Voice(Protocol):
    """What synthesizes and scores.

    Attributes:
      info: the voice's description.
      runtime: name and version of what runs it.
    """

    info: metadata.VoiceInfo
    runtime: str

    def synthesize(
        self,
        mel: np.ndarray,
        seed: int = 0,
        temperature: float = 1.0,
        recipe: Optional[MelRecipe] = None,
        progress: Progress = None,
        fine_temperature: float = 1.0,
    ) -> np.ndarray:
        """Features float [frames, n_features] to audio int16 [frames * hop_length]."""

    def score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Ln P(coarse), ln P(fine): float32 [samples, 2]."""
