"""WAV files in and out of a batch, and the features of their samples."""

import io
import struct
import wave

import numpy as np
import pytest
import tensorflow as tf

from tests.export.tflite.test_tflite import info_for
from tests.helpers.small import features_for, small_config, sparse_weights
from wavernn_tf.audio import signal, wav
from wavernn_tf.audio.mel import log_mel
from wavernn_tf.export.serving import saved_model, wav_rows

RATE = 16000
EVERY = np.arange(-32768, 32768).astype(np.int16)


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def form(kind=1, channels=1, rate=RATE, bits=16):
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * frame, frame, bits))


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def decoded(*files):
    return [x.numpy() for x in wav_rows.decode(tf.constant(np.array(files, object)), RATE)]


def read(data):
    with wave.open(io.BytesIO(data)) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_every_sample_survives_encoding_and_decoding():
    audio = np.stack([EVERY, EVERY[::-1]])
    files = wav_rows.encode(tf.constant(audio), tf.constant([65536, 100]), RATE).numpy()
    np.testing.assert_array_equal(read(files[0]), EVERY)
    np.testing.assert_array_equal(read(files[1]), EVERY[::-1][:100])
    samples, lengths, status = decoded(*files)
    assert lengths.tolist() == [65536, 100] and not any(status)
    np.testing.assert_array_equal(samples[0, :65536], EVERY)
    np.testing.assert_array_equal(samples[1, :100], EVERY[::-1][:100])
    assert not samples[1, 100:].any()


def test_a_row_without_samples_is_no_file():
    audio = tf.zeros([2, 4], tf.int16)
    assert wav_rows.encode(audio, tf.constant([0, 4]), RATE).numpy()[0] == b""


DATA = chunk(b"data", EVERY[:7].tobytes())
EXTENSIBLE = struct.pack(
    "<HHIIHHHHIH14s", 0xFFFE, 1, RATE, 2 * RATE, 2, 16, 22, 16, 4, 1, b"\0" * 14
)
GOOD = {
    "our own": wav.wav_bytes(EVERY[:7], RATE),
    "plain": riff(form(), DATA),
    "other chunks": riff(chunk(b"JUNK", b"odd"), form(), chunk(b"fact", b"\0" * 4), DATA),
    "extensible": riff(chunk(b"fmt ", EXTENSIBLE), DATA),
    "unknown size": riff(form(), b"data" + b"\xff" * 4 + EVERY[:7].tobytes()),
}


@pytest.mark.parametrize("name", GOOD)
def test_files_of_other_programs_are_read(name):
    samples, lengths, status = decoded(GOOD[name])
    assert status.tolist() == [b""] and lengths.tolist() == [7]
    np.testing.assert_array_equal(samples[0, :7], EVERY[:7])


BAD = {
    "nothing": (b"", "a RIFF WAV file; got 0 bytes that are none"),
    "garbage": (b"\xff\x00" * 50, "a RIFF WAV file; got 100 bytes that are none"),
    "no chunks": (b"RIFF\0\0\0\0WAVE", "a chunk `fmt ` of 16 bytes; got none"),
    "form cut off": (riff(form())[:30], "a chunk `fmt ` of 16 bytes; got none"),
    "stereo": (riff(form(channels=2), DATA), "one channel; got 2"),
    "rate": (riff(form(rate=44100), DATA), "a rate of 16000 Hz; got 44100 Hz"),
    "8 bits": (riff(form(bits=8), DATA), "samples of 16 bits; got 8"),
    "float": (riff(form(kind=3), DATA), "PCM samples (format 1); got format 3"),
    "no data": (riff(form()), "a chunk `data`; got none"),
    "cut off": (riff(form(), DATA)[:-6], "14 bytes of samples; got 8: cut off"),
    "empty": (riff(form(), chunk(b"data", b"")), "at least one sample; got none"),
    "zeros": (b"RIFF\0\0\0\0WAVE" + bytes(10**6), "a chunk `fmt ` of 16 bytes; got none"),
    "huge": (b"RIFF\0\0\0\0WAVEJUNK" + b"\xfe" * 40, "a chunk `fmt ` of 16 bytes; got none"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_and_its_neighbour_is_read(name):
    data, message = BAD[name]
    samples, lengths, status = decoded(data, GOOD["plain"])
    assert status.tolist() == [f"wav_bytes: expected {message}".encode(), b""]
    assert lengths.tolist() == [0, 7]
    np.testing.assert_array_equal(samples[1, :7], EVERY[:7])


# ---------------------------------------------------------------- in a SavedModel


class Saved:
    def __init__(self, folder):
        self.config = small_config()
        weights = sparse_weights(self.config)
        path = saved_model.save(
            self.config, weights, info_for(self.config, weights), folder, xla=False
        )
        self.signatures = tf.saved_model.load(path).signatures

    def call(self, name, **inputs):
        tensors = {key: tf.constant(value) for key, value in inputs.items()}
        return {key: value.numpy() for key, value in self.signatures[name](**tensors).items()}

    def features(self, *files):
        return self.call("features", wav_bytes=np.array(files, object))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return Saved(tmp_path_factory.mktemp("features") / "voice")


def clips():
    """Noise of three lengths, one shorter than the FFT: int16 each."""
    rng = np.random.default_rng(1)
    noise = (2000 * rng.standard_normal(5000)).astype(np.int16)
    return [noise, noise[:4003], noise[100:177]]


def test_features_are_those_of_the_package(saved):
    rows = clips()
    outputs = saved.features(*(wav.wav_bytes(row, RATE) for row in rows))
    assert not any(outputs["status"])
    for mel, frames, row in zip(outputs["features"], outputs["lengths"], rows):
        expected = log_mel(signal.to_float(row), saved.config.mel)
        assert frames == len(expected)
        np.testing.assert_allclose(mel[:frames], expected, atol=1e-4)
        assert not mel[frames:].any()
    assert np.abs(outputs["features"][0, 0] - outputs["features"][1, 3]).max() > 1e-2


def test_features_of_audio_and_of_its_file_are_equal(saved):
    rows = clips()
    audio = np.full([3, max(map(len, rows)) + 5], 999, np.int16)
    for place, row in zip(audio, rows):
        place[: len(row)] = row
    outputs = saved.call(
        "features_of_audio", audio=audio, audio_lengths=np.int32([len(row) for row in rows])
    )
    of_files = saved.features(*(wav.wav_bytes(row, RATE) for row in rows))
    for key in ("features", "lengths", "status"):
        np.testing.assert_array_equal(outputs[key], of_files[key])


def test_a_bad_file_has_no_features_and_its_neighbour_has(saved):
    good = wav.wav_bytes(clips()[1], RATE)
    alone, outputs = saved.features(good), saved.features(b"garbage", good)
    assert outputs["lengths"].tolist() == [0, alone["lengths"][0]]
    assert outputs["status"][0].startswith(b"wav_bytes: expected") and not outputs["status"][1]
    assert not outputs["features"][0].any()
    np.testing.assert_array_equal(outputs["features"][1], alone["features"][0])


def test_audio_lengths_beyond_the_audio_are_told(saved):
    audio = np.zeros([2, 100], np.int16)
    lengths = np.int32([101, 100])
    outputs = saved.call("features_of_audio", audio=audio, audio_lengths=lengths)
    expected = b"audio_lengths: expected 1 to 100 samples; got 101"
    assert outputs["status"].tolist() == [expected, b""]
    assert outputs["lengths"].tolist() == [0, 3]


def test_wav_bytes_are_the_audio_of_synthesize(saved):
    features = features_for(saved.config, 5, padded=False)[None].repeat(3, axis=0)
    inputs = {
        "features": features,
        "lengths": np.int32([5, 2, 9]),
        "seed": np.int64([1, 2, 3]),
        "temperature": np.ones(3, np.float32),
        "fine_temperature": np.ones(3, np.float32),
    }
    spoken, files = saved.call("synthesize", **inputs), saved.call("synthesize_wav", **inputs)
    for row in (0, 1):
        audio = spoken["audio"][row, : spoken["audio_lengths"][row]]
        np.testing.assert_array_equal(read(files["wav_bytes"][row]), audio)
    assert files["wav_bytes"][2] == b""
    assert files["status"].tolist() == spoken["status"].tolist()
    assert b"expected 1 to 5 frames; got 9" in files["status"][2]
