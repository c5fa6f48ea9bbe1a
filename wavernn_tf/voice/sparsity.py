"""How sparse the matrices are."""

from __future__ import annotations

import dataclasses
import math
from typing import Dict

import numpy as np

from wavernn_tf.config import Config
from wavernn_tf.config.matrices import BLOCK_SHAPES, matrix_blocks
from wavernn_tf.voice.weights import Weights


@dataclasses.dataclass(frozen=True)
class MatrixSparsity:
    """One matrix.

    Attributes:
      block: name of the block shape.
      blocks: blocks in all.
      nonzero_blocks: blocks with a weight that is not zero.
      sparsity: share of zero blocks.
    """

    block: str
    blocks: int
    nonzero_blocks: int
    sparsity: float

    @property
    def nonzeros(self) -> int:
        """Weights in the blocks that are not zero."""
        return self.nonzero_blocks * math.prod(BLOCK_SHAPES[self.block])


def nonzero_blocks(matrix: np.ndarray, block: str) -> np.ndarray:
    """Which blocks of a dense matrix hold a weight that is not zero.

    Args:
      matrix: float [inputs, outputs].
      block: name of the block shape; it divides the matrix.

    Returns:
      bool [outputs / block_out, inputs / block_in].
    """
    block_out, block_in = BLOCK_SHAPES[block]
    n_in, n_out = matrix.shape
    tiles = matrix.reshape(n_in // block_in, block_in, n_out // block_out, block_out)
    return np.any(tiles != 0, axis=(1, 3)).T


def matrix_sparsity(weights: Weights, config: Config) -> Dict[str, MatrixSparsity]:
    """Sparsity of each of the seven matrices, by name."""
    report = {}
    for name, block in matrix_blocks(config).items():
        held = nonzero_blocks(weights.matrices[name], block)
        count = int(held.sum())
        report[name] = MatrixSparsity(block, held.size, count, 1.0 - count / held.size)
    return report
