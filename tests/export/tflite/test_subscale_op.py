"""Subscale voices: the op's wavefront = one sub-tensor after another = SavedModel; in chunks."""

import numpy as np
import pytest

from tests.export.tflite.test_tflite import converted, info_for
from tests.helpers.native_models import tensors
from tests.helpers.small import assert_same_scores, features_for, reference_for
from tests.helpers.subscale import assert_same_draws, subscale_config, subscale_weights
from tests.native.test_native_errors import edit
from wavernn_tf.cli.inspect import describe
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format import op, packing
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.serving import saved_model
from wavernn_tf.export.serving.voice import SavedModelVoice
from wavernn_tf.voice import inputs

FRAMES = 7


@pytest.fixture(scope="module")
def voice():
    config = subscale_config(16)
    weights = subscale_weights(config)
    return config, weights, converted(config, weights)


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
@pytest.mark.parametrize("batch", [2, 8, 16])
def test_op_equals_the_numpy_transcription(batch, weight_type):
    config = subscale_config(batch)
    weights = subscale_weights(config)
    vocoder = Vocoder.load(converted(config, weights, weight_type))
    mel = features_for(config, FRAMES, padded=False)
    padded = inputs.pad_edges(mel, config)
    reference, rounding = reference_for(config, weights, weight_type)
    for seed, temperature in ((1, 1.0), (-(2**40), 0.6)):
        draws = reference.generate(padded, seed, temperature)
        audio = vocoder.synthesize(mel, seed, temperature)
        assert_same_draws(audio, draws, batch, rounding)
    got = vocoder.score(mel, draws.audio)
    assert_same_scores(got, reference.score(padded, draws.audio), weight_type, 2e-4)
    # Canary: the bounds notice a network that is not heard.
    reference.matrices["N_e"] = np.zeros_like(reference.matrices["N_e"])
    with pytest.raises(AssertionError):
        expected = reference.score(padded, draws.audio)
        assert_same_scores(got, expected, weight_type, 2e-4)


@pytest.mark.parametrize("sizes", [(1,) * 9, (2, 3, 4), (8, 1), (5, 1, 3)])
@pytest.mark.parametrize("weight_type", ["float32", "int8"])
def test_streaming_equals_one_shot(sizes, weight_type):
    config = subscale_config(16, pre_emphasis=0.85)
    vocoder = Vocoder.load(converted(config, subscale_weights(config), weight_type))
    mel = features_for(config, sum(sizes), padded=False)
    starts = np.cumsum((0, *sizes[:-1]))
    chunks = [mel[i : i + size] for i, size in zip(starts, sizes)]
    pieces = list(vocoder.stream(chunks, seed=11))
    np.testing.assert_array_equal(np.concatenate(pieces), vocoder.synthesize(mel, seed=11))


@pytest.mark.parametrize("batch", [4, 8, 16])
def test_streams_of_a_batch_are_those_alone(batch):
    config = subscale_config(batch)
    vocoder = Vocoder.load(converted(config, subscale_weights(config)))
    mels = [
        inputs.pad_edges(features_for(config, 5, seed, padded=False), config) for seed in range(4)
    ]
    streams = len(mels)
    given = {
        "features": np.stack(mels).astype(np.float32),
        "seed": np.arange(streams),
        "temperature": np.float32([1.0, 0.8, 0.0, 1.0]),
        "fine_temperature": np.float32([1.0, 0.7, 1.0, 0.0]),
        "state": np.zeros([streams, vocoder.info.state_values], np.float32),
        "position": np.zeros(streams, np.int64),
    }
    whole = vocoder.generate(**given)
    for k in range(streams):
        alone = vocoder.generate(**{name: value[k : k + 1] for name, value in given.items()})
        for name, value in alone.items():
            np.testing.assert_array_equal(value[0], whole[name][k], err_msg=name)


def test_every_instruction_set_draws_the_same(voice):
    from wavernn_tf.export.runtime.library import available_isas

    config, _, model = voice
    mel = features_for(config, FRAMES, padded=False)
    audio = [Vocoder.load(model, isa=isa).synthesize(mel, seed=3) for isa in available_isas()]
    for other in audio[1:]:
        np.testing.assert_array_equal(other, audio[0])


def test_saved_model_draws_and_scores_as_the_op(voice, tmp_path):
    config, weights, model = voice
    vocoder = Vocoder.load(model)
    saved_model.save(config, weights, info_for(config, weights), tmp_path / "voice")
    served = SavedModelVoice(tmp_path / "voice" / "1")
    assert served.info.lookahead == vocoder.info.lookahead == config.lookahead
    mel = features_for(config, FRAMES, padded=False)
    draws = reference_for(config, weights, "float32")[0].generate(inputs.pad_edges(mel, config), 5)
    assert_same_draws(served.synthesize(mel, seed=5), draws, 16)
    audio = np.random.default_rng(0).integers(-9000, 9000, FRAMES * 40).astype(np.int16)
    np.testing.assert_allclose(served.score(mel, audio), vocoder.score(mel, audio), atol=3e-4)


def test_rows_of_a_saved_model_are_independent(voice, tmp_path):
    config, weights, _ = voice
    saved_model.save(config, weights, info_for(config, weights), tmp_path / "voice")
    run = SavedModelVoice(tmp_path / "voice" / "1")._signatures["synthesize"]
    mel = features_for(config, 6, padded=False)
    import tensorflow as tf

    def call(features, lengths):
        rows = len(lengths)
        return run(
            features=tf.constant(features),
            lengths=tf.constant(lengths),
            seed=tf.constant([9] * rows, tf.int64),
            temperature=tf.ones([rows]),
            fine_temperature=tf.ones([rows]),
        )["audio"].numpy()

    short = call(mel[None, :4], [4])[0]
    both = call(np.stack([mel, np.pad(mel[:4], ((0, 2), (0, 0)))]), [6, 4])
    same = both[1, : len(short)] == short
    # Another shape of the batch rounds sums differently: a draw may part, rarely.
    assert np.mean(same) > 0.5 and same[:16].all()
    assert not both[1, len(short) :].any()


def test_constants_round_trip():
    config = subscale_config(4)
    weights = subscale_weights(config)
    constants = op.constants(config, weights)
    assert constants[0][12:16].tolist() == [4, 8, 2, 3]
    back = op.unpack_constants(config, [np.asarray(a) for a in constants])
    assert list(back.matrices) == list(weights.matrices) and back.bias.keys() == weights.bias.keys()
    for name, matrix in weights.matrices.items():
        np.testing.assert_array_equal(back.matrices[name], matrix)
    assert info_for(config, weights).state_values == 4 * (64 + 3 * 9 + 3) + 1


def test_inspect_tells_what_a_stream_costs(voice, tmp_path):
    config, _, model = voice
    (tmp_path / "voice.tflite").write_bytes(model)
    streaming = describe(tmp_path / "voice.tflite")["streaming"]
    assert streaming["samples_per_step"] == 16
    assert streaming["steps_per_second_of_audio"] == 1000  # at 16 kHz
    assert streaming["steps_until_all_run"] == 15 * 9
    assert streaming["latency_ms"] == 15 * 9  # a step of 16 samples is a millisecond
    assert streaming["network_sees_ms_before"] == streaming["network_sees_ms_after"] == 3
    assert streaming["lookahead_ms"] == config.lookahead * 2.5


BAD_VALUES = {
    "three sub-tensors": (edit("config", 12, 3), "expected 1, 2, 4, 8 or 16 sub-tensors; got 3"),
    "no sub-tensors": (edit("config", 12, 0), r"expected sub-tensors in \[1, 16\]; got 0"),
    "plain": (edit("config", 12, 1), r"expected horizon in \[0, 0\]; got 8"),
    "other sub-tensors": (edit("config", 12, 8), r"expected D_0.columns in \[0, 29\)"),
    "short horizon": (edit("config", 13, 2), "at most horizon = 2 positions ahead; got 3"),
    "endless horizon": (edit("config", 13, 1 << 30), r"expected horizon in \[0, 4096\]"),
    "no layers": (edit("config", 14, 0), r"expected n_subscale in \[1, 64\]; got 0"),
    "more layers": (edit("config", 14, 3), r"expected dilations of shape \[3\]; got \[2\]"),
    "kernel size": (edit("config", 15, 65), r"expected subscale kernel_size in \[1, 64\]; got 65"),
    "NaN": (edit("N_r.values", 5, np.nan), "finite numbers in all of N_r.values"),
    "infinite bias": (edit("D_1.bias", 0, np.inf), "finite numbers in all of D_1.bias"),
    "high column": (edit("D_1.columns", -1, 96), r"expected D_1.columns in \[0, 96\); got 96"),
    "columns of N": (edit("N_e.columns", -1, 32), r"expected N_e.columns in \[0, 32\); got 32"),
}


@pytest.mark.parametrize("change, message", BAD_VALUES.values(), ids=BAD_VALUES)
def test_malformed_models_are_refused(voice, change, message):
    config, weights, model = voice
    arrays = tensors(config, weights)
    name, changed = change(arrays)
    assert arrays[name].tobytes() in model
    broken = Vocoder.load(model.replace(arrays[name].tobytes(), changed.tobytes()))
    with pytest.raises(WaveRNNError, match=message):
        broken.synthesize(features_for(config, 2, padded=False))


@pytest.mark.parametrize(
    "dilations, message",
    [
        ([1, 0], r"expected dilations in \[1, 8192\]; got 0"),
        ([1, 40], "at most horizon = 8 positions ahead; got 41"),
    ],
)
def test_dilations_that_lie_are_refused(voice, monkeypatch, dilations, message):
    config, weights, _ = voice
    constants = [np.int32(dilations) if a.shape == (2,) else a for a in op.constants(*voice[:2])]
    monkeypatch.setattr(op, "constants", lambda *_: constants)
    broken = Vocoder.load(converted(config, weights))
    with pytest.raises(WaveRNNError, match=message):
        broken.synthesize(features_for(config, 2, padded=False))


@pytest.mark.parametrize("values", [66, -1])
def test_a_state_of_another_size_is_refused(voice, values):
    config, _, model = voice
    vocoder = Vocoder.load(model)
    values = values if values > 0 else vocoder.info.state_values + 1
    features = inputs.pad_edges(features_for(config, 2, padded=False), config)[None]
    given = {"seed": np.zeros(1, np.int64), "temperature": np.ones(1, np.float32)}
    given["fine_temperature"] = given["temperature"]
    state = {"state": np.zeros([1, values], np.float32), "position": np.zeros(1, np.int64)}
    with pytest.raises(WaveRNNError, match="state of shape"):
        vocoder.generate(features=features, **given, **state)
