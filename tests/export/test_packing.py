"""The block-sparse format: round trips, lane order by hand, limits."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from wavernn_tf.config import BLOCK_SHAPES
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.packing import pack, unpack, unpack_tensors


def random_matrix(rows, columns, block, density, seed):
    block_out, block_in = BLOCK_SHAPES[block]
    rng = np.random.default_rng(seed)
    kept = rng.random([columns, rows]) < density
    mask = kept.repeat(block_in, axis=0).repeat(block_out, axis=1)
    matrix = rng.standard_normal(mask.shape) * mask
    return matrix.astype(np.float32)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 9),
    block=st.sampled_from(sorted(BLOCK_SHAPES)),
    density=st.sampled_from([0.0, 0.05, 0.4, 1.0]),
    seed=st.integers(0, 2**31),
)
def test_round_trip(rows, columns, block, density, seed):
    matrix = random_matrix(rows, columns, block, density, seed)
    packed = pack(matrix, block)
    np.testing.assert_array_equal(unpack(packed, *matrix.shape), matrix)
    tensors = [tf.constant(a) for a in packed.arrays()]
    np.testing.assert_array_equal(unpack_tensors(*tensors, *matrix.shape), matrix)
    assert packed.row_offsets[0] == 0 and packed.row_offsets[-1] == len(packed.columns) >= 1
    for row in range(rows):
        columns_of_row = packed.columns[packed.row_offsets[row] : packed.row_offsets[row + 1]]
        assert np.all(np.diff(columns_of_row) > 0)


def test_lanes_by_hand():
    """One 4x4 block at block row 1, block column 2 of an 8 x 12 matrix.

    ::

        input   8  9 10 11
        output 4  a  .  .  .      lane 4 i + o: a = lane 0, b (input 9, output 6) = lane 6
        output 6  .  b  .  .
    """
    matrix = np.zeros([12, 8], np.float32)  # [inputs, outputs]
    matrix[8, 4], matrix[9, 6] = 1.0, 2.0
    packed = pack(matrix, "4x4")
    assert packed.row_offsets.tolist() == [0, 0, 1]
    assert packed.columns.tolist() == [2]
    lanes = packed.values.reshape(-1)
    assert lanes[0] == 1.0 and lanes[6] == 2.0 and np.count_nonzero(lanes) == 2


def test_zero_matrix_keeps_one_block():
    packed = pack(np.zeros([8, 16], np.float32), "16x1")
    assert packed.values.shape == (1, 1, 16) and not packed.values.any()


def test_partial_blocks_are_refused():
    with pytest.raises(WaveRNNError, match="O1 .*4 outputs x 4 inputs"):
        pack(np.ones([8, 10], np.float32), "4x4", "O1")
