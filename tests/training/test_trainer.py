"""A short training run: it learns, prunes, logs; and what it refuses before the first step."""

import numpy as np
import pytest
import tensorflow as tf

from wavernn_tf import config as configuration
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.models.keras_voice import KerasVoice
from wavernn_tf.models.run_folder import RunFolder
from wavernn_tf.pipelines import dataset
from wavernn_tf.training import losses, optimizer, trainer
from wavernn_tf.voice import weights as weights_lib
from wavernn_tf.voice.sparsity import matrix_sparsity


@pytest.fixture(scope="module")
def run(data, tiny, tmp_path_factory):
    return trainer.train(data, tmp_path_factory.mktemp("run") / "run", tiny, quiet=True)


@pytest.mark.slow
def test_training_learns_prunes_and_logs(run, data, tiny):
    history = run.history()
    assert [row["step"] for row in history] == [2, 4, 6, 8]
    for row in history:
        for split in ("train", "held_out"):
            bits = row[split]
            assert bits["total"] == pytest.approx(bits["coarse"] + bits["fine"], abs=1e-4)
    assert history[-1]["held_out"]["total"] < history[0]["held_out"]["total"] < 17
    voice = KerasVoice(run.path)
    report = matrix_sparsity(voice.weights, tiny)
    for name in ("R_u", "R_r", "R_e"):
        assert report[name].nonzero_blocks == round(report[name].blocks * 0.04)
    # The voice's own scoring agrees with the loss that `fit` reported on windows of the same clip.
    clip = next(dataset.utterances(data, "held_out"))
    bits = -voice.score(clip.mel, clip.audio).sum(axis=1).mean() / np.log(2)
    assert bits == pytest.approx(history[-1]["held_out"]["total"], abs=0.5)
    tags = set()
    for path in run.tensorboard.iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            tags.update(value.tag for value in event.summary.value)
    assert {"bits_per_sample/held_out/total", "sparsity/R_u", "held_out/generated"} <= tags


@pytest.mark.slow
def test_another_configuration_in_the_same_folder_is_refused(run, data, tiny):
    other = configuration.override(tiny, {"training.learning_rate": 0.5})
    with pytest.raises(WaveRNNError, match="training.learning_rate was 0.005, now 0.5"):
        trainer.train(data, run.path, other, quiet=True)


def test_other_recipe_than_the_datas_is_refused(data, tiny, tmp_path):
    other = configuration.override(tiny, {"mel.fmax": 7000.0})
    with pytest.raises(WaveRNNError, match="fmax"):
        trainer.train(data, tmp_path / "run", other, quiet=True)
    assert not (tmp_path / "run").exists()


def test_window_longer_than_every_clip_is_refused(data, tiny, tmp_path):
    other = configuration.override(tiny, {"training.window": 16000 * 60})
    with pytest.raises(WaveRNNError, match="window"):
        trainer.train(data, tmp_path / "run", other, quiet=True)


def test_unfinished_run_says_how_to_go_on(tmp_path, tiny):
    run = RunFolder.at(tmp_path)
    with pytest.raises(WaveRNNError, match="no config.yaml"):
        run.load_model()
    run.begin(tiny, {"path": "x", "fingerprint": "0"})
    with pytest.raises(WaveRNNError, match="not finished"):
        run.load_model()


def test_weights_that_are_not_finite_are_refused(tiny):
    model = trainer.build(tiny, {"feature_mean": [0.0] * 20, "feature_std": [1.0] * 20})
    gru = model.get_layer("prune_matrices_gru").layer
    gru.input_bias.assign(np.full(gru.input_bias.shape, np.nan))
    with pytest.raises(WaveRNNError, match="input_bias hold NaN"):
        weights_lib.extract(model)


def test_bits_of_uniform_logits_is_eight():
    classes, logits = np.zeros([2, 5], np.int32), np.zeros([2, 5, 256], np.float32)
    np.testing.assert_allclose(losses.bits(classes, logits), [8.0, 8.0], rtol=1e-6)


def test_learning_rate_schedule():
    rate = optimizer.WarmupCosine(peak=1.0, final=0.1, warmup_steps=10, steps=110)
    steps = [0, 4, 9, 60, 110, 200]
    expected = [0.1, 0.5, 1.0, 0.55, 0.1, 0.1]
    np.testing.assert_allclose([float(rate(s)) for s in steps], expected, atol=1e-6)
    twin = optimizer.WarmupCosine.from_config(rate.get_config())
    assert float(twin(60)) == float(rate(60))


@pytest.mark.slow
def test_mixed_precision_trains_float32_weights(data, tiny, tmp_path):
    changes = {
        "training.precision": "mixed_bfloat16",
        "training.steps": 2,
        "pruning.begin_step": 1,
        "pruning.end_step": 2,
        "pruning.frequency": 1,
    }
    config = configuration.override(tiny, changes)
    run = trainer.train(data, tmp_path / "run", config, quiet=True, audio=False)
    assert 8 < run.history()[-1]["held_out"]["total"] < 17
    voice = KerasVoice(run.path)
    matrix = voice.weights.matrices["R_u"]
    # float32 weights, not bfloat16 ones in a wider type.
    assert np.any(matrix.view(np.uint32) & 0xFFFF) and matrix.dtype == np.float32
    assert voice.info.sparsity["R_u"] == pytest.approx(0.96, abs=0.01)


def test_the_logits_start_at_the_bytes_frequencies(data, tiny):
    model = trainer.build(tiny, {"feature_mean": [0.0] * 20, "feature_std": [1.0] * 20})
    batches = dataset.training_windows(data, tiny).take(4)
    trainer.start_from_marginals(model, batches)
    coarse = np.concatenate([targets["coarse"].numpy().ravel() for _, targets in batches])
    counts = np.bincount(coarse, minlength=256) + 0.1
    bias = model.get_layer("prune_matrices_heads").layer.biases[1].numpy()
    np.testing.assert_allclose(np.exp(bias), counts / counts.sum(), rtol=1e-5)
