"""The export refuses a file that scores speech otherwise than Keras, and leaves nothing behind."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from wavernn_tf.export.format import packing
from wavernn_tf.export.tflite import convert as tflite


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
def test_a_perturbed_weight_is_refused(invoke, run, tmp_path, monkeypatch, weight_type):
    convert = tflite.convert_network

    def broken(config, weights, *args):
        bias = weights.bias["O2"] + np.float32(np.arange(256) == 128)
        biases = {**weights.bias, "O2": bias}
        return convert(config, dataclasses.replace(weights, bias=biases), *args)

    monkeypatch.setattr(tflite, "convert_network", broken)
    out = tmp_path / "voice.tflite"
    options = ["--weights", weight_type, "--no-timing"]
    result = invoke("export", "tflite", run, out, "--seconds", "0.3", *options)
    assert result.exit_code == 2
    line = result.stderr.splitlines()[-1]
    assert "Keras gives" in line and "a difference of" in line
    assert not list(tmp_path.iterdir())
    if weight_type != "float32":
        return
    allowed = invoke("export", "tflite", run, out, "--no-parity", *options)
    assert allowed.exit_code == 0, allowed.stderr
    assert "not compared" in allowed.stdout and out.exists()
