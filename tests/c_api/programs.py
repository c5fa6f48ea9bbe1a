"""C programs that speak a voice: MODEL FEATURES OUT RATE SEED, against the Python runtime."""

import subprocess

import numpy as np
import soundfile

from tests.c_api.small_voices import features_of
from wavernn_tf.export.runtime import Vocoder

CASES = [("plain", "int8"), ("postfilter", "bfloat16"), ("subscale", "float32")]
"""Kind of a small voice, and type of its weights."""


def speak(command, folder, content, padded, seed):
    """Run a program, its first arguments included; what it did, and the path of its audio."""
    model, features, out = folder / "model.tflite", folder / "mel.npy", folder / "out.wav"
    model.write_bytes(content)
    np.save(features, padded)
    command = [*command, model, features, out, 16000, seed]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    return done, out


def assert_speaks_as_python(command, folder, content):
    """The same samples, and features that are not finite refused with the op's words.

    Returns:
      float32 [frames, n_features], with the context around: fit to be spoken.
    """
    vocoder = Vocoder.load(content)
    mel = features_of(vocoder.info, 20)
    around = (vocoder.info.past, vocoder.info.frames_after)
    padded = np.pad(mel, (around, (0, 0)), mode="edge")
    done, out = speak(command, folder, content, padded, 7)
    assert done.returncode == 0, done.stderr
    audio, _ = soundfile.read(out, dtype="int16")
    np.testing.assert_array_equal(audio, vocoder.synthesize(mel, seed=7))
    assert (audio != vocoder.synthesize(mel, seed=8)).any()  # canary

    out.unlink()
    spoilt = padded.copy()
    spoilt[3, 1] = np.nan
    done, out = speak(command, folder, content, spoilt, 7)
    assert done.returncode == 2 and not out.exists()
    assert "WaveRNNGenerate: expected finite features; got" in done.stderr
    return padded
