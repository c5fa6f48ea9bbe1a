"""The contract of the custom ops: the list of constant inputs, made and read back.

WaveRNNGenerate(features, seed, temperature, state, position, *constants) -> audio, state, position
WaveRNNScore(features, audio, *constants) -> log_likelihood

The constants are one int32 header, the dense arrays, and the arrays of every packed matrix with its
bias, if it has one, in the order of `constants`; of Subscale WaveRNN the dilations lie before D_0.
`export/native/tflite` reads the same list. With 16- or 8-bit weights the kernels of the
conditioning network are bfloat16 bits (int16); all other dense arrays are float32.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from wavernn_tf.config import Config
from wavernn_tf.export import packing
from wavernn_tf.export.metadata import SCHEMA_VERSION
from wavernn_tf.export.packing import PackedMatrix
from wavernn_tf.matrices import has_bias, matrix_blocks, matrix_shapes
from wavernn_tf.models.weights import Weights

GENERATE = "WaveRNNGenerate"
SCORE = "WaveRNNScore"
MAGIC = 0x4E4E5257  # "WRNN", little endian


def pack_matrices(
    config: Config, weights: Weights, weight_type: str = "float32", keep_zeros: bool = False
) -> Dict[str, PackedMatrix]:
    """Pack the matrices, each in its own block shape; see `packing.pack`."""
    blocks = matrix_blocks(config)
    return {
        name: packing.pack(matrix, blocks[name], name, keep_zeros, matrix_type(name, weight_type))
        for name, matrix in weights.matrices.items()
    }


def matrix_type(name: str, weight_type: str) -> str:
    """What a file of `weight_type` holds a matrix in. D_0 reads whole samples: never integers."""
    return "bfloat16" if name == "D_0" and weight_type in packing.INTEGERS else weight_type


def held_weights(config: Config, weights: Weights, weight_type: str) -> Weights:
    """The network that a file really holds: float32 arrays after rounding to `weight_type`."""

    def rounded(kernel: np.ndarray) -> np.ndarray:
        return packing.from_bfloat16(packing.to_bfloat16(kernel))

    packed = pack_matrices(config, weights, weight_type)
    shapes = matrix_shapes(config.model)
    matrices = {name: packing.unpack(p, *shapes[name]) for name, p in packed.items()}
    weights = dataclasses.replace(weights, matrices=matrices)
    return weights if weight_type == "float32" else _map_kernels(rounded, weights)


def header(config: Config) -> np.ndarray:
    """The int32 [16] array that tells the op its sizes and settings."""
    shape, signal, subscale = config.model.conditioning, config.signal, config.model.subscale
    layers = [subscale.horizon, len(subscale.dilations), subscale.kernel_size]
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
        subscale.batch,
        *(layers if subscale.batch > 1 else [0, 0, 0]),
    ]
    return np.array(values, np.int32)


def constants(
    config: Config, weights: Weights, weight_type: str = "float32", keep_zeros: bool = False
) -> List[np.ndarray]:
    """All constant inputs of an op, in order.

    Args:
      config: the voice's configuration.
      weights: its dense float32 arrays.
      weight_type: how the file holds them, a name in `packing.WEIGHT_TYPES`.
      keep_zeros: see `packing.pack`.
    """
    packed = pack_matrices(config, weights, weight_type, keep_zeros)
    arrays = [header(config), *_conditioning(weights, weight_type), weights.input_kernel]
    arrays += [weights.input_bias, weights.recurrent_bias]
    for name in weights.matrices:
        if name == "D_0":
            arrays.append(np.array(config.model.subscale.dilations, np.int32))
        arrays += packed[name].arrays()
        if name in weights.bias:
            arrays.append(weights.bias[name])
    return [np.ascontiguousarray(a) for a in arrays]


def payload_bytes(config: Config, weights: Weights, weight_type: str = "float32") -> int:
    """Bytes of what a file is for: the kept weights and the conditioning network.

    All else (where blocks lie, scales, biases, the description, TFLite's own tables) comes on top.
    """
    packed = pack_matrices(config, weights, weight_type)
    arrays = [*(p.values for p in packed.values()), *_conditioning(weights, weight_type)]
    return sum(array.nbytes for array in arrays)


def unpack_constants(config: Config, tensors: Sequence[Any]) -> Weights:
    """Rebuild the dense weights, as TensorFlow tensors, from an op's constant inputs."""
    shape = config.model.conditioning
    rest = iter(tensors[1:])  # the header says what `config` says

    def pairs(count: int) -> Tuple[Tuple[Any, Any], ...]:
        return tuple((next(rest), next(rest)) for _ in range(count))

    conv, upsample = pairs(len(shape.kernel_sizes)), pairs(len(shape.upsample))
    dense = [next(rest) for _ in range(4)]
    matrices: Dict[str, Any] = {}
    biases: Dict[str, Any] = {}
    for name, (n_in, n_out) in matrix_shapes(config.model).items():
        if name == "D_0":
            next(rest)  # the dilations
        matrices[name] = packing.unpack_tensors(PackedMatrix.take(rest), n_in, n_out)
        if has_bias(name):
            biases[name] = next(rest)
    weights = Weights(conv, upsample, dense[0], dense[1], dense[2], dense[3], matrices, biases)
    return _map_kernels(packing.widen_tensor, weights)


def _conditioning(weights: Weights, weight_type: str) -> List[np.ndarray]:
    """The arrays of the conditioning network as a file holds them, in order."""
    if weight_type != "float32":
        weights = _map_kernels(packing.to_bfloat16, weights)
    layers = [array for pair in (*weights.conv, *weights.upsample) for array in pair]
    return [*layers, weights.cond_kernel]


def _map_kernels(function: Callable[[Any], Any], weights: Weights) -> Weights:
    """Apply a function to the kernels of the conditioning network."""

    def layers(pairs: Tuple[Tuple[Any, Any], ...]) -> Tuple[Tuple[Any, Any], ...]:
        return tuple((function(kernel), bias) for kernel, bias in pairs)

    return dataclasses.replace(
        weights,
        conv=layers(weights.conv),
        upsample=layers(weights.upsample),
        cond_kernel=function(weights.cond_kernel),
    )
