"""A file is hardly larger than its kept weights and its conditioning network."""

import math

import pytest

from tests.export.tflite.test_tflite import converted
from tests.helpers.small import sparse_weights
from wavernn_tf import config as configuration
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.export.format import op, packing
from wavernn_tf.voice import metadata
from wavernn_tf.voice.describe import describe

LIMIT = 1.15
BYTES = {"float32": (4, 4), "bfloat16": (2, 2), "int16": (2, 2), "int8": (1, 2)}
"""Of a weight in a matrix, and of one in a kernel of the conditioning network."""


def voice(block):
    config = configuration.with_block(configuration.load("wavernn-512-16k"), block)
    return config, sparse_weights(config, density=0.05)


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_overhead_is_within_the_limit(block, weight_type):
    config, weights = voice(block)
    model = converted(config, weights, weight_type)
    info = metadata.read(model)
    assert info.weights == weight_type and set(info.blocks.values()) == {block}
    shape, per_weight = config.model.conditioning, BYTES[weight_type]
    kernels, width = [], config.mel.n_mels
    for size in (*shape.kernel_sizes, *shape.upsample):
        kernels.append(size * width * shape.channels)
        width = shape.channels
    kernels.append(width * 3 * config.model.state_size)
    biases = 4 * width * (len(kernels) - 1)
    expected = per_weight[0] * info.nonzeros + per_weight[1] * sum(kernels) + biases
    assert op.payload_bytes(config, weights, weight_type) == expected
    assert expected < len(model) <= LIMIT * expected


def test_a_file_with_all_blocks_is_beyond_the_limit():
    config, weights = voice("16x1")
    dense = op.constants(config, weights, "int8", keep_zeros=True)
    assert sum(a.nbytes for a in dense) > LIMIT * op.payload_bytes(config, weights, "int8")


def test_other_blocks_than_pruned_keep_zeros():
    """A lone block of 16x1 touches four of 4x4, which keep 64 weights for its 16."""
    config, weights = voice("16x1")
    other = configuration.with_block(config, "4x4")
    sparse, repacked = (
        describe(c, weights, {"mean": [0.0], "std": [1.0]}, {}) for c in (config, other)
    )
    assert set(repacked.blocks.values()) == {"4x4"}
    assert 2 * sparse.nonzeros < repacked.nonzeros < 4 * sparse.nonzeros
    kept = 1 - repacked.sparsity["R_u"]
    blocks = math.prod(weights.matrices["R_u"].shape) / 16
    assert kept * blocks == len(op.pack_matrices(other, weights)["R_u"].columns)
