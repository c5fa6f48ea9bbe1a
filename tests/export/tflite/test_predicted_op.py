"""Voices with prediction in front of the network: the op = NumPy; chunks, batches, ISAs agree."""

import dataclasses
import re
import struct

import numpy as np
import pytest

from tests.helpers.native_models import rewritten
from tests.helpers.predicting import (
    ALL,
    VARIANTS,
    predicting_config,
    predicting_features,
    predicting_weights,
)
from tests.helpers.small import (
    assert_same_samples,
    assert_same_scores,
    reference_for,
    small_config,
    sparse_weights,
)
from wavernn_tf.config.signal import POSTFILTERS
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format import op, packing
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import RUNTIMES, available_isas
from wavernn_tf.export.tflite import convert as tflite
from wavernn_tf.export.tflite import flatbuffer
from wavernn_tf.generation import sampling
from wavernn_tf.generation.reference import Reference
from wavernn_tf.prediction import pitch_postfilter, postfilter, spectral_postfilter
from wavernn_tf.voice import describe, metadata
from wavernn_tf.voice.weights import named_arrays

FRAMES = 8


def converted(config, weights, weight_type="float32"):
    n = config.n_features
    statistics = {"mean": np.full(n, -4.0), "std": np.ones(n)}
    info = describe.describe(config, weights, statistics, {}, weight_type)
    return tflite.convert(config, weights, info)


def inner(config, padded):
    return padded[config.past : len(padded) - config.lookahead]


def edges(config, mel):
    return np.pad(mel, ((config.past, config.lookahead), (0, 0)), mode="edge")


@pytest.fixture(scope="module")
def voices():
    """voices(variant or signal settings) -> (config, weights, bytes), made once each."""
    made = {}

    def make(variant="all", weight_type="float32", **signal):
        key = (variant, weight_type, *sorted(signal.items()))
        if key not in made:
            config = predicting_config(**{**VARIANTS[variant], **signal})
            weights = predicting_weights(config)
            made[key] = config, weights, converted(config, weights, weight_type)
        return made[key]

    return make


CASES = [(variant, "float32", RUNTIMES[0]) for variant in VARIANTS]
CASES += [("all", weights, RUNTIMES[0]) for weights in packing.WEIGHT_TYPES if weights != "float32"]
CASES += [("all", "float32", RUNTIMES[1])]


@pytest.mark.parametrize("variant, weight_type, runtime", CASES)
def test_op_equals_the_numpy_transcription(voices, variant, weight_type, runtime):
    # Without pre-emphasis hardly a sample is clipped, which would hide a difference.
    config, weights, model = voices(variant, weight_type, pre_emphasis=0.0)
    vocoder = Vocoder.load(model, runtime)
    mel = inner(config, predicting_features(config, FRAMES))
    padded = edges(config, mel)
    reference, rounding = reference_for(config, weights, weight_type)
    for seed, temperature, fine in ((1, 1.0, 1.0), (-(2**40), 0.6, 0.9), (3, 0.0, 0.0)):
        draws = reference.generate(padded, seed, temperature, fine_temperature=fine)
        audio = vocoder.synthesize(mel, seed, temperature, fine_temperature=fine)
        assert_same_samples(audio, draws, at_least=50, rounding=rounding)
    rng = np.random.default_rng(4)
    speech = np.rint(3000 * rng.standard_normal(len(audio))).astype(np.int16)
    expected = reference.score(padded, speech)
    got = vocoder.score(mel, speech)
    assert_same_scores(got, expected, weight_type, 1e-4)

    # Canary: the bounds notice the extra rows, and what comes of them.
    if config.model.extra_inputs:
        reference.input_kernel[-1] *= 1.05
        with pytest.raises(AssertionError):
            assert_same_scores(got, reference.score(padded, speech), weight_type, 1e-4)


def test_every_constant_in_front_of_the_network_matters(voices):
    config, weights, model = voices()
    mel = inner(config, predicting_features(config, FRAMES))
    speech = Vocoder.load(model).synthesize(mel, 2)
    score = Vocoder.load(model).score(mel, speech)
    estimator = tuple((kernel * np.float32(1.2), bias) for kernel, bias in weights.pitch)
    changed = [
        (config, dataclasses.replace(weights, pitch=estimator)),
        (dataclasses.replace(config, signal=signal_of(config, prediction_order=12)), weights),
        (
            dataclasses.replace(config, mel=dataclasses.replace(config.mel, scale=1.1)),
            weights,
        ),
    ]
    for row in (3, -1):
        kernel = weights.input_kernel.copy()
        kernel[row] *= 1.5
        changed.append((config, dataclasses.replace(weights, input_kernel=kernel)))
    for other, arrays in changed:
        moved = Vocoder.load(converted(other, arrays)).score(mel, speech)
        assert np.abs(moved - score).max() > 1e-3


def signal_of(config, **changes):
    return dataclasses.replace(config.signal, **changes)


FILTERS = [
    ("all", "off"),
    ("all", "centred"),
    ("given pitch", "causal"),
    ("shaped", "centred"),
    ("prediction alone", "spectral"),
    ("shaped", "spectral"),
]


@pytest.mark.parametrize("variant, form", FILTERS)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_streaming_equals_one_shot(voices, variant, form, size):
    config, _, model = voices(variant, postfilter=form)
    vocoder = Vocoder.load(model)
    mel = inner(config, predicting_features(config, 2 * FRAMES))
    pieces = list(
        vocoder.stream([mel[i : i + size] for i in range(0, len(mel), size)], 11, 0.9, 0.8)
    )
    whole = vocoder.synthesize(mel, 11, 0.9, fine_temperature=0.8)
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert len(whole) == len(mel) * config.mel.hop_length


@pytest.mark.parametrize("variant, form", FILTERS)
def test_streams_of_a_batch_are_those_alone(voices, variant, form):
    config, _, model = voices(variant, "int8", postfilter=form)
    vocoder = Vocoder.load(model)
    info, batch = vocoder.info, 17
    rows = info.past + FRAMES + info.frames_after
    features = np.stack(
        [predicting_features(config, 2 * FRAMES + rows, k)[:rows] for k in range(batch)]
    )
    given = {
        "features": features,
        "seed": np.arange(batch, dtype=np.int64),
        "temperature": np.resize(np.float32([1, 0.8, 0]), batch),
        "fine_temperature": np.resize(np.float32([1, 0, 0.7, 1e30]), batch),
        "state": np.zeros([batch, info.state_values], np.float32),
        "position": np.zeros(batch, np.int64),
    }
    for _ in range(2):  # from the start, and on from there
        together = vocoder.generate(**given)
        for k in range(batch):
            alone = vocoder.generate(**{name: value[k : k + 1] for name, value in given.items()})
            for name, values in alone.items():
                np.testing.assert_array_equal(together[name][k : k + 1], values, err_msg=name)
        assert len({audio.tobytes() for audio in together["audio"]}) == batch  # canary
        given.update(state=together["state"], position=together["position"])


@pytest.mark.parametrize("form", ["centred", "spectral"])
@pytest.mark.parametrize(
    "variant, weight_type", [("all", "float32"), ("all", "int8"), ("shaped", "int8")]
)
def test_all_instruction_sets_give_the_same_bits(voices, variant, weight_type, form):
    config, _, model = voices(variant, weight_type, postfilter=form)
    mel = inner(config, predicting_features(config, 2))
    speech = np.zeros(2 * config.mel.hop_length, np.int16)
    results = [
        (voice.synthesize(mel, 3), voice.score(mel, speech))
        for voice in (Vocoder.load(model, isa=isa) for isa in available_isas())
    ]
    for audio, score in results[1:]:
        np.testing.assert_array_equal(audio, results[0][0])
        np.testing.assert_array_equal(score, results[0][1])


@pytest.mark.parametrize("form", POSTFILTERS[1:])
def test_postfilter_can_be_switched_off(voices, form):
    mel_of = predicting_features
    config, _, model = voices("given pitch", postfilter=form)
    plain = Vocoder.load(voices("given pitch")[-1])
    mel = inner(config, mel_of(config, 2 * FRAMES))
    bare = plain.synthesize(mel, 3)
    np.testing.assert_array_equal(Vocoder.load(model, postfilter=False).synthesize(mel, 3), bare)
    filtered = Vocoder.load(model).synthesize(mel, 3)
    assert not np.array_equal(filtered, bare)
    # Scores are the network's.
    np.testing.assert_array_equal(Vocoder.load(model).score(mel, bare), plain.score(mel, bare))
    info = Vocoder.load(model).info
    delay = postfilter.delay(config.signal, config.mel)
    assert info.frames_after == config.lookahead + -(-delay // config.mel.hop_length)


@pytest.mark.parametrize("passes", [1, 3])
def test_spectral_postfilter_is_that_of_numpy(voices, passes):
    # Without pre-emphasis the network's samples are whole numbers, as they come unfiltered.
    settings = {"postfilter_strength": 0.9, "postfilter_passes": passes, "pre_emphasis": 0.0}
    config, _, model = voices(postfilter="spectral", **settings)
    mel = inner(config, predicting_features(config, FRAMES))
    ahead = postfilter.frames_ahead(config.signal, config.mel)
    longer = np.pad(mel, ((0, ahead), (0, 0)), mode="edge")
    bare = Vocoder.load(model, postfilter=False).synthesize(longer, 3)
    filtered = Vocoder.load(model).synthesize(mel, 3)

    def distance(features, settings):
        expected = spectral_postfilter.apply(bare, features, config.mel, settings)
        return np.abs(filtered - np.clip(expected[: len(filtered)], -32768, 32767)).max()

    assert distance(longer, config.signal) < 0.51  # half a step of the rounding
    # Canaries: the strength, and one frame.
    assert distance(longer, signal_of(config, postfilter_strength=0.89)) > 2
    longer[4] += 1.0
    assert distance(longer, config.signal) > 2


@pytest.mark.parametrize("variant", ["all", "shaped"])
def test_state_is_that_of_tensorflow(voices, variant):
    config, weights, model = voices(variant)
    info = metadata.read(model)
    assert info.state_values == sampling.state_values(config)
    assert info.extra_inputs == ALL


def test_every_step_of_the_noise_shaping_matters(voices):
    """The samples and the carried noise; with rho changed by 1 / 256 they are others."""
    settings = {"noise_shaping": 103 / 256, "pre_emphasis": 0.0}
    config, weights, model = voices("shaped", **settings)
    mel = inner(config, predicting_features(config, FRAMES))
    features = edges(config, mel)
    draws = Reference(config, weights).generate(features, 5, 0.9)
    outputs = Vocoder.load(model).generate(
        features=features[None],
        seed=np.array([5], np.int64),
        temperature=np.float32([0.9]),
        fine_temperature=np.float32([1.0]),
        state=np.zeros([1, metadata.read(model).state_values], np.float32),
        position=np.zeros(1, np.int64),
    )
    audio, state = outputs["audio"][0], outputs["state"][0]
    assert_same_samples(audio, draws, at_least=len(audio))
    numbers = slice(config.model.state_size, -1)  # samples, residuals, classes, noise
    np.testing.assert_array_equal(state[numbers], draws.state[numbers])
    assert state[-2] != 0
    moved = dataclasses.replace(config, signal=signal_of(config, noise_shaping=102 / 256))
    with pytest.raises(AssertionError):
        other = Reference(moved, weights).generate(features, 5, 0.9)
        assert_same_samples(audio, other, at_least=len(audio))
    moved = dataclasses.replace(config, signal=signal_of(config, voiced_temperature=0.69))
    with pytest.raises(AssertionError):
        other = Reference(moved, weights).generate(features, 5, 0.9)
        assert_same_samples(audio, other, at_least=len(audio))


def test_scores_do_not_depend_on_how_samples_are_drawn(voices):
    plain, shaped = (Vocoder.load(voices(variant)[-1]) for variant in ("all", "shaped"))
    config = voices("all")[0]
    mel = inner(config, predicting_features(config, FRAMES))
    speech = plain.synthesize(mel, 2)
    assert not np.array_equal(shaped.synthesize(mel, 2), speech)
    np.testing.assert_array_equal(shaped.score(mel, speech), plain.score(mel, speech))


@pytest.mark.parametrize(
    "schema, size, unknown",
    [
        (5, 24, ("noise_shaping", "voiced_temperature", "postfilter_passes")),
        (6, 26, ("postfilter_passes",)),
    ],
)
def test_files_of_the_schemas_before_are_read(voices, schema, size, unknown):
    """Schema 5 has no noise shaping, 6 one pass of the postfilter: their headers are shorter."""
    config, weights, model = voices()

    def shorten(tree):
        new = op.header(config).tobytes()
        (buffer,) = (b for b in tree.buffers if b.data is not None and bytes(b.data) == new)
        old = op.header(config)[:size]
        old[1] = schema
        buffer.data = np.frombuffer(old.tobytes(), np.uint8)
        for graph in tree.subgraphs:
            for tensor in graph.tensors:
                if tensor.buffer and tree.buffers[tensor.buffer] is buffer:
                    tensor.shape = np.array([size], np.int32)

    spoilt = flatbuffer.finish(rewritten(model, shorten), {})
    spoilt = spoilt.replace(b'"schema_version": 7', f'"schema_version": {schema}'.encode())
    for name in unknown:
        (line,) = re.findall(rf',\n  "{name}": [0-9.]+'.encode(), spoilt)
        spoilt = spoilt.replace(line, b" " * len(line))
    spoilt = spoilt.replace(metadata.size_entry(len(model)), metadata.size_entry(len(spoilt)))
    info = metadata.read(spoilt)
    assert info.schema_version == schema and info.signal == config.signal
    mel = inner(config, predicting_features(config, FRAMES))
    expected = Vocoder.load(model).synthesize(mel, 3)
    np.testing.assert_array_equal(Vocoder.load(spoilt).synthesize(mel, 3), expected)


@pytest.mark.parametrize("weight_type", packing.WEIGHT_TYPES)
def test_constants_are_the_network_that_the_file_holds(weight_type):
    import tensorflow as tf

    config = predicting_config(postfilter="causal")
    weights = predicting_weights(config)
    held = named_arrays(op.held_weights(config, weights, weight_type))
    arrays = op.constants(config, weights, weight_type)
    back = named_arrays(op.unpack_constants(config, [tf.constant(a) for a in arrays]))
    assert list(back) == list(held)
    for name, array in held.items():
        np.testing.assert_array_equal(back[name], array, err_msg=name)
    names = op.predictor_names(config)
    assert names == ["extra_kernel", "lpc_scale", "lpc_matrix", "lpc_floor", "postfilter_taps"]
    shapes = [array.shape for array in arrays[-len(names) :]]
    taps = 2 * pitch_postfilter.reach(config.mel.sample_rate) + 1
    assert shapes == [(10, 192), (2,), (17, 10), (17,), (taps,)]
    # Rounded where the file is narrow: canary.
    same = np.array_equal(held["input_kernel"], weights.input_kernel)
    assert same == (weight_type == "float32")
    np.testing.assert_array_equal(held["input_kernel"][:3], weights.input_kernel[:3])


def test_constants_of_the_spectral_postfilter():
    config = predicting_config(postfilter="spectral")
    bins, bands = config.mel.n_fft // 2 + 1, config.mel.n_mels
    shapes = {
        "spectral_scale": (3,),
        "spectral_frame": (2,),
        "spectral_window": (config.mel.win_length,),
        "spectral_columns": (bands,),
        "spectral_first": (bins,),
        "spectral_weights": (bins, 2),
        "spectral_places": (bins,),
    }
    assert op.predictor_names(config)[-len(shapes) :] == list(shapes)
    arrays = op.constants(config, predicting_weights(config))[-len(shapes) :]
    assert [array.shape for array in arrays] == list(shapes.values())


def edited(model, config, weights, name, index, value):
    """The file with one element of a constant changed."""
    names = op.predictor_names(config)
    arrays = op.constants(config, weights)
    array = arrays[0] if name == "config" else arrays[len(arrays) - len(names) + names.index(name)]
    changed = array.copy()
    changed.flat[index] = value
    assert model.count(array.tobytes()) == 1
    return model.replace(array.tobytes(), changed.tobytes())


def bits(value):
    return struct.unpack("<i", struct.pack("<f", value))[0]


BAD_VALUES = {
    "order": ("config", 16, 33, r"expected prediction_order in \[0, 32\]; got 33"),
    "order 1": ("config", 16, 1, "expected prediction_order 0 or 2 to 32; got 1"),
    "no order": ("config", 16, 0, "expected prediction_order > 0 with extra inputs 0x3F"),
    "other order": ("config", 16, 12, r"expected lpc_matrix of shape \[13, 10\]; got \[17, 10\]"),
    "pitch": ("config", 17, 3, r"expected pitch in \[0, 2\]; got 3"),
    "no pitch": ("config", 17, 0, "expected a source of pitch with extra inputs 0x3F"),
    "estimator not told": ("config", 17, 2, "if and only if pitch is estimated; got 3"),
    "split": ("config", 18, 2, r"expected split in \[0, 1\]; got 2"),
    "offset": ("config", 6, 128, "expected sample_offset 0 of the mu-law split; got 128"),
    "inputs": ("config", 19, 64, r"expected extra inputs in \[0, 63\]; got 64"),
    "fewer inputs": ("config", 19, 31, r"expected extra_kernel of shape \[9, 192\]; got"),
    "rate": ("config", 20, 800, "expected sample_rate >= 1600 with pitch; got 800"),
    "no estimator": ("config", 21, 0, "if and only if pitch is estimated; got 0"),
    "more estimator": ("config", 21, 4, r"expected pitch\[3\].kernel of shape \[\?, 65, \?\]"),
    "less estimator": ("config", 21, 2, "expected the pitch estimator to put out 65 classes"),
    "postfilter": ("config", 22, 4, r"expected postfilter in \[0, 3\]; got 4"),
    "no postfilter": ("config", 22, 0, r"expected \d+ weight tensors; got \d+"),
    "strength": ("config", 23, bits(11.0), r"expected postfilter_strength in \[0, 10\]; got 11"),
    "NaN strength": ("config", 23, bits(np.nan), "postfilter_strength in .*; got nan"),
    "no pass": ("config", 26, 0, r"expected postfilter_passes in \[1, 8\]; got 0"),
    "passes": ("config", 26, 9, r"expected postfilter_passes in \[1, 8\]; got 9"),
    "shaping": ("config", 24, 231, r"expected noise_shaping / 256 in \[0, 230\]; got 231"),
    "negative shaping": ("config", 24, -1, r"expected noise_shaping / 256 in \[0, 230\]; got -1"),
    "other state": ("config", 24, 1, r"expected state of shape \[.*\]; got"),
    "voiced temperature": ("config", 25, bits(0.0), r"voiced_temperature in \(0, 1\]; got 0"),
    "NaN temperature": ("config", 25, bits(np.nan), r"voiced_temperature in \(0, 1\]; got nan"),
    "schema of fewer": ("config", 1, 5, r"expected config of shape \[24\]; got \[27\]"),
    "sub-tensors": ("config", 12, 2, "expected no predictors with 2 sub-tensors"),
    "context": ("config", 10, 2, "expected past = lookahead = "),
    "NaN row": ("extra_kernel", 7, np.nan, "in all of extra_kernel; got another one at element 7"),
    "infinite slope": ("lpc_scale", 0, np.inf, "expected finite numbers in all of lpc_scale"),
    "steep slope": ("lpc_scale", 0, 1e13, r"expected lpc_scale within 1e12; got 1e\+13"),
    "NaN in the matrix": ("lpc_matrix", 20, np.nan, "in all of lpc_matrix; .* element 20"),
    "negative energy": ("lpc_matrix", 3, -1.0, "lpc_matrix .* not negative; got -1 at element 3"),
    "no floor": ("lpc_floor", 0, 0.0, "lpc_floor .* positive; got 0 at element 0"),
    "high floor": ("lpc_floor", 5, 1e300, r"lpc_floor within 1e12.*; got 1e\+300 at element 5"),
    "loud taps": ("postfilter_taps", 2, 17.0, "postfilter_taps to sum to at most 16; got"),
    "NaN tap": ("postfilter_taps", 1, np.nan, "expected finite numbers in all of postfilter_taps"),
}


@pytest.mark.parametrize("name, index, value, message", BAD_VALUES.values(), ids=BAD_VALUES)
def test_malformed_value_is_an_error(voices, name, index, value, message):
    config, weights, model = voices(postfilter="causal")
    spoilt = edited(model, config, weights, name, index, value)
    mel = inner(config, predicting_features(config, 2))
    with pytest.raises(WaveRNNError, match=message):
        Vocoder.load(spoilt).synthesize(mel)


BAD_SPECTRA = {
    "steep slope": ("scale", 0, -1e13, r"spectral_scale within 1e12, .*; got -1e\+13, "),
    "far intercept": ("scale", 1, 2e12, "spectral_scale within 1e12, .*; got 1, 2e"),
    "no floor": ("scale", 2, 0.0, "its floor at least 1e-30; got 1, 0, 0"),
    "NaN scale": ("scale", 1, np.nan, "expected finite numbers in all of spectral_scale"),
    "late frame": ("frame", 0, 1, "of 2 hop_length = 160 to .* got 800 from sample 1 on"),
    "early frame": ("frame", 0, -721, "values around its frame; got 800 from sample -721 on"),
    "power": ("frame", 1, 3, "expected spectral_frame with power 1 or 2; got 3"),
    "NaN window": ("window", 5, np.nan, "expected finite numbers in all of spectral_window"),
    "loud window": ("window", 5, 32.0, "spectral_window that meet to sum to 0.001 to 1000; got"),
    "column": ("columns", 3, 10, r"spectral_columns in \[0, 9\]; got 10 at element 3"),
    "negative column": ("columns", 0, -1, r"spectral_columns in \[0, 9\]; got -1 at element 0"),
    "band": ("first", 7, 10, r"spectral_first in \[0, 9\]; got 10 at element 7"),
    "negative band": ("first", 0, -1, r"spectral_first in \[0, 9\]; got -1 at element 0"),
    "weight": ("weights", 1, -0.5, r"spectral_weights in \[0, 1e\+06\]; got -0.5 at element 1"),
    "NaN weight": ("weights", 4, np.nan, "expected finite numbers in all of spectral_weights"),
    "place": ("places", 9, 10.5, r"spectral_places in \[0, 10\]; got 10.5 at element 9"),
    "negative place": ("places", 0, -1.0, r"spectral_places in \[0, 10\]; got -1 at element 0"),
}


@pytest.mark.parametrize("name, index, value, message", BAD_SPECTRA.values(), ids=BAD_SPECTRA)
def test_malformed_spectral_postfilter_is_an_error(voices, name, index, value, message):
    config, weights, model = voices(postfilter="spectral")
    spoilt = edited(model, config, weights, f"spectral_{name}", index, value)
    mel = inner(config, predicting_features(config, 2))
    with pytest.raises(WaveRNNError, match=message):
        Vocoder.load(spoilt).synthesize(mel)


def test_spectral_postfilter_needs_its_constants_and_a_prediction(voices):
    config, weights, model = voices("pitch alone", postfilter="centred")
    mel = inner(config, predicting_features(config, 2))
    with pytest.raises(WaveRNNError, match="expected spectral_scale"):
        Vocoder.load(edited(model, config, weights, "config", 22, 3)).synthesize(mel)
    config = small_config()
    weights = sparse_weights(config)
    model = converted(config, weights)
    with pytest.raises(WaveRNNError, match="expected a prediction with postfilter 3"):
        Vocoder.load(edited(model, config, weights, "config", 22, 3)).synthesize(mel)


BAD_TENSORS = {
    "another type": (
        "causal",
        "lpc_matrix",
        "lpc_floor",
        r"expected lpc_matrix of shape \[17, 10\]; got",
    ),
    "taps for floor": (
        "causal",
        "lpc_floor",
        "postfilter_taps",
        "expected lpc_floor to be float64; got flo",
    ),
    "matrix for taps": (
        "causal",
        "postfilter_taps",
        "lpc_matrix",
        "postfilter_taps to be float32; got flo",
    ),
    "rows of doubles": ("causal", "extra_kernel", "lpc_matrix", "extra_kernel to be float32; got"),
    "window for frame": ("spectral", "spectral_frame", "spectral_window", "to be int32; got float"),
    "floor for scale": ("spectral", "spectral_scale", "lpc_floor", r"of shape \[3\]; got \[17\]"),
    "frame for window": ("spectral", "spectral_window", "spectral_frame", "be float32; got int32"),
    "rows for window": ("spectral", "spectral_window", "extra_kernel", r"of shape \[\?\]; got"),
    "weights for columns": (
        "spectral",
        "spectral_columns",
        "spectral_weights",
        "be int32; got flo",
    ),
    "few bins": ("spectral", "spectral_first", "spectral_columns", "power of two .*; got 10 bins"),
    "places for weights": ("spectral", "spectral_weights", "spectral_places", r"\[513, 2\]; got"),
    "window for places": ("spectral", "spectral_places", "spectral_window", r"\[513\]; got \[800"),
}


@pytest.mark.parametrize("form, name, other, message", BAD_TENSORS.values(), ids=BAD_TENSORS)
def test_malformed_tensor_is_an_error(voices, form, name, other, message):
    config, _, model = voices(postfilter=form)
    names = op.predictor_names(config)
    at, source = (names.index(n) - len(names) for n in (name, other))

    def swap(tree):
        for graph in tree.subgraphs:
            for node in graph.operators:
                node.inputs = node.inputs.copy()
                node.inputs[at] = node.inputs[source]

    spoilt = flatbuffer.finish(rewritten(model, swap), {})  # aligned again
    # The size of the file is not what it was: the description is checked before.
    entry = metadata.size_entry(len(model))
    spoilt = spoilt.replace(entry, metadata.size_entry(len(spoilt)))
    mel = inner(config, predicting_features(config, 2))
    with pytest.raises(WaveRNNError, match=message):
        Vocoder.load(spoilt).synthesize(mel)
