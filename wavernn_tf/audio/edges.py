"""What lies beyond the edges of an utterance: its first and its last frame again."""

from __future__ import annotations

from typing import Any

import numpy as np


def pad_edges(frames: np.ndarray, before: int, after: int) -> np.ndarray:
    """Repeat the first frame `before` times and the last one `after` times.

    Args:
      frames: [frames, ...] of a whole utterance, at least one.
      before: frames to put before the first.
      after: frames to put after the last.

    Returns:
      [before + frames + after, ...], of the same type.
    """
    rest: Any = [(0, 0)] * (np.ndim(frames) - 1)
    return np.pad(frames, [(before, after), *rest], mode="edge")
