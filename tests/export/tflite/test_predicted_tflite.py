"""The op with prediction in front of the network against the NumPy transcription."""

import numpy as np
import pytest

from tests.helpers.predicting import (
    VARIANTS,
    predicting_config,
    predicting_features,
    predicting_weights,
)
from tests.helpers.small import assert_same_samples, assert_same_scores, reference_for
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.tflite import convert as tflite
from wavernn_tf.voice import inputs
from wavernn_tf.voice.describe import describe

FRAMES = 8


def voice_for(config, weights, weight_type="float32"):
    stats = {"mean": [-4.0] * config.n_features, "std": [1.0] * config.n_features}
    info = describe(config, weights, stats, {}, weight_type)
    return Vocoder.load(tflite.convert(config, weights, info))


def check(config, weight_type="float32", seed=3):
    weights = predicting_weights(config)
    voice = voice_for(config, weights, weight_type)
    mel = predicting_features(config, FRAMES)[config.past : config.past + FRAMES]
    padded = inputs.pad_edges(mel, config)
    reference, rounding = reference_for(config, weights, weight_type)
    draws = reference.generate(padded, seed, 0.9, fine_temperature=1.1)
    audio = voice.synthesize(mel, seed, 0.9, fine_temperature=1.1)
    assert_same_samples(audio, draws, at_least=50, rounding=rounding)
    got, expected = voice.score(mel, draws.audio), reference.score(padded, draws.audio)
    assert_same_scores(got, expected, weight_type, 1e-4)
    streamed = voice.stream(
        (mel[i : i + 1] for i in range(FRAMES)), seed, 0.9, fine_temperature=1.1
    )
    np.testing.assert_array_equal(np.concatenate(list(streamed)), audio)
    weights.input_kernel[-1] += 1.0  # the canary
    moved = voice_for(config, weights, weight_type).score(mel, draws.audio)
    assert np.abs(moved - expected).max() > 1e-2


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_op_draws_and_scores_as_the_transcription(variant):
    # Without pre-emphasis hardly a sample is clipped, which would hide a difference.
    check(predicting_config(pre_emphasis=0.0, **VARIANTS[variant]))


@pytest.mark.parametrize("weight_type", ["bfloat16", "int16", "int8"])
def test_with_rounded_weights(weight_type):
    check(predicting_config(pre_emphasis=0.0), weight_type)
