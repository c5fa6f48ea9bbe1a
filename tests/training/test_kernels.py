"""Keras and the native kernel train the same network."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_optimization as tfmot

from wavernn_tf import config as configuration
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import library
from wavernn_tf.pipelines import dataset, lanes
from wavernn_tf.training import kernels, trainer
from wavernn_tf.training.model import KerasKernel, NativeKernel

STEPS = 8


def _train(data, config, kernel, threads=2):
    """Bits per sample of every step, the gradient of the first, and the weights at the end."""
    trainer.set_seed(config.training.seed)
    made = KerasKernel(config) if kernel == "keras" else NativeKernel(config, threads)
    n = config.mel.n_mels
    model = trainer.build(config, {"feature_mean": [0.0] * n, "feature_std": [1.0] * n}, made)
    stream = lanes.lane_windows if config.training.carry_state else dataset.training_windows
    batches = list(stream(data, config).take(STEPS))
    step = tfmot_step(model)
    bits = []
    for i, batch in enumerate(batches):
        step.on_train_batch_begin(i)
        bits.append(model.train_on_batch(*batch, reset_metrics=True, return_dict=True)["loss"])
    return np.array(bits), model.get_weights(), [w.name for w in model.weights], model


def tfmot_step(model):
    """TF-MOT's callback, as `fit` would run it."""
    step = tfmot.sparsity.keras.UpdatePruningStep()
    step.set_model(model)
    step.on_train_begin()
    return step


def _tiny(tiny, **changes):
    return configuration.override(tiny, changes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"pruning.enabled": False, "model.projection_size": 20},
        {"pruning.gate_block": "4x4", "pruning.head_block": "8x4"},
        {"model.subscale.batch": 4, "training.carry_state": True},
        {
            "signal.prediction_order": 8,
            "signal.split": "mulaw",
            "model.extra_inputs": ["sample", "prediction", "log_residual"],
            "training.carry_state": True,
        },
    ],
    ids=["dense", "blocks", "subscale", "predicted"],
)
def test_both_kernels_train_alike(data, tiny, changes):
    config = _tiny(tiny, **changes)
    keras_bits, keras_weights, names, keras_model = _train(data, config, "keras")
    bits, weights, _, model = _train(data, config, "native")
    # Adam divides by the gradient's own size: rounding of a small gradient moves a weight by up to
    # the rate (0.004 here); the loss feels it in the fifth digit after some steps.
    np.testing.assert_allclose(bits, keras_bits, rtol=3e-4)
    np.testing.assert_allclose(bits[:2], keras_bits[:2], rtol=1e-5)
    for name, a, b in zip(names, keras_weights, weights):
        if "mask" in name:
            assert np.mean(a != b) < 0.02, name  # a block at the threshold may fall either way
    if model.step.carried is not None:
        state = model.step.carried.numpy()
        assert np.abs(state).max() > 0.1
        np.testing.assert_allclose(state, keras_model.step.carried.numpy(), atol=2e-3)


def test_a_carried_state_matters(data, tiny):
    """Canary: the comparisons above would see a state that is not carried."""
    config = _tiny(tiny, **{"training.carry_state": True})
    bits, _, _, model = _train(data, config, "native")
    batch = next(iter(lanes.lane_windows(data, config, 5)))
    batch[0]["fresh"] = tf.zeros_like(batch[0]["fresh"])
    carried = model.step.kernel.bits(model, *batch, model.step.carried, training=False)
    anew = model.step.kernel.bits(model, *batch, tf.zeros_like(model.step.carried), training=False)
    assert abs(float(carried[0] - anew[0])) > 3e-5 * bits[-1]


def test_first_gradients_agree(data, tiny):
    config = _tiny(tiny, **{"model.subscale.batch": 2})
    found = {}
    for name, made in (("keras", KerasKernel(config)), ("native", NativeKernel(config, 2))):
        trainer.set_seed(3)
        n = config.mel.n_mels
        model = trainer.build(config, {"feature_mean": [0.0] * n, "feature_std": [1.0] * n}, made)
        tfmot_step(model).on_train_batch_begin(0)
        inputs, targets = next(iter(dataset.training_windows(data, config)))
        state = tf.zeros([config.training.batch_size * 2, config.model.state_size])
        with tf.GradientTape() as tape:
            coarse, fine, _ = made.bits(model, inputs, targets, state, training=True)
            total = coarse + fine
        variables = model.trainable_variables
        gradients = tape.gradient(total, variables)
        found[name] = {v.name: g.numpy() for v, g in zip(variables, gradients)}
    assert found["keras"].keys() == found["native"].keys()
    for name, expected in found["keras"].items():
        largest = np.abs(expected).max()
        assert largest > 0, name
        np.testing.assert_allclose(
            found["native"][name], expected, atol=2e-4 * largest, err_msg=name
        )


@pytest.mark.slow
def test_threads_give_the_same_weights(data, tiny):
    config = _tiny(tiny, **{"training.batch_size": 40, "training.carry_state": True})
    one = _train(data, config, "native", threads=1)[1]
    two = _train(data, config, "native", threads=2)[1]
    for a, b in zip(one, two):
        np.testing.assert_array_equal(a, b)


def test_auto_is_native_where_no_gpu_is_visible(tiny, monkeypatch):
    told = []
    assert kernels.choose(tiny, told.append).name == "native" and not told
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU:0"])
    assert kernels.choose(tiny, told.append).name == "keras"
    assert "a GPU is visible" in told[0]


def test_a_missing_library_is_told_or_refused(tiny, monkeypatch, tmp_path):
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "missing.so")
    told = []
    assert kernels.choose(tiny, told.append).name == "keras"
    assert "several times slower" in told[0] and "missing.so is missing" in told[0]
    wanted = _tiny(tiny, **{"training.kernel": "native"})
    with pytest.raises(WaveRNNError, match="missing.so is missing"):
        kernels.choose(wanted, told.append)


def test_mixed_precision_takes_keras(tiny):
    mixed = _tiny(tiny, **{"training.precision": "mixed_bfloat16"})
    told = []
    assert kernels.choose(mixed, told.append).name == "keras" and "mixed_bfloat16" in told[0]
    with pytest.raises(WaveRNNError, match="float32.*native"):
        dataclasses.replace(mixed.training, kernel="native")


@pytest.mark.slow
def test_memory_stays_small(data, tiny):
    """No logits of a whole window: state 512, batch 64, window 1000 trains in under 2 GB."""
    import subprocess
    import sys

    program = """
import resource, sys
import numpy as np
from wavernn_tf.training import native
from tests.helpers.windows import random_window
window, parameters, _ = random_window(batch=64, time=1000, units=512, projection=256, hold=50)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
native.Kernel(threads=2).run(window, parameters)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert int(found.stdout) < 1_000_000  # kB
