"""The spectral postfilter in TensorFlow: as NumPy's, and whole utterances as the op's."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.predicting import (
    predicting_config,
    predicting_features,
    predicting_weights,
)
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.tflite import convert
from wavernn_tf.generation import postfilter, synthesis
from wavernn_tf.pipelines import features
from wavernn_tf.prediction import spectral_postfilter as spectral
from wavernn_tf.voice import describe, inputs

FRAMES = 6
RECIPES = {
    "ln": {},
    "powers": {"power": 2.0, "log": "log10", "floor": 1e-8},
    "center": {"padding": "center", "log": "db", "offset": -20.0, "scale": 10.0},
    "fmax": {"fmax": 7000.0, "win_length": 1024, "hop_length": 160},
}


@pytest.mark.parametrize("name, passes", [*((name, 1) for name in RECIPES), ("ln", 3), ("fmax", 2)])
def test_it_is_that_of_numpy(name, passes):
    config = predicting_config(
        postfilter="spectral", postfilter_strength=0.9, postfilter_passes=passes
    )
    recipe = dataclasses.replace(config.mel, n_mels=40, **RECIPES[name])
    config = dataclasses.replace(config, mel=recipe)
    rng = np.random.default_rng(5)
    audio = np.rint(3000 * rng.standard_normal([2, 4000])).astype(np.int16)
    others = np.rint(2000 * rng.standard_normal([2, 4000])).astype(np.int16)
    mel = np.stack([features.compute(other, recipe) for other in others])
    found = postfilter.finish(tf.constant(audio), tf.constant(mel), config).numpy()
    heard = 4000 - postfilter.frames_ahead(config) * recipe.hop_length
    assert found.shape == (2, heard)
    for k in range(2):
        expected = spectral.apply(audio[k], mel[k], recipe, config.signal)[:heard]
        assert np.abs(found[k] - expected).max() < 0.51  # half a step of the rounding
        assert np.abs(found[k] - audio[k, :heard]).max() > 500  # canary


@pytest.mark.parametrize("form", ["off", "causal"])
def test_without_it_nothing_is_done(form):
    config = predicting_config(postfilter=form)
    audio = tf.constant([[1, -2, 3]], tf.int16)
    assert postfilter.frames_ahead(config) == 0
    assert postfilter.finish(audio, tf.zeros([1, 1, 10]), config) is audio


@pytest.mark.parametrize("passes", [1, 2])
def test_whole_utterances_are_those_of_the_op(passes):
    # Without pre-emphasis hardly a sample is clipped: the op filters before it clips.
    config = predicting_config(
        postfilter="spectral", postfilter_passes=passes, noise_shaping=0.4, pre_emphasis=0.0
    )
    weights = predicting_weights(config)
    statistics = {"mean": np.full(10, -4.0), "std": np.ones(10)}
    model = convert.convert(
        config, weights, describe.describe(config, weights, statistics, {}, "float32")
    )
    mel = predicting_features(config, FRAMES)[config.past :][:FRAMES]
    # The likeliest classes, for no rounding decides a draw.
    spoken = Vocoder.load(model).synthesize(mel, 0, 0.0, fine_temperature=0.0)
    given = (
        tf.constant(inputs.pad_edges(mel, config)[None]),
        tf.zeros([1], tf.int64),
        tf.zeros([1]),
        tf.zeros([1]),
    )
    graph = tf.function(
        lambda *given: synthesis.synthesize(*given, config, weights), autograph=False
    )
    audio = graph(*given).numpy()[0]
    assert np.abs(audio.astype(int) - spoken).max() <= 2
    # Canary: it is filtered.
    bare = Vocoder.load(model, postfilter=False).synthesize(mel, 0, 0.0, fine_temperature=0.0)
    assert np.abs(audio.astype(int) - bare).max() > 500
