"""The block-sparse format: round trips, lane order by hand, limits."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format.packing import (
    BLOCKS_PER_EXTRA,
    INTEGERS,
    MAX_INT16_SUM,
    WEIGHT_TYPES,
    PackedMatrix,
    from_bfloat16,
    pack,
    to_bfloat16,
    unpack,
    unpack_tensors,
    values_bytes,
)


def random_matrix(rows, columns, block, density, seed):
    block_out, block_in = BLOCK_SHAPES[block]
    rng = np.random.default_rng(seed)
    kept = rng.random([columns, rows]) < density
    mask = kept.repeat(block_in, axis=0).repeat(block_out, axis=1)
    matrix = rng.standard_normal(mask.shape) * mask
    return matrix.astype(np.float32)


def as_tensors(packed):
    return PackedMatrix.take(tf.constant(a) for a in packed.arrays())


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
    np.testing.assert_array_equal(unpack_tensors(as_tensors(packed), *matrix.shape), matrix)
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


@pytest.mark.parametrize("weights", WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_narrow_types_lose_half_a_step_at_most(block, weights):
    matrix = random_matrix(4, 6, block, 0.4, seed=3)
    packed, exact = pack(matrix, block, weights=weights), pack(matrix, block)
    assert packed.values.dtype == WEIGHT_TYPES[weights]
    assert len(packed.arrays()) == (4 if weights in INTEGERS else 3)
    np.testing.assert_array_equal(packed.row_offsets, exact.row_offsets)
    np.testing.assert_array_equal(packed.columns, exact.columns)
    block_out = packed.values.shape[2]
    largest = np.abs(matrix).max(axis=0).reshape(-1, block_out).max(axis=1).repeat(block_out)
    # bfloat16 keeps 8 bits of significand; int8 has 127 steps up to a block row's largest weight,
    # int16 32767, or more than the sums allow.
    sums = np.abs(matrix).sum(axis=0).reshape(-1, block_out).max(axis=1).repeat(block_out)
    step = np.maximum(largest / 32767, sums / (MAX_INT16_SUM - len(matrix)))
    half_step = {
        "float32": np.zeros_like(matrix),
        "bfloat16": np.abs(matrix) * 2.0**-8,
        "int16": np.broadcast_to(step / 2, matrix.shape) * (1 + 1e-3),
        "int8": np.broadcast_to(largest / 254, matrix.shape) * (1 + 1e-5),
    }[weights]
    back = unpack(packed, *matrix.shape)
    assert back.dtype == np.float32
    assert np.all(np.abs(back - matrix) <= half_step)
    np.testing.assert_array_equal(unpack_tensors(as_tensors(packed), *matrix.shape), back)
    wrong = matrix.copy()  # canary: the bound notices one weight that is two steps off
    wrong[np.unravel_index(np.abs(matrix).argmax(), matrix.shape)] *= 1 + 2 / 127
    assert np.any(np.abs(back - wrong) > half_step)


def test_int8_by_hand():
    """Each block row has a scale of its own: its largest weight / 127; 1 for one without."""
    matrix = np.zeros([4, 24], np.float32)  # [inputs, outputs]
    matrix[:, 0] = 12.7, -6.4, 0.26, 0.04  # scale 0.1, of outputs 0..7
    matrix[:, 3] = -1.27, 0.3, 0, 5.96
    matrix[:, 11] = -254, 3, 5, 0  # scale 2; 1.5 and 2.5 are ties, and go to even
    matrix[0, 21] = 1e-44  # too small for a scale
    packed = pack(matrix, "8x4", weights="int8")
    np.testing.assert_allclose(packed.scales, [0.1, 2, 1], rtol=1e-6)
    assert packed.values.shape == (3, 4, 8) and packed.scales.dtype == np.float32
    assert packed.values[0, :, 0].tolist() == [127, -64, 3, 0]
    assert packed.values[0, :, 3].tolist() == [-13, 3, 0, 60]
    assert packed.values[1, :, 3].tolist() == [-127, 2, 2, 0]
    assert np.count_nonzero(packed.values) == 9
    assert unpack(packed, 4, 24)[:, 11].tolist() == [-254, 4, 4, 0]


def outliers(block, count=1, size=40.0):
    """A matrix [256, 64] of normal weights, a third of its blocks kept, with outliers in row 1."""
    block_out, block_in = BLOCK_SHAPES[block]
    matrix = random_matrix(64 // block_out, 256 // block_in, block, 0.35, seed=9)
    inputs = np.flatnonzero(matrix[:, block_out])
    matrix[inputs[: count * block_in : block_in], block_out] = size
    return matrix


@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_an_int8_outlier_does_not_widen_the_steps_of_its_row(block):
    matrix = outliers(block)
    packed = pack(matrix, block, weights="int8")
    exact = pack(matrix, block)
    back = unpack(packed, *matrix.shape)
    np.testing.assert_array_equal(unpack_tensors(as_tensors(packed), *matrix.shape), back)
    blocks = np.diff(exact.row_offsets)
    extra = np.diff(packed.row_offsets) - blocks
    assert 0 < extra[1] <= -(-blocks[1] // BLOCKS_PER_EXTRA)
    assert not np.delete(extra, 1).any()  # the other rows are as they were
    block_out = BLOCK_SHAPES[block][0]
    error = np.abs(back - matrix).max(axis=0).reshape(-1, block_out).max(axis=1)
    assert (error <= packed.scales / 2 * (1 + 1e-5)).all()
    assert packed.scales[1] < 40.0 / 127 / 2
    # The kept blocks of one column stand side by side.
    row = packed.columns[packed.row_offsets[1] : packed.row_offsets[2]]
    assert (np.diff(row) >= 0).all() and (np.diff(row) == 0).sum() == extra[1]


def test_too_many_outliers_are_left_as_they_are():
    matrix = outliers("16x1", count=12)
    packed, exact = pack(matrix, "16x1", weights="int8"), pack(matrix, "16x1")
    np.testing.assert_array_equal(packed.columns, exact.columns)
    assert packed.scales[1] == pytest.approx(40.0 / 127)


def test_int8_outliers_by_hand():
    """17 blocks in a row may have two more: 381 = 127 + 127 + 127, and -254 beside it."""
    matrix = np.zeros([17, 16], np.float32)
    matrix[:, 0] = 40.0
    matrix[3, :3] = 381.0, -254.0, 130.0
    packed = pack(matrix, "16x1", weights="int8")
    assert packed.scales[0] == pytest.approx(1.0, rel=1e-5)
    assert packed.columns.tolist() == [0, 1, 2, 3, 3, 3, *range(4, 17)]
    assert packed.values[3:6, 0, :3].tolist() == [[127, -127, 127], [127, -127, 3], [127, 0, 0]]
    np.testing.assert_allclose(unpack(packed, 17, 16), matrix, atol=0.01)


def test_int16_by_hand():
    """A scale is the largest weight / 32767, or what keeps an output's sum below 2^18."""
    matrix = np.zeros([64, 16], np.float32)  # [inputs, outputs]
    matrix[:3, 0] = 32767, -0.5, 1.5  # scale 1, of outputs 0..7; ties go to even
    matrix[:, 8] = 1  # 64 equal weights of 4095: their sum is 262080
    matrix[5, 9] = 2
    packed = pack(matrix, "8x4", weights="int16")
    dense = np.zeros([16, 64], int)
    for row, (first, last) in enumerate(zip(packed.row_offsets, packed.row_offsets[1:])):
        for block in range(first, last):
            column = packed.columns[block]
            place = dense[8 * row : 8 * row + 8, 4 * column : 4 * column + 4]
            place[:] = packed.values[block].T
    assert packed.values.dtype == np.int16 and packed.scales.shape == (2,)
    assert packed.scales[0] == 1 and dense[0, :3].tolist() == [32767, 0, 2]
    assert set(dense[8]) == {4095} and dense[9, 5] == 8191
    np.testing.assert_allclose(packed.scales[1], 64 / (MAX_INT16_SUM - 33), rtol=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    block=st.sampled_from(sorted(BLOCK_SHAPES)),
    size=st.sampled_from([4, 64, 4096]),
    spread=st.sampled_from([0.0, 1.0, 5.0]),
    seed=st.integers(0, 2**31),
)
def test_int16_sums_never_overflow(block, size, spread, seed):
    rng = np.random.default_rng(seed)
    matrix = np.exp(spread * rng.standard_normal([size, 16])) * rng.choice([-1, 1], [size, 16])
    packed = pack(matrix.astype(np.float32), block, weights="int16")
    values = np.abs(packed.values.astype(np.int64))
    block_rows = np.repeat(np.arange(len(packed.scales)), np.diff(packed.row_offsets))
    sums = np.zeros([len(packed.scales), values.shape[2]], np.int64)
    np.add.at(sums, block_rows, values.sum(axis=1))
    assert sums.max() <= MAX_INT16_SUM
    assert sums.max() > 0.98 * MAX_INT16_SUM or values.max() == 32767


def test_bfloat16_by_hand():
    """1 + k / 128 are the neighbours of one; half-way values go to the even one."""
    values = np.float32([1, 1 + 1 / 256, 1 + 3 / 256, 1 + 1.01 / 256, -(1 + 1 / 256), 0])
    assert from_bfloat16(to_bfloat16(values)).tolist() == [1, 1, 1 + 2 / 128, 1 + 1 / 128, -1, 0]
    assert to_bfloat16(np.float32([1, -1])).view(np.uint16).tolist() == [0x3F80, 0xBF80]


def test_bfloat16_is_tensorflows():
    rng = np.random.default_rng(0)
    values = np.float32(rng.standard_normal(10000) * 2.0 ** rng.integers(-30, 30, 10000))
    expected = tf.cast(tf.cast(values, tf.bfloat16), tf.float32)
    np.testing.assert_array_equal(from_bfloat16(to_bfloat16(values)), expected)


@pytest.mark.parametrize("weights", WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_bytes_of_values_are_known_without_packing(block, weights):
    matrix = np.zeros([32, 64], np.float32)
    for kept in (0, 1, 5):  # a matrix keeps at least one block
        matrix[4 * np.arange(kept), 17] = 0.5
        packed = pack(matrix, block, weights=weights)
        assert values_bytes(matrix, block, weights) == packed.values.nbytes
