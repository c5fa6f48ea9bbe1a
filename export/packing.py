"""The block-sparse format of the op's matrices: pack and unpack.

A matrix W (outputs x inputs) is cut in blocks of block_out x block_in = 16 weights. Only blocks
that hold a weight other than zero are kept, row of blocks after row of blocks::

    row_offsets  int32 [outputs / block_out + 1]      first kept block of every block row
    columns      int16 [n_blocks]                     block column; strictly increasing in a row
    values       float32 [n_blocks, block_in, block_out]
                 values[b, i, o] = W[row * block_out + o, columns[b] * block_in + i]

Lane block_out * i + o of a block is thus one multiply-add of output o with input i. A matrix keeps
at least one block.
"""

from __future__ import annotations

import dataclasses
from typing import Any, List

import numpy as np

from wavernn_tf.config import BLOCK_SHAPES
from wavernn_tf.errors import WaveRNNError

MAX_BLOCK_COLUMNS = 2**15 - 1


@dataclasses.dataclass(frozen=True)
class PackedMatrix:
    """A matrix in the block-sparse format; see the module's description."""

    row_offsets: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    def arrays(self) -> List[np.ndarray]:
        """The three arrays, in the order of the op's inputs."""
        return [self.row_offsets, self.columns, self.values]


def pack(
    matrix: np.ndarray, block: str, name: str = "matrix", keep_zeros: bool = False
) -> PackedMatrix:
    """Pack a dense matrix.

    Args:
      matrix: float32 [inputs, outputs], Keras orientation.
      block: name of the block shape, "4x4" or "16x1" (outputs x inputs).
      name: for messages.
      keep_zeros: keep blocks of zeros too, which makes the dense form that sparse is timed against.

    Raises:
      WaveRNNError: if the matrix does not divide into whole blocks.
    """
    block_out, block_in = BLOCK_SHAPES[block]
    n_in, n_out = matrix.shape
    if n_in % block_in or n_out % block_out:
        raise WaveRNNError(
            f"Expected {name} ({n_in} inputs, {n_out} outputs) to divide into blocks of "
            f"{block_out} outputs x {block_in} inputs; train with sizes that are multiples of "
            "the block."
        )
    rows, columns = n_out // block_out, n_in // block_in
    if columns > MAX_BLOCK_COLUMNS:
        raise WaveRNNError(f"Expected at most {MAX_BLOCK_COLUMNS} block columns; got {columns}.")
    tiles = matrix.reshape(columns, block_in, rows, block_out).transpose(2, 0, 1, 3)
    kept = np.any(tiles != 0, axis=(2, 3))  # [rows, columns]
    if keep_zeros:
        kept[:] = True
    if not kept.any():
        kept[0, 0] = True
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return PackedMatrix(
        row_offsets=offsets.astype(np.int32),
        columns=np.nonzero(kept)[1].astype(np.int16),
        values=np.ascontiguousarray(tiles[kept], np.float32),
    )


def unpack(packed: PackedMatrix, n_in: int, n_out: int) -> np.ndarray:
    """The dense float32 [n_in, n_out] matrix of a packed one."""
    _, block_in, block_out = packed.values.shape
    tiles = np.zeros([n_out // block_out, n_in // block_in, block_in, block_out], np.float32)
    rows = np.repeat(np.arange(len(tiles)), np.diff(packed.row_offsets))
    tiles[rows, packed.columns] = packed.values
    return tiles.transpose(1, 2, 0, 3).reshape(n_in, n_out)


def unpack_tensors(row_offsets: Any, columns: Any, values: Any, n_in: int, n_out: int) -> Any:
    """`unpack` in TensorFlow operations, for the reference body of the op."""
    import tensorflow as tf

    block_in, block_out = values.shape[1:]
    rows = n_out // block_out
    row = tf.repeat(tf.range(rows), row_offsets[1:] - row_offsets[:-1])
    where = tf.stack([row, tf.cast(columns, tf.int32)], axis=1)
    tiles = tf.scatter_nd(where, values, [rows, n_in // block_in, block_in, block_out])
    return tf.reshape(tf.transpose(tiles, [1, 2, 0, 3]), [n_in, n_out])
