"""A .tflite voice of any size and density, with random weights: what kernels are timed on."""

from __future__ import annotations

import dataclasses
from typing import Tuple

import numpy as np

from wavernn_tf import files
from wavernn_tf.config import (
    EXTRA_INPUTS,
    ConditioningConfig,
    Config,
    MelRecipe,
    ModelConfig,
    PruningConfig,
    SignalConfig,
    SubscaleConfig,
)
from wavernn_tf.config.matrices import BLOCK_SHAPES, matrix_blocks
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.voice.metadata import VoiceInfo
from wavernn_tf.voice.weights import Weights

_MEL = MelRecipe("bench-24k", "external", sample_rate=24000, hop_length=240, fmax=12000.0)
_PREDICTED_MEL = MelRecipe("bench-24k", sample_rate=24000, n_fft=1024, hop_length=240, fmax=12000.0)
_SIGNAL = SignalConfig(prediction_order=16, pitch="estimated", split="mulaw")
_CONDITIONING = ConditioningConfig(channels=128, kernel_sizes=(5, 3), upsample=(3,))
_NETWORK_DENSITY = 0.5
"""Share of blocks kept in the convolutions over the earlier sub-tensors, but for the first."""


@dataclasses.dataclass(frozen=True)
class Shape:
    """What decides the speed of a voice.

    All shapes have 24 kHz, 80 features every 10 ms, and a conditioning network of 128 channels
    with steps of 80 samples. The network over the earlier sub-tensors is that of
    `SubscaleConfig`; of its first convolution all blocks are kept, of the others half.

    Attributes:
      state: units of the GRU, a multiple of 32.
      proj: units between the state's half and the logits, a multiple of 16.
      density: share of blocks kept in each matrix.
      block: name of the block shape.
      weights: of the packed weights, a name in `wavernn_tf.export.format.packing.WEIGHT_TYPES`.
      subscale: samples per step, B; 1 is the plain WaveRNN.
      horizon: F of Subscale WaveRNN.
      prediction: linear and pitch prediction in front of the network, with all extra inputs.
    """

    state: int = 1024
    proj: int = 512
    density: float = 0.05
    block: str = "4x4"
    weights: str = "float32"
    subscale: int = 1
    horizon: int = SubscaleConfig.horizon
    prediction: bool = False

    def __post_init__(self) -> None:
        for name, unit in (("state", 32), ("proj", 16)):
            value = getattr(self, name)
            if value <= 0 or value % unit:
                raise WaveRNNError(f"Expected `{name}` to be a multiple of {unit}; got {value}.")
        if not 0 < self.density <= 1:
            raise WaveRNNError(f"Expected `density` to lie in (0, 1]; got {self.density}.")
        for name, known in (("block", tuple(BLOCK_SHAPES)), ("weights", tuple(WEIGHT_TYPES))):
            value = getattr(self, name)
            if value not in known:
                raise WaveRNNError(f"Expected `{name}` to be {' or '.join(known)}; got {value!r}.")

    @property
    def config(self) -> Config:
        """The configuration of such a voice."""
        return Config(
            mel=_PREDICTED_MEL if self.prediction else _MEL,
            signal=_SIGNAL if self.prediction else SignalConfig(),
            model=ModelConfig(
                self.state,
                self.proj,
                extra_inputs=tuple(EXTRA_INPUTS) if self.prediction else (),
                conditioning=_CONDITIONING,
                subscale=SubscaleConfig(self.subscale, self.horizon),
            ),
            pruning=PruningConfig(
                enabled=False,
                gate_block=self.block,
                head_block=self.block,
                subscale_block=self.block,
            ),
        )

    def density_of(self, name: str) -> float:
        """Share of blocks kept in a matrix."""
        if name.startswith("D_"):
            return 1.0 if name == "D_0" else _NETWORK_DENSITY
        return self.density


def make(shape: Shape, seed: int = 0) -> bytes:
    """Make the contents of a .tflite file (with TensorFlow).

    Args:
      shape: sizes, density, block and weight type.
      seed: of the weights and their places.
    """
    from wavernn_tf import logs
    from wavernn_tf.export.tflite import convert as tflite

    weights, info = _random(shape, seed)
    with logs.without_converter_notes():
        return tflite.convert(shape.config, weights, info)


def make_saved_model(shape: Shape, path: files.PathLike, seed: int = 0, xla: bool = True) -> str:
    """Write the same voice as a SavedModel, and return the folder of its version."""
    from wavernn_tf.export.serving import saved_model

    return saved_model.save(shape.config, *_random(shape, seed), path, xla)


def _random(shape: Shape, seed: int) -> Tuple[Weights, VoiceInfo]:
    """Weights of unit gain, so that nothing saturates, and what they are.

    Every matrix keeps its share of blocks, at least one, at random places.
    """
    from wavernn_tf.voice.describe import describe
    from wavernn_tf.voice.weights import random_weights

    config = shape.config
    weights, blocks = random_weights(config, seed), matrix_blocks(config)
    rng = np.random.default_rng(seed + 1)
    matrices = {
        name: matrix * _mask(rng, matrix.shape, blocks[name], shape.density_of(name))
        for name, matrix in weights.matrices.items()
    }
    weights = dataclasses.replace(weights, matrices=matrices)
    n = config.mel.n_mels
    stats = {"mean": [0.0] * n, "std": [1.0] * n}
    return weights, describe(config, weights, stats, {}, shape.weights)


def _mask(rng: np.random.Generator, dims: tuple, block: str, density: float) -> np.ndarray:
    """What to multiply a dense matrix [inputs, outputs] of unit gain with: float32, as `dims`."""
    block_out, block_in = BLOCK_SHAPES[block]
    blocks = np.zeros([dims[0] // block_in, dims[1] // block_out], np.float32)
    kept = max(1, round(density * blocks.size))
    gain = np.sqrt(blocks.size / kept)
    blocks.flat[rng.choice(blocks.size, kept, replace=False)] = gain
    return blocks.repeat(block_in, axis=0).repeat(block_out, axis=1)
