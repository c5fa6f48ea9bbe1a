"""The native library alone gives what it gives in an interpreter, bit for bit."""

import gc
import threading

import numpy as np
import pytest

from tests.c_api.small_voices import KINDS, features_of, make_voice
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import Vocoder, library
from wavernn_tf.voice import shipped

FRAMES = 75  # more than a stream holds at once
pytestmark = pytest.mark.filterwarnings("ignore::wavernn_tf.errors.WaveRNNWarning")


@pytest.fixture(scope="module")
def voices():
    """(in an interpreter, alone), by kind; made once each."""
    cache = {}

    def make(kind="plain"):
        if kind not in cache:
            content = make_voice(kind, "float32")
            cache[kind] = Vocoder.load(content), Vocoder.load(content, "native")
        return cache[kind]

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_samples_and_scores_are_those_of_the_interpreter(voices, kind):
    interpreter, native = voices(kind)
    assert native.runtime.startswith("native ") and native.info == interpreter.info
    mel = features_of(native.info, FRAMES)
    draw = {"seed": -3, "temperature": 0.8, "fine_temperature": 0.9}
    expected = interpreter.synthesize(mel, **draw)
    np.testing.assert_array_equal(native.synthesize(mel, **draw), expected)
    np.testing.assert_array_equal(native.score(mel, expected), interpreter.score(mel, expected))
    hop = native.info.mel.hop_length
    for sizes in ([1] * FRAMES, [70, 5], [0, 3, 0, FRAMES - 3, 0]):
        pieces = list(native.stream(np.split(mel, np.cumsum(sizes)[:-1]), **draw))
        assert all(len(piece) and len(piece) % hop == 0 for piece in pieces)
        np.testing.assert_array_equal(np.concatenate(pieces), expected)
    mel[FRAMES // 2, 0] += 1  # canary
    assert (native.synthesize(mel, **draw) != expected).any()


def test_the_postfilter_can_be_left_out():
    content = make_voice("postfilter", "int8")
    made = []
    for postfilter in (True, False):
        pair = [Vocoder.load(content, name, postfilter=postfilter) for name in ("auto", "native")]
        mel = features_of(pair[0].info, 9)
        first, second = (voice.synthesize(mel, 1) for voice in pair)
        np.testing.assert_array_equal(first, second)
        made.append(first)
    assert (made[0] != made[1]).any()


def test_every_instruction_set_and_none_other(voices):
    content = make_voice("plain", "float32")
    mel = features_of(voices()[1].info, 5)
    made = [
        Vocoder.load(content, "native", isa=isa).synthesize(mel) for isa in library.available_isas()
    ]
    for audio in made:
        np.testing.assert_array_equal(audio, made[0])
    with pytest.raises(WaveRNNError, match="Expected `isa` to be one of this machine's, scalar"):
        Vocoder.load(content, "native", isa="mmx")


def test_auto_needs_no_interpreter(voices, monkeypatch):
    content = make_voice("plain", "float32")
    assert not Vocoder.load(content).runtime.startswith("native")
    monkeypatch.setattr(library, "_import", lambda name: None)
    native = Vocoder.load(content)
    assert native.runtime.startswith("native")
    for runtime in library.RUNTIMES:
        with pytest.raises(WaveRNNError, match=r"pip install 'wavernn-tf\[(litert|train)\]'"):
            Vocoder.load(content, runtime)
    with pytest.raises(WaveRNNError, match=r"No TFLite interpreter found .*\[litert\]"):
        Vocoder.load(content, stages=True)
    with pytest.raises(WaveRNNError, match="time stages"):
        Vocoder.load(content, "native", stages=True)
    with pytest.raises(WaveRNNError, match=r"`generate` needs .*\[litert\]"):
        native.generate(features=np.zeros([1, 1, 1], np.float32))
    with pytest.raises(WaveRNNError, match="Expected `runtime` to be"):
        Vocoder.load(content, "tflite")


def test_what_is_refused_is_told(voices):
    _, native = voices()
    content = make_voice("plain", "float32")
    damaged = content.replace(b"\0" * 64, b"\xff" * 64)  # NaN among the weights
    assert damaged != content
    with pytest.raises(WaveRNNError, match="The voice was refused: |no voice|damaged"):
        Vocoder.load(damaged, "native")
    with pytest.raises(WaveRNNError, match="native library .* is missing"):
        Vocoder.load(content, "native", library="nowhere.so")
    mel = features_of(native.info, 3)
    mel[1, 0] = np.nan
    with pytest.raises(WaveRNNError, match="frame 1"):
        native.synthesize(mel)


def test_threads_share_a_voice_and_its_clones(voices):
    _, native = voices()
    mel = features_of(native.info, 40)
    expected = [native.synthesize(mel, seed) for seed in range(4)]
    made = {}

    def work(voice, seed):
        made[seed] = [voice.synthesize(mel, seed) for _ in range(5)]

    speakers = [native, native, native.clone(), native.clone().clone()]
    threads = [threading.Thread(target=work, args=pair) for pair in zip(speakers, range(4))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, audio in enumerate(expected):
        assert len(made[seed]) == 5
        for got in made[seed]:
            np.testing.assert_array_equal(got, audio)


def test_a_stream_outlives_its_voice():
    voice = Vocoder.load(make_voice("plain", "float32"), "native")
    mel = features_of(voice.info, 12)
    expected = voice.synthesize(mel)
    stream = voice.stream([mel[:6], mel[6:]])
    first = next(stream)
    del voice
    gc.collect()
    np.testing.assert_array_equal(np.concatenate([first, *stream]), expected)


def test_the_shipped_voice_speaks_the_same():
    voices = [Vocoder.load(shipped.DEFAULT, runtime) for runtime in ("auto", "native")]
    mel = features_of(voices[0].info, 30)
    first, second = (voice.synthesize(mel, 2) for voice in voices)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first).max() > 100
