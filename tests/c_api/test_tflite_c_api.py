"""The delegate behind TFLite's own C API, from a C program.

Neither TensorFlow's nor LiteRT's wheel exports that API; that of LiteRT-LM does.
"""

import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.c_api.small_voices import features_of
from tests.helpers.native_build import ROOT, run
from wavernn_tf.export.runtime import Vocoder
from wavernn_tf.export.runtime.library import LIBRARY

pytestmark = pytest.mark.filterwarnings("ignore::wavernn_tf.errors.WaveRNNWarning")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    found = importlib.util.find_spec("litert_lm")
    folders = list(found.submodule_search_locations) if found else []
    runtimes = [Path(folder) / "liblitert-lm.so" for folder in folders]
    if not any(path.is_file() for path in runtimes):
        pytest.skip("no wheel here exports TFLite's C API: litert-lm-api is not installed")
    (runtime,) = [path for path in runtimes if path.is_file()]
    built = tmp_path_factory.mktemp("tflite") / "speak_tflite"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
    run(
        *("cc", *flags, ROOT / "examples/device/speak_tflite.c", "-o", built, LIBRARY, runtime),
        *(f"-Wl,-rpath,{path.parent}" for path in (Path(LIBRARY).resolve(), runtime)),
    )
    return built


def speak(program, folder, content, padded, seed):
    model, features, out = folder / "model.tflite", folder / "mel.npy", folder / "out.wav"
    model.write_bytes(content)
    np.save(features, padded)
    command = [program, model, features, out, 16000, seed]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    return done, out


@pytest.mark.parametrize(
    "kind, weight_type", [("plain", "int8"), ("postfilter", "bfloat16"), ("subscale", "float32")]
)
def test_the_c_program_equals_python(program, voices, tmp_path, kind, weight_type):
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
    assert "expected finite features; got" in done.stderr
    done, out = speak(program, tmp_path, content[: len(content) // 2], padded, 7)
    assert done.returncode == 2 and not out.exists()
