"""The block-sparse format of the op's matrices: pack and unpack.

A matrix W (outputs x inputs) is cut in blocks of block_out x block_in weights. Only blocks that
hold a weight other than zero are kept, row of blocks after row of blocks::

    row_offsets  int32 [outputs / block_out + 1]      first kept block of every block row
    columns      int16 [n_blocks]                     block column; strictly increasing in a row
    values       [n_blocks, block_in, block_out]      of a type in `WEIGHT_TYPES`
                 values[b, i, o] = W[row * block_out + o, columns[b] * block_in + i]
    scales       float32 [outputs / block_out], with int8 only: W[o, i] = scales[row] * value

Lane block_out * i + o of a block is thus one multiply-add of output o with input i. A matrix keeps
at least one block.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.matrices import BLOCK_SHAPES

MAX_BLOCK_COLUMNS = 2**15 - 1
MAX_INT8 = 127
WEIGHT_TYPES: Dict[str, np.dtype] = {
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(np.int16),
    "int8": np.dtype(np.int8),
}
"""Weight types by name, with the dtype of `values`; bfloat16 is the upper half of a float32."""


@dataclasses.dataclass(frozen=True)
class PackedMatrix:
    """A matrix in the block-sparse format, arrays or tensors; see the module's description."""

    row_offsets: Any
    columns: Any
    values: Any
    scales: Optional[Any] = None

    def arrays(self) -> List[Any]:
        """The three arrays, and `scales` if there are any, in the order of the op's inputs."""
        arrays = [self.row_offsets, self.columns, self.values]
        return arrays if self.scales is None else [*arrays, self.scales]


def pack(
    matrix: np.ndarray,
    block: str,
    name: str = "matrix",
    keep_zeros: bool = False,
    weights: str = "float32",
) -> PackedMatrix:
    """Pack a dense matrix.

    Args:
      matrix: float32 [inputs, outputs], Keras orientation.
      block: name of the block shape.
      name: for messages.
      keep_zeros: keep blocks of zeros too, which makes the dense form that sparse is timed against.
      weights: type of the values, a name in `WEIGHT_TYPES`.

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

    def cut(dense: np.ndarray) -> np.ndarray:
        """[inputs, outputs] to [rows, columns, block_in, block_out]."""
        return dense.reshape(columns, block_in, rows, block_out).transpose(2, 0, 1, 3)

    kept = np.any(cut(matrix) != 0, axis=(2, 3))  # [rows, columns]
    if keep_zeros:
        kept[:] = True
    if not kept.any():
        kept[0, 0] = True
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    values, scales = _encode(matrix, weights, block_out)
    return PackedMatrix(
        row_offsets=offsets.astype(np.int32),
        columns=np.nonzero(kept)[1].astype(np.int16),
        values=np.ascontiguousarray(cut(values)[kept]),
        scales=scales,
    )


def unpack(packed: PackedMatrix, n_in: int, n_out: int) -> np.ndarray:
    """The dense float32 [n_in, n_out] matrix of a packed one."""
    values = packed.values
    if values.dtype == np.int16:
        values = from_bfloat16(values)
    _, block_in, block_out = values.shape
    tiles = np.zeros([n_out // block_out, n_in // block_in, block_in, block_out], np.float32)
    rows = np.repeat(np.arange(len(tiles)), np.diff(packed.row_offsets))
    tiles[rows, packed.columns] = values
    dense = tiles.transpose(1, 2, 0, 3).reshape(n_in, n_out)
    return dense if packed.scales is None else dense * np.repeat(packed.scales, block_out)


def unpack_tensors(packed: PackedMatrix, n_in: int, n_out: int) -> Any:
    """`unpack` in TensorFlow operations, for the reference body of the op."""
    import tensorflow as tf

    values = widen_tensor(packed.values)
    block_in, block_out = values.shape[1:]
    rows = n_out // block_out
    row = tf.repeat(tf.range(rows), packed.row_offsets[1:] - packed.row_offsets[:-1])
    where = tf.stack([row, tf.cast(packed.columns, tf.int32)], axis=1)
    tiles = tf.scatter_nd(where, values, [rows, n_in // block_in, block_in, block_out])
    dense = tf.reshape(tf.transpose(tiles, [1, 2, 0, 3]), [n_in, n_out])
    return dense if packed.scales is None else dense * tf.repeat(packed.scales, block_out)


def to_bfloat16(array: np.ndarray) -> np.ndarray:
    """Round finite float32 to the nearest bfloat16, ties to even; its bits as int16."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + half) >> np.uint32(16)).astype(np.uint16).view(np.int16)


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """The float32 values of bfloat16 bits, int16."""
    return (bits.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)


def widen_tensor(values: Any) -> Any:
    """The float32 values of a tensor of a stored type: float32, bfloat16 bits (int16) or int8."""
    import tensorflow as tf

    if values.dtype == tf.int16:
        values = tf.bitcast(values, tf.bfloat16)
    return tf.cast(values, tf.float32)


def _encode(
    matrix: np.ndarray, weights: str, block_out: int
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Stored values of a dense float32 matrix [inputs, outputs], and the scales of int8."""
    if weights == "float32":
        return matrix.astype(np.float32), None
    if weights == "bfloat16":
        return to_bfloat16(matrix), None
    # No search for a better scale: on a trained voice it gained 1 dB of squared error (by steps a
    # little wider; 0.01 dB by clipping, as a pruned row has few weights), and 1e-5 bits per sample.
    largest = np.abs(matrix).max(axis=0).reshape(-1, block_out).max(axis=1)  # of a block row
    scales = (largest / MAX_INT8).astype(np.float32)
    scales[scales < np.finfo(np.float32).tiny] = 1
    return np.rint(matrix / np.repeat(scales, block_out)).astype(np.int8), scales
