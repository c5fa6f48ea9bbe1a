"""WAV files: what another reader finds in them, and how ours are known again."""

import io
import wave

import numpy as np

from wavernn_tf.audio.wav import is_own_wav, wav_bytes, write_wav

AUDIO = np.array([0, 1, -1, 32767, -32768], np.int16)


def test_another_reader_finds_the_samples():
    with wave.open(io.BytesIO(wav_bytes(AUDIO, 22050))) as file:
        assert file.getparams()[:4] == (1, 2, 22050, len(AUDIO))
        np.testing.assert_array_equal(np.frombuffer(file.readframes(9), "<i2"), AUDIO)


def test_the_length_in_the_head_is_that_of_the_file():
    contents = wav_bytes(AUDIO, 16000)
    assert int.from_bytes(contents[4:8], "little") == len(contents) - 8


def test_our_files_are_known_again(tmp_path):
    write_wav(tmp_path / "ours.wav", AUDIO, 16000)
    assert is_own_wav(tmp_path / "ours.wav")
    with wave.open(str(tmp_path / "other.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(AUDIO.tobytes())
    assert not is_own_wav(tmp_path / "other.wav")
