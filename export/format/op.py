"""The contract of the custom ops: the list of constant inputs, made and read back.

WaveRNNGenerate(features, seed, temperature, fine_temperature, state, position, *constants)
    -> audio, state, position
WaveRNNScore(features, audio, *constants) -> log_likelihood

The constants are one int32 header, the dense arrays, and the arrays of every packed matrix with its
bias, if it has one, in the order of `constants`; of Subscale WaveRNN the dilations lie before D_0.
What stands in front of the network comes last: the extra rows of the input kernel, the constants of
the linear prediction (float64) and the postfilter's constants, each if there is one.
`export/native/tflite` reads the same list. With 16- or 8-bit weights the kernels of the pitch
estimator and of the conditioning network and the extra rows of the input kernel are bfloat16 bits
(int16); all other dense arrays are float32.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from wavernn_tf.config import EXTRA_INPUTS, POSTFILTERS, Config
from wavernn_tf.config.matrices import has_bias, matrix_blocks, matrix_shapes
from wavernn_tf.export.format import packing
from wavernn_tf.export.format.packing import PackedMatrix
from wavernn_tf.prediction import linear_prediction as prediction
from wavernn_tf.prediction import noise_shaping, postfilter
from wavernn_tf.voice.metadata import SCHEMA_VERSION
from wavernn_tf.voice.weights import ESTIMATOR, Weights

GENERATE = "WaveRNNGenerate"
SCORE = "WaveRNNScore"
MAGIC = 0x4E4E5257  # "WRNN", little endian
PITCH = ("off", "estimated", "given")
SPLITS = ("linear", "mulaw")
KNOWN_ROWS = 3
"""Rows c_{t-1}, f_{t-1}, c_t of the input kernel; the others are the extra ones."""


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
    if weight_type == "float32":
        return weights
    known, extra = weights.input_kernel[:KNOWN_ROWS], weights.input_kernel[KNOWN_ROWS:]
    kernel = np.concatenate([known, rounded(extra)])
    return _map_kernels(rounded, dataclasses.replace(weights, input_kernel=kernel))


def header(config: Config) -> np.ndarray:
    """The int32 [27] array that tells the op its sizes and settings."""
    shape, signal, subscale = config.model.conditioning, config.signal, config.model.subscale
    layers = [subscale.horizon, len(subscale.dilations), subscale.kernel_size]
    values = [
        MAGIC,
        SCHEMA_VERSION,
        config.model.state_size,
        config.model.projection_size,
        config.n_features,
        config.mel.hop_length,
        signal.offset,
        _bits(signal.pre_emphasis),
        len(shape.kernel_sizes),
        len(shape.upsample),
        config.past,
        config.seen_ahead,
        subscale.batch,
        *(layers if subscale.batch > 1 else [0, 0, 0]),
        signal.prediction_order,
        PITCH.index(signal.pitch),
        SPLITS.index(signal.split),
        sum(1 << i for i, name in enumerate(EXTRA_INPUTS) if name in config.model.extra_inputs),
        config.mel.sample_rate,
        len(ESTIMATOR) if signal.pitch == "estimated" else 0,
        POSTFILTERS.index(signal.postfilter),
        _bits(signal.postfilter_strength),
        noise_shaping.amount(signal),
        _bits(signal.voiced_temperature),
        signal.postfilter_passes,
    ]
    return np.array(values, np.int32)


def _bits(value: float) -> int:
    return struct.unpack("<i", struct.pack("<f", value))[0]


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
    arrays = [header(config), *_conditioning(weights, weight_type)]
    arrays += [weights.input_kernel[:KNOWN_ROWS], weights.input_bias, weights.recurrent_bias]
    for name in weights.matrices:
        if name == "D_0":
            arrays.append(np.array(config.model.subscale.dilations, np.int32))
        arrays += packed[name].arrays()
        if name in weights.bias:
            arrays.append(weights.bias[name])
    arrays += _predictors(config, weights, weight_type)
    return [np.ascontiguousarray(a) for a in arrays]


def _predictors(config: Config, weights: Weights, weight_type: str) -> List[np.ndarray]:
    """The arrays of `predictor_names`."""
    arrays = []
    extra = weights.input_kernel[KNOWN_ROWS:]
    if len(extra):
        arrays.append(extra if weight_type == "float32" else packing.to_bfloat16(extra))
    if config.signal.prediction_order:
        known = prediction.spectrum(config.mel, config.signal)
        arrays += [np.array([known.slope, known.intercept]), known.matrix, known.floor]
    return arrays + postfilter.constants(config.signal, config.mel)


def predictor_names(config: Config) -> List[str]:
    """Names of the constants that come last, which stand in front of the network."""
    names = ["extra_kernel"] if config.model.extra_inputs else []
    if config.signal.prediction_order:
        names += ["lpc_scale", "lpc_matrix", "lpc_floor"]
    return names + postfilter.names(config.signal)


def payload_bytes(config: Config, weights: Weights, weight_type: str = "float32") -> int:
    """Bytes of what a file is for: the kept weights and the conditioning network.

    All else (where blocks lie, scales, biases, the description, TFLite's own tables) comes on top.
    """
    blocks = matrix_blocks(config)
    kept = sum(
        packing.values_bytes(matrix, blocks[name], matrix_type(name, weight_type))
        for name, matrix in weights.matrices.items()
    )
    arrays = _conditioning(weights, weight_type) + _predictors(config, weights, weight_type)
    return kept + sum(array.nbytes for array in arrays)


def unpack_constants(config: Config, tensors: Sequence[Any]) -> Weights:
    """Rebuild the dense weights, as TensorFlow tensors, from an op's constant inputs."""
    shape = config.model.conditioning
    rest = iter(tensors[1:])  # the header says what `config` says

    def pairs(count: int) -> Tuple[Tuple[Any, Any], ...]:
        return tuple((next(rest), next(rest)) for _ in range(count))

    estimator = pairs(len(ESTIMATOR) if config.signal.pitch == "estimated" else 0)
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
    kernel = dense[1]
    if config.model.extra_inputs:
        kernel = packing.with_rows(kernel, next(rest))
    weights = Weights(
        conv, upsample, dense[0], kernel, dense[2], dense[3], matrices, biases, estimator
    )
    return _map_kernels(packing.widen_tensor, weights)


def _conditioning(weights: Weights, weight_type: str) -> List[np.ndarray]:
    """The arrays of the estimator and the conditioning network as a file holds them, in order."""
    if weight_type != "float32":
        weights = _map_kernels(packing.to_bfloat16, weights)
    layers = [array for pair in _layers(weights) for array in pair]
    return [*layers, weights.cond_kernel]


def _layers(weights: Weights) -> Tuple[Tuple[Any, Any], ...]:
    """Kernel and bias of all convolutions at frame rate, in order."""
    return (*weights.pitch, *weights.conv, *weights.upsample)


def _map_kernels(function: Callable[[Any], Any], weights: Weights) -> Weights:
    """Apply a function to the kernels of the estimator and the conditioning network."""

    def layers(pairs: Tuple[Tuple[Any, Any], ...]) -> Tuple[Tuple[Any, Any], ...]:
        return tuple((function(kernel), bias) for kernel, bias in pairs)

    return dataclasses.replace(
        weights,
        pitch=layers(weights.pitch),
        conv=layers(weights.conv),
        upsample=layers(weights.upsample),
        cond_kernel=function(weights.cond_kernel),
    )
