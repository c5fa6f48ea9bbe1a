"""Shared fixtures: a small configuration, random sparse weights, features."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from wavernn_tf import config as configuration
from wavernn_tf.models.weights import random_weights

SPEECH = Path(__file__).parent / "data" / "speech"


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
    for name, block in configuration.matrix_blocks(config).items():
        block_out, block_in = configuration.BLOCK_SHAPES[block]
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


@pytest.fixture
def config():
    return small_config()


@pytest.fixture
def weights(config):
    return sparse_weights(config)
