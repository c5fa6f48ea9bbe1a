"""Exported voices: TFLite op (both interpreters) = TensorFlow = NumPy; chunks = one shot."""

import dataclasses
import struct

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small import (
    assert_same_samples,
    assert_same_scores,
    features_for,
    reference_for,
    small_config,
    sparse_weights,
)
from wavernn_tf.config.matrices import BLOCK_SHAPES
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format import op, packing
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import RUNTIMES
from wavernn_tf.export.tflite import convert as tflite
from wavernn_tf.export.tflite import flatbuffer
from wavernn_tf.generation import sampling
from wavernn_tf.voice import describe, metadata

FRAMES = 7


def info_for(config, weights, weight_type="float32"):
    n = config.mel.n_mels
    statistics = {"mean": np.zeros(n), "std": np.ones(n)}
    return describe.describe(config, weights, statistics, {"keras": 9.5}, weight_type)


def converted(config, weights, weight_type="float32"):
    return tflite.convert(config, weights, info_for(config, weights, weight_type))


@pytest.fixture(scope="module")
def voice():
    config = small_config()
    weights = sparse_weights(config)
    return config, weights, converted(config, weights)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
@pytest.mark.parametrize("block", BLOCK_SHAPES)
def test_op_equals_the_numpy_transcription(runtime, block, weight_type):
    config = small_config(block)
    weights = sparse_weights(config)
    vocoder = Vocoder.load(converted(config, weights, weight_type), runtime)
    mel = features_for(config, FRAMES, padded=False)
    shape = config.model.conditioning
    padded = np.pad(mel, ((shape.past, shape.lookahead), (0, 0)), mode="edge")
    reference, rounding = reference_for(config, weights, weight_type)
    for seed, temperature in ((1, 1.0), (-(2**40), 0.6), (3, 0.0)):
        draws = reference.generate(padded, seed, temperature)
        audio = vocoder.synthesize(mel, seed, temperature)
        assert_same_samples(audio, draws, at_least=50, rounding=rounding)
    got = vocoder.score(mel, draws.audio)
    assert_same_scores(got, reference.score(padded, draws.audio), weight_type, 1e-4)
    # TensorFlow has no integer activations: canary, it differs by more there, and there alone.
    held = op.held_weights(config, weights, weight_type)
    in_tensorflow = sampling.score(padded[None], draws.audio[None], config, held)[0]
    apart = np.abs(got - in_tensorflow).max()
    least, most = {"int8": (1e-3, 0.1), "int16": (1e-4, 1e-3)}.get(weight_type, (0, 1e-4))
    assert least < apart < most


def test_interpreters_agree_bit_for_bit(voice):
    config, _, model = voice
    mel = features_for(config, FRAMES, padded=False)
    audio = [Vocoder.load(model, runtime).synthesize(mel, seed=5) for runtime in RUNTIMES]
    np.testing.assert_array_equal(*audio)
    assert len(audio[0]) == FRAMES * config.mel.hop_length


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_streaming_equals_one_shot(voice, size):
    config, _, model = voice
    vocoder = Vocoder.load(model)
    mel = features_for(config, FRAMES, padded=False)
    chunks = [mel[i : i + size] for i in range(0, FRAMES, size)]
    pieces = list(vocoder.stream(chunks, seed=11))
    np.testing.assert_array_equal(np.concatenate(pieces), vocoder.synthesize(mel, seed=11))
    # The first chunks complete a frame as soon as its look-ahead is there.
    assert len(pieces) == max(0, -(-FRAMES // size) - vocoder.info.lookahead // size) + 1


def test_a_perturbed_weight_changes_audio_and_score(voice):
    config, weights, model = voice
    mel = features_for(config, FRAMES, padded=False)
    audio = Vocoder.load(model).synthesize(mel)
    matrices = {**weights.matrices, "R_u": weights.matrices["R_u"] * np.float32(1.1)}
    other = Vocoder.load(converted(config, dataclasses.replace(weights, matrices=matrices)))
    assert not np.array_equal(other.synthesize(mel), audio)
    moved = other.score(mel, audio) - Vocoder.load(model).score(mel, audio)
    assert np.abs(moved).max() > 1e-3


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
def test_constants_lie_aligned_in_the_file_once(voice, weight_type):
    config, weights, _ = voice
    model = converted(config, weights, weight_type)
    for array in op.constants(config, weights, weight_type):
        at = model.find(array.tobytes())
        assert at >= 0 and at % flatbuffer.ALIGNMENT == 0
        if array.size > 64:  # shared by both signatures
            assert model.find(array.tobytes(), at + 1) == -1


def test_metadata_round_trip(voice):
    config, weights, model = voice
    info = metadata.read(model)
    assert info == info_for(config, weights)
    assert info.sparsity["R_u"] == 1 - len(op.pack_matrices(config, weights)["R_u"].columns) / 256
    assert info.mel.fingerprint == config.mel.fingerprint


def test_newer_schema_is_refused(voice):
    config, weights, _ = voice
    version = metadata.SCHEMA_VERSION + 1
    newer = dataclasses.replace(info_for(config, weights), schema_version=version)
    with pytest.raises(WaveRNNError, match=f"schema version {version}.*Upgrade"):
        metadata.read(tflite.convert(config, weights, newer))


def test_older_schema_is_refused(voice):
    config, weights, _ = voice
    older = dataclasses.replace(info_for(config, weights), schema_version=1)
    with pytest.raises(WaveRNNError, match="older release.*version 1;.*export the run again"):
        metadata.VoiceInfo.from_json(older.to_json())


def test_newer_op_is_refused_by_the_library(voice):
    config, _, model = voice
    header = op.header(config)
    newer = header.copy()
    newer[1] += 1
    assert model.count(header.tobytes()) == 1
    with pytest.raises(WaveRNNError, match=f"schema {newer[1]} is newer"):
        Vocoder.load(model.replace(header.tobytes(), newer.tobytes())).synthesize(
            features_for(config, 2, padded=False)
        )


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999, 0.99999])
def test_truncated_model_is_an_error(voice, share):
    _, _, model = voice
    with pytest.raises(WaveRNNError, match="TFLite|damaged"):
        metadata.read(model[: int(len(model) * share)])


def test_foreign_tflite_file_is_an_error():
    run = tf.function(lambda x: x + 1, input_signature=[tf.TensorSpec([1])])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()], run)
    with pytest.raises(WaveRNNError, match="not a wavernn-tf voice"):
        Vocoder.load(converter.convert())


def test_sizes_that_are_not_multiples_of_the_block_are_a_clear_error():
    config = small_config()
    weights = sparse_weights(config)
    weights.matrices["R_u"] = weights.matrices["R_u"][:, :60]
    with pytest.raises(WaveRNNError, match="R_u .*16 outputs x 1 inputs"):
        op.pack_matrices(config, weights)


def test_header_says_the_sizes(config):
    header = op.header(config)
    assert header[:7].tolist() == [op.MAGIC, metadata.SCHEMA_VERSION, 64, 32, 10, 40, 128]
    assert struct.unpack("<f", struct.pack("<i", header[7]))[0] == np.float32(0.85)
