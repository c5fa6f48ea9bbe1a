"""A SavedModel with prediction in front of the network."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.predicting import (
    VARIANTS,
    predicting_config,
    predicting_features,
    predicting_weights,
)
from tests.helpers.small import assert_same_samples
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export import exporter
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.serving import saved_model
from wavernn_tf.export.serving.voice import SavedModelVoice
from wavernn_tf.export.tflite import convert
from wavernn_tf.generation.reference import Reference
from wavernn_tf.voice import inputs
from wavernn_tf.voice.describe import describe

FRAMES = 5


@pytest.mark.parametrize("variant", ["all", "given pitch", "shaped"])
def test_it_synthesizes_and_scores_as_the_transcription(tmp_path, variant):
    config = predicting_config(pre_emphasis=0.0, **VARIANTS[variant])
    pitch = config.signal.pitch
    weights = predicting_weights(config)
    stats = {"mean": [-4.0] * config.n_features, "std": [1.0] * config.n_features}
    info = describe(config, weights, stats, {})
    path = saved_model.save(config, weights, info, tmp_path / "voice")
    voice = SavedModelVoice(path)
    mel = predicting_features(config, FRAMES)[config.past : config.past + FRAMES]
    padded = inputs.pad_edges(mel, voice.info)
    reference = Reference(config, weights)
    draws = reference.generate(padded, 4, 0.8, fine_temperature=1.1)
    audio = voice.synthesize(mel, 4, 0.8, fine_temperature=1.1)
    assert_same_samples(audio, draws)
    other = voice.synthesize(mel, 4, 0.8, fine_temperature=0.5)
    assert not np.array_equal(other, audio)
    expected = reference.score(padded, draws.audio)
    np.testing.assert_allclose(voice.score(mel, draws.audio), expected, atol=1e-3)
    with pytest.raises(WaveRNNError, match=rf"features of shape \[frames, {config.n_features}\]"):
        voice.synthesize(mel[:, :-1])
    with pytest.raises(WaveRNNError, match="`fine_temperature` >= 0; got -1"):
        voice.synthesize(mel, fine_temperature=-1.0)
    far = mel.copy()
    if pitch == "given":  # a frequency is of another scale than the features, and may be
        far[:, -1] = 399.0
        assert len(voice.synthesize(far)) == FRAMES * 80
    far[:, :10] += 100
    with pytest.raises(WaveRNNError, match="another scale"):
        voice.synthesize(far)


def test_spectral_postfilter_of_every_row_is_that_of_the_op(tmp_path):
    config = predicting_config(postfilter="spectral", pre_emphasis=0.0)
    weights = predicting_weights(config)
    stats = {"mean": [-4.0] * 10, "std": [1.0] * 10}
    info = describe(config, weights, stats, {})
    path = saved_model.save(config, weights, info, tmp_path / "voice", xla=False)
    signatures = tf.saved_model.load(path).signatures
    assert "stream" in signatures and exporter.missing_signatures(path) == []
    mel = predicting_features(config, FRAMES)[config.past : config.past + FRAMES]
    lengths = [FRAMES, FRAMES - 2]
    audio = signatures["synthesize"](
        features=tf.constant(np.stack([mel, mel])),
        lengths=tf.constant(lengths),
        seed=tf.zeros([2], tf.int64),
        temperature=tf.zeros([2]),  # the likeliest classes, for no rounding decides a draw
        fine_temperature=tf.zeros([2]),
    )["audio"].numpy()
    assert audio.shape == (2, FRAMES * config.mel.hop_length)
    spoken = convert.convert(config, weights, info)
    for length, found in zip(lengths, audio):
        row, samples = mel[:length], length * config.mel.hop_length
        expected = Vocoder.load(spoken).synthesize(row, 0, 0.0, fine_temperature=0.0).astype(int)
        assert np.abs(found[:samples] - expected).max() <= 2
        assert not found[samples:].any()
        # Canary: it is filtered.
        plain = Vocoder.load(spoken, postfilter=False)
        bare = plain.synthesize(row, 0, 0.0, fine_temperature=0.0).astype(int)
        assert np.abs(found[:samples] - bare).max() > 500


@pytest.mark.parametrize("variant", ["all", "shaped"])
def test_xla_gives_the_same_samples(tmp_path, variant):
    config = predicting_config(pre_emphasis=0.0, **VARIANTS[variant])
    weights = predicting_weights(config)
    stats = {"mean": [-4.0] * 10, "std": [1.0] * 10}
    path = saved_model.save(
        config, weights, describe(config, weights, stats, {}), tmp_path / "voice", xla=True
    )
    mel = predicting_features(config, FRAMES)[config.past : config.past + FRAMES]
    run = tf.saved_model.load(path).signatures["synthesize"]
    audio = run(
        features=tf.constant(mel[None]),
        lengths=tf.constant([FRAMES]),
        seed=tf.constant([4], tf.int64),
        temperature=tf.constant([1.0]),
        fine_temperature=tf.constant([1.0]),
    )["audio"].numpy()[0]
    assert_same_samples(
        audio, Reference(config, weights).generate(inputs.pad_edges(mel, config), 4)
    )
