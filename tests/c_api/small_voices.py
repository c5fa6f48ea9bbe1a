"""Small random .tflite voices of every kind.

``python -m tests.c_api.small_voices FOLDER`` writes them as files, for what is no Python test.
"""

import sys
from pathlib import Path

import numpy as np

from tests.helpers.predicting import predicting_config, predicting_weights
from tests.helpers.small import small_config, sparse_weights
from tests.helpers.subscale import subscale_config, subscale_weights
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.export.tflite import convert
from wavernn_tf.voice import describe

SPECTRAL = {"postfilter": "spectral", "noise_shaping": 0.4, "voiced_temperature": 0.7}
KINDS = {
    "plain": lambda: (small_config(), sparse_weights),
    "predicting": lambda: (predicting_config(), predicting_weights),
    "given pitch": lambda: (predicting_config(pitch="given"), predicting_weights),
    "postfilter": lambda: (predicting_config(postfilter="centred"), predicting_weights),
    "spectral postfilter": lambda: (predicting_config(**SPECTRAL), predicting_weights),
    "subscale": lambda: (subscale_config(4), subscale_weights),
    "subscale 16": lambda: (subscale_config(16, 0.85), subscale_weights),
}


def make_voice(kind="plain", weight_type="float32"):
    """The bytes of a voice."""
    config, weights_for = KINDS[kind]()
    weights = weights_for(config)
    n = config.n_features
    statistics = {"mean": np.zeros(n), "std": np.full(n, 300.0)}
    info = describe.describe(config, weights, statistics, {}, weight_type)
    return convert.convert(config, weights, info)


def features_of(info, frames, seed=0):
    """Random features [frames, n_features] that fit a voice's description."""
    rng = np.random.default_rng(seed)
    mel = rng.standard_normal([frames, info.mel.n_mels])
    if info.signal.prediction_order or info.signal.pitch != "off":
        mel -= 4
    if info.signal.pitch == "given":
        f0 = np.where(rng.random(frames) < 0.3, 0, rng.uniform(80, 390, frames))
        mel = np.column_stack([mel, f0])
    return mel.astype(np.float32)


def main(folder):
    """Write one voice of every kind, the weight types by turns."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for i, kind in enumerate(KINDS):
        weight_type = list(WEIGHT_TYPES)[i % len(WEIGHT_TYPES)]
        name = f"{kind.replace(' ', '_')}_{weight_type}.tflite"
        Path(folder, name).write_bytes(make_voice(kind, weight_type))


if __name__ == "__main__":
    main(sys.argv[1])
