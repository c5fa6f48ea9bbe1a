"""The C API speaks as the Python runtime does, sample for sample, and refuses what the op does."""

import json
import threading

import numpy as np
import pytest

from tests.c_api.binding import (
    BAD_ARGUMENT,
    BAD_FILE,
    BAD_ORDER,
    Draw,
    Model,
    Options,
    Stream,
    WaveRNNCError,
)
from tests.c_api.small_voices import KINDS, features_of
from wavernn_tf.export.format.packing import WEIGHT_TYPES
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.voice import metadata

FRAMES = 23
pytestmark = pytest.mark.filterwarnings("ignore::wavernn_tf.errors.WaveRNNWarning")


def speak(stream, mel, sizes, pulls):
    """Push and pull in pieces of odd sizes, by turns."""
    audio, at, turn = [], 0, 0
    while True:
        if at < len(mel):
            at += stream.push(mel[at : at + sizes[turn % len(sizes)]])
            if at == len(mel):
                stream.flush()
        before = stream.ready()
        piece = stream.pull(pulls[turn % len(pulls)])
        assert stream.ready() == before - len(piece)
        audio.append(piece)
        turn += 1
        if at == len(mel) and not before:
            return np.concatenate(audio)


@pytest.mark.parametrize("weight_type", WEIGHT_TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_those_of_the_python_runtime(library, voices, kind, weight_type):
    content = voices(kind, weight_type)
    vocoder, model = Vocoder.load(content), Model(library, content)
    mel = features_of(vocoder.info, FRAMES)
    expected = vocoder.synthesize(mel, seed=-5, temperature=0.8, fine_temperature=0.9)
    draw = Draw(-5, 0.8, 0.9)
    stream = Stream(model, draw, capacity=5)
    for sizes, pulls in (((1, 4, 2), (7, 100, 1000)), ((30,), (10**4,)), ((2,), (41, 40))):
        np.testing.assert_array_equal(speak(stream, mel, sizes, pulls), expected)
        stream.reset()
    np.testing.assert_array_equal(model.synthesize([mel], [draw])[0], expected)
    np.testing.assert_array_equal(model.score(mel, expected), vocoder.score(mel, expected))

    # Canary: one more in one feature is heard.
    mel[FRAMES // 2, 0] += 1
    assert (speak(stream, mel, (30,), (10**4,)) != expected).any()


@pytest.mark.parametrize("kind", KINDS)
def test_together_as_alone(library, voices, kind):
    content = voices(kind)
    model = Model(library, content)
    info = metadata.read(content)
    # 18 pass 16, and differ in length.
    mels = [features_of(info, 1 + 7 * i % 50, seed=i) for i in range(18)]
    draws = [Draw(i, 1.0 if i % 3 else 0.0) for i in range(18)]
    together = model.synthesize(mels, draws)
    for mel, draw, audio in zip(mels, draws, together):
        np.testing.assert_array_equal(model.synthesize([mel], [draw])[0], audio)
    assert len({audio.tobytes() for audio in together}) == 18


def test_info_and_metadata(library, voices):
    content = voices("postfilter", "int8")
    model, info = Model(library, content), metadata.read(content)
    told = model.info
    assert (told.sample_rate, told.hop_length) == (info.mel.sample_rate, info.mel.hop_length)
    assert (told.n_features, told.frames_after) == (info.mel.n_mels, info.frames_after)
    assert (told.state_size, told.sub_tensors) == (info.state_size, 1)
    assert (told.schema, told.bytes) == (metadata.SCHEMA_VERSION, len(content))
    assert (told.weights, told.prediction_order, told.pitch) == (2, 16, 1)
    assert (told.mulaw, told.postfilter) == (1, 1)
    text = library.wavernn_model_metadata(model.handle)
    assert metadata.VoiceInfo.from_json(text.decode()) == info
    assert json.loads(text)["weights"] == "int8"
    without = Model(library, content, Options(postfilter=0))
    assert without.info.postfilter == 0
    mel, draw = features_of(info, 9), Draw(3)
    bare = Vocoder.load(content, postfilter=False).synthesize(mel, seed=3)
    np.testing.assert_array_equal(without.synthesize([mel], [draw])[0], bare)
    assert (model.synthesize([mel], [draw])[0] != bare).any()


def test_every_instruction_set_speaks_alike(library, voices):
    content = voices("predicting", "int8")
    mel = features_of(metadata.read(content), 5)
    made = [
        Model(library, content, Options(postfilter=1, isa=isa)).synthesize([mel], [Draw(1)])[0]
        for isa in library.wavernn_isas().split(b",")
    ]
    for audio in made:
        np.testing.assert_array_equal(audio, made[0])
    with pytest.raises(WaveRNNCError, match="one of this machine's, scalar.*; got z80"):
        Model(library, content, Options(postfilter=1, isa=b"z80"))


@pytest.mark.parametrize("kind", ["plain", "subscale"])
def test_threads_share_a_model(library, voices, kind):
    content = voices(kind)
    model = Model(library, content)
    info = metadata.read(content)
    mels = [features_of(info, FRAMES, seed=i) for i in range(4)]
    expected = [model.synthesize([mel], [Draw(i)])[0] for i, mel in enumerate(mels)]
    got = [None] * 4

    def work(i):
        if i % 2:
            got[i] = model.synthesize([mels[i]], [Draw(i)])[0]
        else:
            got[i] = speak(Stream(model, Draw(i)), mels[i], (3,), (50,))

    threads = [threading.Thread(target=work, args=[i]) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(got, expected):
        np.testing.assert_array_equal(one, other)


def test_a_stream_outlives_its_model(library, voices):
    content = voices()
    mel = features_of(metadata.read(content), 4)
    model = Model(library, content)
    expected = model.synthesize([mel], [Draw(2)])[0]
    stream = Stream(model, Draw(2))
    library.wavernn_model_free(model.handle)
    model.handle = None
    np.testing.assert_array_equal(speak(stream, mel, (4,), (10**4,)), expected)


def test_refused_calls_change_nothing(library, voices):
    content = voices()
    model = Model(library, content)
    mel = features_of(metadata.read(content), 6)
    expected = model.synthesize([mel], [Draw(2)])[0]
    stream = Stream(model, Draw(2))
    assert stream.push(mel[:3]) == 3
    spoiled = mel[3:].copy()
    spoiled[1, 2] = np.nan
    message = r"expected finite features; got -?nan at element 12 of shape \[3, 10\]"
    with pytest.raises(WaveRNNCError, match=message) as caught:
        stream.push(spoiled)
    assert caught.value.status == BAD_ARGUMENT
    for bad in (Draw(2, -1.0), Draw(2, np.inf), Draw(2, 1.0, -0.5)):
        with pytest.raises(WaveRNNCError, match=r"expected (finite|fine_)?\s?temperature"):
            stream.reset(bad)
    assert stream.push(mel[3:]) == 3
    stream.flush()
    with pytest.raises(WaveRNNCError, match="expected a reset after the flush") as caught:
        stream.push(mel)
    assert caught.value.status == BAD_ORDER
    np.testing.assert_array_equal(stream.pull(10**4), expected)
    assert len(stream.pull(5)) == 0

    audio = np.zeros(6 * 40 + 1, np.int16)
    with pytest.raises(WaveRNNCError, match="expected 201 to 240 samples of audio for 6 frames"):
        model.score(mel, audio)
    with pytest.raises(WaveRNNCError, match="at least one frame; got 0"):
        model.synthesize([mel[:0]], [Draw()])


def test_full_stream_takes_the_rest_later(library, voices):
    content = voices()
    info = metadata.read(content)
    stream = Stream(Model(library, content), capacity=4)
    mel = features_of(info, 40)
    taken = stream.push(mel)
    assert taken == 4 + info.frames_after  # what the last frame waits for comes on top
    assert stream.push(mel[taken:]) == 0
    assert len(stream.pull(40)) == 40
    assert stream.push(mel[taken:]) == 1


def test_null_and_missing_files_are_errors(library, tmp_path):
    from ctypes import byref, c_size_t, c_void_p

    handle, count = c_void_p(), c_size_t()
    load = library.wavernn_model_load_file
    assert load(str(tmp_path / "none").encode(), None, byref(handle)) == BAD_FILE
    assert b"No such file" in library.wavernn_last_error()
    assert load(str(tmp_path).encode(), None, byref(handle)) == BAD_FILE
    assert handle.value is None
    assert load(b"x", None, None) == BAD_ARGUMENT
    assert load(None, None, byref(handle)) == BAD_ARGUMENT
    assert library.wavernn_stream_push(None, None, 1, byref(count)) == BAD_ARGUMENT
    assert library.wavernn_stream_pull(None, None, 1, byref(count)) == BAD_ARGUMENT
    assert library.wavernn_stream_flush(None) == BAD_ARGUMENT
    assert library.wavernn_synthesize(None, None, 1) == BAD_ARGUMENT
    assert library.wavernn_stream_ready(None) == 0
    library.wavernn_model_free(None)
    library.wavernn_stream_free(None)
