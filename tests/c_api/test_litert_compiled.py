"""LiteRT 2's CompiledModel with the ops as custom-op kernels, from a C program."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.c_api.small_voices import features_of
from tests.helpers.native_build import ROOT, run
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import LIBRARY

litert = pytest.importorskip("ai_edge_litert")
RUNTIME = Path(litert.__file__).parent / "libLiteRt.so"
pytestmark = pytest.mark.filterwarnings("ignore::wavernn_tf.errors.WaveRNNWarning")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if not RUNTIME.exists():
        pytest.skip("this ai-edge-litert has no libLiteRt.so")
    built = tmp_path_factory.mktemp("litert") / "speak_litert"
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/export/native"]
    run("cc", *flags, ROOT / "examples/device/speak_litert.c", "-o", built, "-ldl")
    return built


def speak(program, folder, content, padded, seed):
    model, features, out = folder / "model.tflite", folder / "mel.npy", folder / "out.wav"
    model.write_bytes(content)
    np.save(features, padded)
    command = [program, RUNTIME, LIBRARY, model, features, out, 16000, seed]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    return done, out


@pytest.mark.parametrize(
    "kind, weight_type", [("plain", "int8"), ("postfilter", "bfloat16"), ("subscale", "float32")]
)
def test_compiled_model_equals_the_interpreter(program, voices, tmp_path, kind, weight_type):
    content = voices(kind, weight_type)
    vocoder = Vocoder.load(content)
    mel = features_of(vocoder.info, 20)
    around = (vocoder.info.past, vocoder.info.frames_after)
    padded = np.pad(mel, (around, (0, 0)), mode="edge")
    done, out = speak(program, tmp_path, content, padded, 7)
    assert done.returncode == 0, done.stderr
    audio, _ = soundfile.read(out, dtype="int16")
    np.testing.assert_array_equal(audio, vocoder.synthesize(mel, seed=7))
    assert (audio != vocoder.synthesize(mel, seed=8)).any()  # canary

    padded[3, 1] = np.nan
    out.unlink()
    done, out = speak(program, tmp_path, content, padded, 7)
    assert done.returncode == 2 and not out.exists()
    assert "WaveRNNGenerate: expected finite features; got" in done.stderr
