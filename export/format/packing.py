"""The block-sparse format of the op's matrices: pack and unpack.

A matrix W (outputs x inputs) is cut in blocks of block_out x block_in weights. Only blocks that
hold a weight other than zero are kept, row of blocks after row of blocks::

    row_offsets  int32 [outputs / block_out + 1]      first kept block of every block row
    columns      int16 [n_blocks]                     block column; never falling in a row
    scales       float32 [outputs / block_out]        integers only: W[o, i] = scales[row] * value
    values       [n_blocks, block_in, block_out]      of a type in `WEIGHT_TYPES`
                 values[b, i, o] = W[row * block_out + o, columns[b] * block_in + i]

Blocks of one column in a row add up. So an outlier needs no wide steps for its whole row: its int8
block is there several times, each time with a part of the weights.

Values of int16 are integers behind scales, and bfloat16 without. The magnitudes of one output's
int16 weights sum to at most `MAX_INT16_SUM`, so that sums of products with 16-bit activations fit
32 bits. Lane block_out * i + o of a block is thus one multiply-add of output o with input i. A
matrix keeps at least one block.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.voice.sparsity import nonzero_blocks

MAX_BLOCK_COLUMNS = 2**15 - 1
MAX_INT8 = 127
MAX_INT16 = 2**15 - 1
MAX_INT16_SUM = 2**18 - 1
OUTLIER = 4.0
"""A block is one if its largest weight is so many times that of most blocks of its row."""
BLOCKS_PER_EXTRA = 16
"""For so many int8 blocks of a row there may be one more, for outliers."""
INTEGERS = ("int16", "int8")
"""Weight types that have scales, and whose activations are rounded too."""
WEIGHT_TYPES: Dict[str, np.dtype] = {
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(np.int16),
    "int16": np.dtype(np.int16),
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
        """The arrays, `scales` only if there are any, in the order of the op's inputs."""
        scales = [] if self.scales is None else [self.scales]
        return [self.row_offsets, self.columns, *scales, self.values]

    @staticmethod
    def take(arrays: Iterator[Any]) -> PackedMatrix:
        """Takes the next matrix off an op's inputs."""
        row_offsets, columns, values = (next(arrays) for _ in range(3))
        if len(values.shape) > 1:
            return PackedMatrix(row_offsets, columns, values)
        return PackedMatrix(row_offsets, columns, next(arrays), scales=values)


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

    kept = nonzero_blocks(matrix, block)
    if keep_zeros:
        kept[:] = True
    if not kept.any():
        kept[0, 0] = True
    peaks = _peaks(cut(np.abs(matrix)), kept) if weights == "int8" else None
    values, scales = _encode(matrix, weights, block_out, peaks)
    row, column = np.nonzero(kept)
    blocks, copies = _within_type(cut(values)[kept], WEIGHT_TYPES[weights])
    counts = np.bincount(row, copies, minlength=rows)
    return PackedMatrix(
        row_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        columns=np.repeat(column, copies).astype(np.int16),
        values=np.ascontiguousarray(blocks),
        scales=scales,
    )


def values_bytes(matrix: np.ndarray, block: str, weights: str = "float32") -> int:
    """Bytes of the values of a matrix's kept blocks, without packing it; arguments as of `pack`.

    The blocks that `pack` adds for int8 outliers are not counted.
    """
    block_out, block_in = BLOCK_SHAPES[block]
    kept = max(1, np.count_nonzero(nonzero_blocks(matrix, block)))
    return int(kept) * block_out * block_in * WEIGHT_TYPES[weights].itemsize


def unpack(packed: PackedMatrix, n_in: int, n_out: int) -> np.ndarray:
    """The dense float32 [n_in, n_out] matrix of a packed one."""
    values = packed.values
    if values.dtype == np.int16 and packed.scales is None:
        values = from_bfloat16(values)
    _, block_in, block_out = values.shape
    tiles = np.zeros([n_out // block_out, n_in // block_in, block_in, block_out], np.float32)
    rows = np.repeat(np.arange(len(tiles)), np.diff(packed.row_offsets))
    np.add.at(tiles, (rows, packed.columns), values)
    dense = tiles.transpose(1, 2, 0, 3).reshape(n_in, n_out)
    return dense if packed.scales is None else dense * np.repeat(packed.scales, block_out)


def unpack_tensors(packed: PackedMatrix, n_in: int, n_out: int) -> Any:
    """`unpack` in TensorFlow operations, for the reference body of the op."""
    import tensorflow as tf

    if packed.scales is None:
        values = widen_tensor(packed.values)
    else:
        values = tf.cast(packed.values, tf.float32)
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
    """The float32 values of a tensor of float32, or of bfloat16 bits (int16)."""
    import tensorflow as tf

    if values.dtype == tf.int16:
        values = tf.cast(tf.bitcast(values, tf.bfloat16), tf.float32)
    return values


def with_rows(kernel: Any, extra: Any) -> Any:
    """A float32 tensor [rows, n] with more rows behind it, which may be bfloat16 bits (int16)."""
    import tensorflow as tf

    return tf.concat([kernel, widen_tensor(extra)], axis=0)


def _encode(
    matrix: np.ndarray, weights: str, block_out: int, peaks: Optional[np.ndarray]
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Stored values of a dense float32 matrix [inputs, outputs], and the scales of integers.

    With `peaks`, those of `_peaks`, the integers are int8, and go beyond its range where an outlier
    is split.
    """
    if weights == "float32":
        return matrix.astype(np.float32), None
    if weights == "bfloat16":
        return to_bfloat16(matrix), None
    if peaks is not None:
        scales = _largest_int8(peaks) / MAX_INT8
    else:
        scales = _steps_int16(np.abs(matrix)).reshape(-1, block_out).max(axis=1)
    scales = scales.astype(np.float32)
    scales[scales < np.finfo(np.float32).tiny] = 1
    return np.rint(matrix / np.repeat(scales, block_out)).astype(np.int32), scales


def _peaks(magnitudes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The largest weight of every kept block, of |W| [rows, columns, ...]: [rows, columns]."""
    return np.where(kept, magnitudes.max(axis=(2, 3)), 0.0)


def _largest_int8(peaks: np.ndarray) -> np.ndarray:
    """The weight that the largest int8 value stands for, of every row of blocks.

    It is the row's largest weight. Only where that is an outlier, far above the peaks of most
    blocks, is it the smallest for which the extra blocks of the row suffice.
    """
    # No search for a better step in other rows: on a trained voice it gained 1 dB of squared error
    # and 1e-5 bits per sample.
    extra = -(-np.count_nonzero(peaks, axis=1) // BLOCKS_PER_EXTRA)
    largest = peaks.max(axis=1)
    low, high = largest / (extra + 1), largest
    for _ in range(20):
        middle = (low + high) / 2
        needed = np.ceil(peaks / np.maximum(middle, np.finfo(np.float64).tiny)[:, None])
        enough = np.maximum(needed - 1, 0).sum(axis=1) <= extra
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    usual = np.array([np.median(row[row > 0]) if row.any() else 0.0 for row in peaks])
    return np.where((largest > OUTLIER * usual) & (high < largest), high, largest)


def _within_type(blocks: np.ndarray, dtype: np.dtype) -> Tuple[np.ndarray, np.ndarray]:
    """Blocks in a type's range that add up to the given ones, and how many each became."""
    if dtype != np.int8:
        return blocks.astype(dtype), np.ones(len(blocks), int)
    sizes = np.abs(blocks)
    copies = np.maximum(-(-sizes.max(axis=(1, 2)) // MAX_INT8), 1)
    before = np.concatenate([np.arange(n) for n in copies])[:, None, None] * MAX_INT8
    parts = np.clip(np.repeat(sizes, copies, axis=0) - before, 0, MAX_INT8)
    return (parts * np.repeat(np.sign(blocks), copies, axis=0)).astype(dtype), copies


def _steps_int16(magnitudes: np.ndarray) -> np.ndarray:
    """The step that each output needs, of |W| [inputs, outputs].

    Rounding may add half a step per weight to a sum.
    """
    largest = magnitudes.max(axis=0) / MAX_INT16
    weights = np.count_nonzero(magnitudes, axis=0)
    return np.maximum(largest, magnitudes.sum(axis=0) / (MAX_INT16_SUM - 1 - weights / 2))
