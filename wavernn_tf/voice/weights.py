"""A trained network as plain arrays: what the samplers and the exporters take.

Dense float32, Keras orientation (inputs, outputs), with the feature standardisation folded into the
first convolution and the input kernel masked.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Tuple

import numpy as np

from wavernn_tf.config import Config
from wavernn_tf.config.matrices import GATES, HEADS, has_bias, matrix_shapes
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.prediction import pitch

ESTIMATOR = ((5, 192), (1, 192), (1, pitch.CLASSES))
"""Kernel size and channels of every convolution of the pitch estimator."""

_DENSE = ("cond_kernel", "input_kernel", "input_bias", "recurrent_bias")


@dataclasses.dataclass(frozen=True)
class Weights:
    """The arrays of one WaveRNN; NumPy arrays, or tensors of the same shapes.

    Attributes:
      conv: (kernel [k, in, out], bias [out]) of every convolution at frame rate.
      upsample: (kernel [stride, in, out], bias [out]) of every transposed convolution.
      cond_kernel: [channels, 3H], conditioning to the gates u, r, e.
      input_kernel: [rows, 3H], masked; rows c_{t-1}, f_{t-1}, c_t, then `model.extra_inputs`.
      input_bias: [3H].
      recurrent_bias: [3H].
      matrices: R_u, R_r, R_e [H, H]; O1, O3 [H/2, P]; O2, O4 [P, 256]; of Subscale WaveRNN also
        D_0, D_1, ... and N_u, N_r, N_e, see `wavernn_tf.generation.equations.subscale_network`.
      bias: of O1..O4 and D_0, D_1, ...
      pitch: (kernel [k, in, out], bias [out]) of every convolution of the pitch estimator, which
        takes the raw features as `conv` does; empty without one.
    """

    conv: Tuple[Tuple[Any, Any], ...]
    upsample: Tuple[Tuple[Any, Any], ...]
    cond_kernel: Any
    input_kernel: Any
    input_bias: Any
    recurrent_bias: Any
    matrices: Dict[str, Any]
    bias: Dict[str, Any]
    pitch: Tuple[Tuple[Any, Any], ...] = ()

    @property
    def state_size(self) -> int:
        """H."""
        return self.input_bias.shape[0] // 3

    @property
    def convolutions(self) -> Tuple[List[Any], List[Any]]:
        """D_0, D_1, ... and their biases; nothing in a plain WaveRNN."""
        names = [name for name in self.matrices if name.startswith("D_")]
        return [self.matrices[name] for name in names], [self.bias[name] for name in names]


def extract(model: Any) -> Weights:
    """Read the arrays off a Keras model built by `wavernn_tf.models.wavernn.build`.

    Args:
      model: with or without TF-MOT's pruning wrappers.

    Raises:
      WaveRNNError: if a weight is not finite.
    """
    layers = {layer.name: getattr(layer, "layer", layer) for layer in model.layers}
    layers = {layer.name: layer for layer in layers.values()}
    gru, heads = layers["gru"], layers["heads"]
    conv = _stack(layers, "conv_")
    upsample = [(k.transpose(0, 2, 1), b) for k, b in _stack(layers, "upsample_")]
    conv = list(fold_standardisation(tuple(conv), *_statistics(layers)))
    estimator = _estimator(layers)
    convolutions = layers["subscale"].convolutions() if "subscale" in layers else []
    weights = Weights(
        conv=tuple(conv),
        upsample=tuple(upsample),
        cond_kernel=_array(gru.cond_kernel),
        input_kernel=_array(gru.masked_input_kernel()),
        input_bias=_array(gru.input_bias),
        recurrent_bias=_array(gru.recurrent_bias),
        matrices={
            **{f"R_{gate}": _array(r) for gate, r in zip(GATES, gru.recurrent)},
            **{name: _array(k) for name, k in zip(HEADS, heads.kernels)},
            **{f"D_{i}": _array(kernel) for i, (kernel, _) in enumerate(convolutions)},
            **{f"N_{gate}": _array(n) for gate, n in zip(GATES, gru.neighbours)},
        },
        bias={
            **{name: _array(b) for name, b in zip(HEADS, heads.biases)},
            **{f"D_{i}": _array(bias) for i, (_, bias) in enumerate(convolutions)},
        },
        pitch=estimator,
    )
    for name, array in named_arrays(weights).items():
        if not np.all(np.isfinite(array)):
            raise WaveRNNError(
                f"The weights of {name} hold NaN or infinity: training has diverged. Resume from "
                "an earlier checkpoint with a lower `training.learning_rate`."
            )
    return weights


def named_arrays(weights: Weights) -> Dict[str, Any]:
    """Every array with its name, in the order of the op's inputs (matrices still dense)."""
    arrays: Dict[str, Any] = {}
    for kind in ("pitch", "conv", "upsample"):
        for i, (kernel, bias) in enumerate(getattr(weights, kind)):
            arrays[f"{kind}_{i}/kernel"], arrays[f"{kind}_{i}/bias"] = kernel, bias
    for name in _DENSE:
        arrays[name] = getattr(weights, name)
    arrays.update(weights.matrices)
    arrays.update({f"{name}/bias": bias for name, bias in weights.bias.items()})
    return arrays


def from_named(arrays: Dict[str, Any]) -> Weights:
    """The inverse of `named_arrays`."""

    def layers(kind: str) -> Tuple[Tuple[Any, Any], ...]:
        count = sum(name.startswith(f"{kind}_") and name.endswith("/bias") for name in arrays)
        return tuple(
            (arrays[f"{kind}_{i}/kernel"], arrays[f"{kind}_{i}/bias"]) for i in range(count)
        )

    matrices = [name for name in arrays if "/" not in name and name not in _DENSE]
    return Weights(
        conv=layers("conv"),
        upsample=layers("upsample"),
        **{name: arrays[name] for name in _DENSE},
        matrices={name: arrays[name] for name in matrices},
        bias={name: arrays[f"{name}/bias"] for name in matrices if f"{name}/bias" in arrays},
        pitch=layers("pitch"),
    )


def random_weights(config: Config, seed: int = 0, scale: float = 1.0) -> Weights:
    """Dense random weights of a configuration's shapes, for tests and benchmarks.

    Args:
      config: gives the shapes.
      seed: of NumPy's generator.
      scale: standard deviation of the weights times the square root of the fan-in.
    """
    rng = np.random.default_rng(seed)
    shape = config.model.conditioning
    gates = 3 * config.model.state_size

    def normal(*dims: int) -> np.ndarray:
        fan_in = int(np.prod(dims[:-1]))
        return (rng.standard_normal(dims) * scale / np.sqrt(fan_in)).astype(np.float32)

    def bias(size: int) -> np.ndarray:
        return (rng.standard_normal(size) * 0.1 * scale).astype(np.float32)

    estimator, width = [], config.mel.n_mels
    for size, channels in ESTIMATOR if config.signal.pitch == "estimated" else ():
        estimator.append((normal(size, width, channels), bias(channels)))
        width = channels
    conv, width = [], conditioning_inputs(config)
    for size in shape.kernel_sizes:
        conv.append((normal(size, width, shape.channels), bias(shape.channels)))
        width = shape.channels
    # Fan-in of a stride-kernel transposed convolution is its input width alone.
    upsample = [
        (normal(s, width, width) * np.float32(np.sqrt(s)), bias(width)) for s in shape.upsample
    ]
    rows = config.model.input_rows
    input_kernel = normal(rows, gates).reshape(rows, 3, -1)
    input_kernel[2, :, : config.model.state_size // 2] = 0
    shapes = matrix_shapes(config.model)
    return Weights(
        conv=tuple(conv),
        upsample=tuple(upsample),
        cond_kernel=normal(width, gates),
        input_kernel=input_kernel.reshape(rows, gates),
        input_bias=bias(gates),
        recurrent_bias=bias(gates),
        matrices={name: normal(*dims) for name, dims in shapes.items()},
        bias={name: bias(dims[1]) for name, dims in shapes.items() if has_bias(name)},
        pitch=tuple(estimator),
    )


def conditioning_inputs(config: Config) -> int:
    """Inputs of the conditioning network per frame: the mel, and the pitch posterior if any."""
    return config.mel.n_mels + (pitch.CLASSES if config.signal.pitch != "off" else 0)


def _array(variable: Any) -> np.ndarray:
    return np.asarray(variable, np.float32)


def _stack(layers: Dict[str, Any], prefix: str) -> List[Tuple[np.ndarray, np.ndarray]]:
    count = sum(name.startswith(prefix) for name in layers)
    chosen = [layers[f"{prefix}{i}"] for i in range(count)]
    return [(_array(layer.kernel), _array(layer.bias)) for layer in chosen]


def _estimator(layers: Dict[str, Any]) -> Tuple[Tuple[np.ndarray, np.ndarray], ...]:
    """The convolutions of the pitch estimator, if there is one, on raw features."""
    if not hasattr(layers.get("pitch"), "convolutions"):
        return ()
    convolutions = tuple((_array(k), _array(b)) for k, b in layers["pitch"].convolutions())
    return fold_standardisation(convolutions, *_statistics(layers))


def _statistics(layers: Dict[str, Any]) -> Tuple[Any, Any]:
    return layers["standardise"].mean, layers["standardise"].std


def fold_standardisation(
    convolutions: Tuple[Tuple[np.ndarray, np.ndarray], ...], mean: Any, std: Any
) -> Tuple[Tuple[np.ndarray, np.ndarray], ...]:
    """Make convolutions on standardised features ones on raw features.

    Args:
      convolutions: (kernel [k, in, out], bias [out]) of each.
      mean: float [n], of the first n inputs of the first convolution.
      std: float [n], of the same.

    Returns:
      The convolutions with (x - mean) / std folded into the first one, in float64.
    """
    first, *rest = convolutions
    return (_fold(first, mean, std), *rest)


def _fold(
    conv: Tuple[np.ndarray, np.ndarray], mean: Any, std: Any
) -> Tuple[np.ndarray, np.ndarray]:
    mean, std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
    others = conv[0].shape[1] - len(mean)  # beside the features: the pitch posterior
    mean, std = np.pad(mean, (0, others)), np.pad(std, (0, others), constant_values=1.0)
    kernel = conv[0].astype(np.float64) / std[:, None]
    bias = conv[1] - np.einsum("kio,i->o", kernel, mean)
    return kernel.astype(np.float32), bias.astype(np.float32)
