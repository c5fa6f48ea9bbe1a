"""Small voices with prediction in front of the network, for the tests."""

import dataclasses

import numpy as np

from tests.helpers.small import small_config, sparse_weights
from wavernn_tf import config as configuration
from wavernn_tf.config import EXTRA_INPUTS

ALL = tuple(EXTRA_INPUTS)
"""All extra inputs."""

VARIANTS = {
    "all": {},
    "linear split": {"split": "linear"},
    "given pitch": {"pitch": "given"},
    "prediction alone": {"split": "linear", "pitch": "off", "extra": ("sample", "prediction")},
    "pitch alone": {"split": "linear", "prediction_order": 0, "extra": ("lagged",)},
    "mu-law alone": {"prediction_order": 0, "pitch": "off", "extra": ()},
    "shaped": {"noise_shaping": 0.4, "voiced_temperature": 0.7},
    "shaped, linear split, given pitch": {
        "split": "linear",
        "pitch": "given",
        "noise_shaping": 0.9,
        "voiced_temperature": 0.5,
    },
}


def predicting_config(extra=ALL, **signal):
    """`small_config` with everything on, but for what `signal` says."""
    settings = {"prediction_order": 16, "pitch": "estimated", "split": "mulaw", **signal}
    base = small_config()
    return dataclasses.replace(
        base,
        # Short hops would leave all frames of a short test within one period.
        mel=dataclasses.replace(base.mel, hop_length=80),
        signal=configuration.SignalConfig(**settings),
        model=dataclasses.replace(base.model, extra_inputs=extra),
    )


def predicting_weights(config, seed=0):
    """Random sparse weights; those of the linear-scale inputs are as large as trained ones."""
    weights = sparse_weights(config, seed, scale=1.0)
    weights.input_kernel[3:] *= 4.0
    return weights


def predicting_features(config, frames, seed=0):
    """Random features [past + frames + lookahead, n_features] of speech's scale."""
    rng = np.random.default_rng(seed)
    rows = config.past + frames + config.lookahead
    mel = rng.standard_normal([rows, config.mel.n_mels]) - 4
    if config.signal.pitch == "given":
        frequency = np.where(rng.random(rows) < 0.3, 0, rng.uniform(80, 390, rows))
        mel = np.column_stack([mel, frequency])
    return mel.astype(np.float32)
