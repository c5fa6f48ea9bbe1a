"""Small Subscale models for the tests."""

import dataclasses

import numpy as np

from tests.helpers.small import assert_same_samples, small_config, sparse_weights
from wavernn_tf.config import SubscaleConfig


def subscale_config(batch, pre_emphasis=0.0, **shape):
    """`small_config` with sub-tensors; its hop of 40 is not a multiple of 16.

    Without pre-emphasis a sample of the audio is one draw, which `assert_same_draws` needs.
    """
    shape = {"horizon": 8, "channels": 32, "kernel_size": 3, "dilations": (1, 2), **shape}
    return small_config(pre_emphasis=pre_emphasis, subscale=SubscaleConfig(batch=batch, **shape))


def padded_features(config, frames, seed=0):
    """Random features [past + frames + lookahead, n_mels]."""
    shape = [config.past + frames + config.lookahead, config.mel.n_mels]
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def assert_same_draws(audio, draws, batch, rounding=1e-5):
    """`assert_same_samples` in the order of causes: one sub-tensor after another."""
    order = np.argsort(np.arange(len(audio)) % batch, kind="stable")
    sorted_draws = dataclasses.replace(draws, audio=draws.audio[order], margin=draws.margin[order])
    assert_same_samples(audio[order], sorted_draws, rounding=rounding)


def subscale_weights(config, seed=0):
    """Sparse random weights whose network over the earlier sub-tensors is heard."""
    weights = sparse_weights(config, seed)
    first = weights.matrices["D_0"] * 64.0  # the samples of noise are some hundredths
    return dataclasses.replace(weights, matrices={**weights.matrices, "D_0": first})
