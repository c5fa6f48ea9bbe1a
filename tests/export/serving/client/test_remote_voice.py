"""Speech, streams, features and scores of a served voice, over gRPC and REST."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from wavernn_tf.audio.wav import wav_bytes
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.client.connection import connect
from wavernn_tf.export.serving.client.remote_voice import RemoteVoice, read_wav
from wavernn_tf.export.serving.client.target import parse
from wavernn_tf.export.serving.voice import SavedModelVoice

pytest.importorskip("tensorflow_serving")
FRAMES = 9


@pytest.fixture
def voice(url):
    with connect(parse(url)) as connection:
        yield RemoteVoice(connection)


@pytest.fixture(scope="module")
def local(served):
    return SavedModelVoice(served.version)


def test_form_comes_from_the_server(voice, served):
    form = voice.form
    mel = served.config.mel
    assert (form.n_features, form.hop_length) == (mel.n_mels, mel.hop_length)
    assert form.sample_rate == mel.sample_rate


def test_speech_is_that_of_the_reference(voice, served):
    features = served.features(FRAMES, seed=1)
    audio = voice.synthesize(features, seed=-(2**40), temperature=0.7)
    assert audio.dtype == np.int16 and len(audio) == FRAMES * served.hop
    served.assert_spoken(audio, features, -(2**40), 0.7)


def test_another_seed_is_other_speech(voice, served):
    features = served.features(FRAMES, seed=1)
    assert not np.array_equal(voice.synthesize(features, 1), voice.synthesize(features, 2))


@pytest.mark.parametrize("chunk", [1, 4, FRAMES])
def test_joined_chunks_are_the_whole(voice, served, chunk):
    features = served.features(FRAMES, seed=2)
    chunks = np.split(features, range(chunk, FRAMES, chunk))
    pieces = list(voice.stream(chunks, seed=3))
    joined = np.concatenate(pieces)
    assert len(pieces) > 1 or chunk == FRAMES
    assert len(joined) == FRAMES * served.hop
    served.assert_spoken(joined, features, 3)


def test_score_is_that_of_plain_tensorflow(voice, served, local):
    features = served.features(FRAMES, seed=4)
    audio = np.random.default_rng(4).integers(-9000, 9000, FRAMES * served.hop - 7)
    audio = audio.astype(np.int16)
    got = voice.score(features, audio)
    assert got.shape == (len(audio), 2)
    expected = local.score(features, audio)[: len(audio)]
    # The graph computes in float32, where the bands far from the tone lie near its rounding.
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-3)
    audio[5] += 1000  # the canary
    assert np.abs(voice.score(features, audio) - expected).max() > 1e-3


def test_features_are_those_of_the_pipelines(voice, served):
    from wavernn_tf.pipelines import features as pipeline

    audio = (3000 * np.sin(np.arange(1000) / 7)).astype(np.int16)
    wav = wav_bytes(audio, served.config.mel.sample_rate)
    got = voice.features_of(wav)
    expected = pipeline.compute(audio, served.config.mel, served.config.signal)
    assert got.shape == expected.shape
    # The graph computes in float32: bands far from the tone lie near its rounding.
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-3)


def test_many_clients_in_one_batch_have_their_own_audio(url, served):
    """More rows than one batch holds, of different lengths and seeds, at once."""
    asked = {seed: served.features(3 + seed % 5, seed) for seed in range(20)}
    got = {}

    def ask(seed):
        with connect(parse(url)) as connection:
            got[seed] = RemoteVoice(connection).synthesize(asked[seed], seed)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, features in asked.items():
        served.assert_spoken(got[seed], features, seed)


def test_features_of_another_width_are_not_sent(voice):
    with pytest.raises(WaveRNNError, match=r"\[frames, 10\]; got \[3, 11\]"):
        voice.synthesize(np.zeros([3, 11], np.float32))


def test_no_chunks_are_told(voice):
    with pytest.raises(WaveRNNError, match="at least one chunk"):
        list(voice.stream([]))


def test_audio_that_does_not_fit_the_features_is_told(voice, served):
    with pytest.raises(WaveRNNError, match="3 frames of 40 samples; got 999"):
        voice.score(served.features(3, 1), np.zeros(999, np.int16))


def test_read_wav_refuses_what_is_none():
    assert read_wav(wav_bytes(np.int16([1, -2]), 8000))[0].tolist() == [1, -2]
    for data in (b"", b"RIFF", b"nonsense" * 20):
        with pytest.raises(WaveRNNError, match="16-bit mono WAV"):
            read_wav(data)


def test_rest_needs_no_tensorflow(server, served, tmp_path):
    """In a process where TensorFlow and gRPC cannot be imported."""
    np.save(tmp_path / "mel.npy", served.features(FRAMES, 1))
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'tf_keras', 'grpc', 'tensorflow_serving'):\n"
        "    sys.modules[name] = None\n"
        "from wavernn_tf.cli import cli\n"
        "cli.main(sys.argv[1:], prog_name='wavernn-tf')\n"
    )
    arguments = ["client", "--url", server.urls["http"], "synthesize"]
    arguments += [str(tmp_path / "mel.npy"), str(tmp_path / "out.wav"), "--seed", "3"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    audio, rate = read_wav((tmp_path / "out.wav").read_bytes())
    assert rate == served.config.mel.sample_rate
    served.assert_spoken(audio, served.features(FRAMES, 1), 3)
