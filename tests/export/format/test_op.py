"""The op's constant inputs: made, and read back as the network that a file really holds."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small import small_config, sparse_weights
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.export.format import op, packing
from wavernn_tf.voice.weights import named_arrays

MIXED = ("16x1", "8x4", "4x4")
NARROW = [name for name in packing.WEIGHT_TYPES if name != "float32"]


def mixed_config():
    """Every matrix in a block shape of its own."""
    config = small_config()
    blocks = {"gate_block": MIXED, "head_block": (*MIXED, "8x4")}
    return dataclasses.replace(config, pruning=dataclasses.replace(config.pruning, **blocks))


def read_back(config, weights, weight_type):
    """The dense arrays that the op's reference body computes with."""
    tensors = [tf.constant(a) for a in op.constants(config, weights, weight_type)]
    return named_arrays(op.unpack_constants(config, tensors))


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
def test_constants_are_the_network_that_the_file_holds(weight_type):
    config = mixed_config()
    weights = sparse_weights(config)
    held = named_arrays(op.held_weights(config, weights, weight_type))
    back = read_back(config, weights, weight_type)
    assert list(back) == list(held)
    for name, array in held.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(back[name], array, err_msg=name)
    weights.matrices["O3"][:] *= 1.5  # canary
    moved = read_back(config, weights, weight_type)
    assert [name for name in held if not np.array_equal(moved[name], held[name])] == ["O3"]


def test_float32_holds_the_trained_weights(config, weights):
    held = named_arrays(op.held_weights(config, weights, "float32"))
    for name, array in named_arrays(weights).items():
        np.testing.assert_array_equal(held[name], array)


@pytest.mark.parametrize("weight_type", NARROW)
def test_narrow_types_round_matrices_and_kernels_only(config, weights, weight_type):
    held = named_arrays(op.held_weights(config, weights, weight_type))
    for name, array in named_arrays(weights).items():
        rounded = name in weights.matrices or name.endswith("kernel") and name != "input_kernel"
        assert np.array_equal(held[name], array) != rounded, name
        np.testing.assert_allclose(held[name], array, atol=0.01 * np.abs(array).max())


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_order_and_dtypes(block, weight_type):
    config = small_config(block)
    arrays = op.constants(config, sparse_weights(config), weight_type)
    kernel = "float32" if weight_type == "float32" else "int16"
    values = packing.WEIGHT_TYPES[weight_type].name
    scales = ["float32"] if weight_type in packing.INTEGERS else []
    matrix = ["int32", "int16", *scales, values]
    layers = 2 + 2  # of `small_config`: convolutions, transposed convolutions
    assert [a.dtype.name for a in arrays] == [
        "int32",
        *[kernel, "float32"] * layers,
        *[kernel, "float32", "float32", "float32"],
        *matrix * 3,
        *[*matrix, "float32"] * 4,
    ]
    block_out, block_in = BLOCK_SHAPES[block]
    assert arrays[len(scales) + 4 + 2 * layers + 3].shape[1:] == (block_in, block_out)
