"""A small configuration, random sparse weights, features; what samples and scores must equal."""

import dataclasses
from pathlib import Path

import numpy as np

from wavernn_tf import config as configuration
from wavernn_tf.config import matrices as matrices_lib
from wavernn_tf.export.format import op
from wavernn_tf.generation.reference import Reference
from wavernn_tf.voice.weights import random_weights

SPEECH = Path(__file__).parents[1] / "data" / "speech"


def small_config(block="16x1", pre_emphasis=0.85, **model):
    """A configuration whose model is tiny, with every kind of layer."""
    sizes = {"state_size": 64, "projection_size": 32, **model}
    return configuration.Config(
        mel=configuration.MelRecipe(name="small", n_mels=10, hop_length=40),
        signal=configuration.SignalConfig(pre_emphasis=pre_emphasis),
        model=configuration.ModelConfig(
            **sizes,
            conditioning=configuration.ConditioningConfig(
                channels=16, kernel_sizes=(3, 5), upsample=(2, 2)
            ),
        ),
        pruning=configuration.PruningConfig(gate_block=block, head_block=block),
    )


def sparse_weights(config, seed=0, density=0.3, scale=2.0):
    """Random weights whose matrices keep a share of their blocks."""
    weights = random_weights(config, seed, scale)
    rng = np.random.default_rng(seed + 1)
    matrices = {}
    for name, block in matrices_lib.matrix_blocks(config).items():
        block_out, block_in = matrices_lib.BLOCK_SHAPES[block]
        dense = weights.matrices[name]
        shape = dense.shape[0] // block_in, dense.shape[1] // block_out
        kept = rng.random(shape) < density
        mask = kept.repeat(block_in, axis=0).repeat(block_out, axis=1)
        matrices[name] = dense * mask.astype(np.float32)
    return dataclasses.replace(weights, matrices=matrices)


def features_for(config, frames, seed=0, padded=True):
    """Random features [frames (+ past + lookahead), n_mels]."""
    shape = config.model.conditioning
    extra = shape.past + shape.lookahead if padded else 0
    rng = np.random.default_rng(seed)
    return rng.standard_normal([frames + extra, config.mel.n_mels]).astype(np.float32)


def assert_same_samples(audio, draws, at_least=100, rounding=1e-5):
    """Audio equals the reference's draws, but for draws within rounding of a boundary.

    float32 logits of these small networks are good to some 1e-6, so the cumulative distribution is
    too. A first difference is allowed only where the reference's uniform number lay closer to the
    boundary than `rounding`; what follows it is another, equally good, waveform.
    """
    differ = np.flatnonzero(audio != draws.audio)
    first = differ[0] if len(differ) else len(audio)
    assert first >= at_least
    assert first == len(audio) or draws.margin[first].min() < rounding


def reference_for(config, weights, weight_type):
    """The oracle of a file of this weight type, and the bound `rounding` of its samples.

    An int8 op in float32 may round an activation that lies within 1e-6 of a tie the other way: the
    next few distributions move by some 1e-4. With int16 that is frequent, and a step far smaller.
    """
    held = op.held_weights(config, weights, weight_type)
    rounding = {"int8": 1e-3, "int16": 1e-4}.get(weight_type, 1e-5)
    return Reference(config, held, weight_type=weight_type), rounding


def assert_same_scores(got, expected, weight_type, tolerance):
    """Scores equal the oracle's, but for samples after such ties; with int8 one in ten.

    A tie moves one input by 1/127, and so a gate by 1/127 times a weight, which is below 3 here;
    with int16 by 1/8192, but several at once.
    """
    share, largest = {"int8": (0.1, 3 / 127), "int16": (1, 8 / 8192)}.get(
        weight_type, (0, tolerance)
    )
    difference = np.abs(got - expected)
    assert np.mean(difference > tolerance) <= share
    assert difference.max() <= largest
