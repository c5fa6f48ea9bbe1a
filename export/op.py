"""The contract of the custom ops: the list of constant inputs, made and read back.

WaveRNNGenerate(features, seed, temperature, state, position, *constants) -> audio, state, position
WaveRNNScore(features, audio, *constants) -> log_likelihood

The constants are one int32 header, the dense arrays, and three arrays per packed matrix, in the
order of `constants`. `export/native/tflite` reads the same list.
"""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from wavernn_tf.config import HEADS, Config, matrix_blocks, matrix_shapes
from wavernn_tf.export.metadata import SCHEMA_VERSION
from wavernn_tf.export.packing import PackedMatrix, pack, unpack_tensors
from wavernn_tf.models.weights import Weights

GENERATE = "WaveRNNGenerate"
SCORE = "WaveRNNScore"
MAGIC = 0x4E4E5257  # "WRNN", little endian
_HEADER_SIZE = 16


def pack_matrices(
    config: Config, weights: Weights, keep_zeros: bool = False
) -> Dict[str, PackedMatrix]:
    """Pack the seven matrices, each in its own block shape; see `pack`."""
    blocks = matrix_blocks(config)
    return {
        name: pack(matrix, blocks[name], name, keep_zeros)
        for name, matrix in weights.matrices.items()
    }


def header(config: Config) -> np.ndarray:
    """The int32 [16] array that tells the op its sizes and settings."""
    shape, signal = config.model.conditioning, config.signal
    values = [
        MAGIC,
        SCHEMA_VERSION,
        config.model.state_size,
        config.model.projection_size,
        config.mel.n_mels,
        config.mel.hop_length,
        signal.sample_offset,
        struct.unpack("<i", struct.pack("<f", signal.pre_emphasis))[0],
        len(shape.kernel_sizes),
        len(shape.upsample),
        shape.past,
        shape.lookahead,
    ]
    return np.array(values + [0] * (_HEADER_SIZE - len(values)), np.int32)


def constants(
    config: Config, weights: Weights, packed: Dict[str, PackedMatrix]
) -> List[np.ndarray]:
    """All constant inputs of an op, in order."""
    arrays = [header(config)]
    for kernel, bias in (*weights.conv, *weights.upsample):
        arrays += [kernel, bias]
    arrays += [weights.cond_kernel, weights.input_kernel]
    arrays += [weights.input_bias, weights.recurrent_bias]
    for name in weights.matrices:
        arrays += packed[name].arrays()
        if name in HEADS:
            arrays.append(weights.head_bias[name])
    return [np.ascontiguousarray(a) for a in arrays]


def unpack_constants(config: Config, tensors: Sequence[Any]) -> Weights:
    """Rebuild the dense weights, as TensorFlow tensors, from an op's constant inputs."""
    shape = config.model.conditioning
    rest = iter(tensors[1:])  # the header says what `config` says

    def pairs(count: int) -> Tuple[Tuple[Any, Any], ...]:
        return tuple((next(rest), next(rest)) for _ in range(count))

    conv, upsample = pairs(len(shape.kernel_sizes)), pairs(len(shape.upsample))
    dense = [next(rest) for _ in range(4)]
    matrices: Dict[str, Any] = {}
    head_bias: Dict[str, Any] = {}
    for name, (n_in, n_out) in matrix_shapes(config.model).items():
        matrices[name] = unpack_tensors(next(rest), next(rest), next(rest), n_in, n_out)
        if name in HEADS:
            head_bias[name] = next(rest)
    return Weights(conv, upsample, dense[0], dense[1], dense[2], dense[3], matrices, head_bias)
