"""LiteRT 2's CompiledModel with the ops as custom-op kernels, from a C program."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.c_api.programs import CASES, assert_speaks_as_python
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


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """The program, run as often as it is told to in one process."""
    if not RUNTIME.exists():
        pytest.skip("this ai-edge-litert has no libLiteRt.so")
    folder = tmp_path_factory.mktemp("twice")
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/export/native"]
    sources = {"example": "examples/device/speak_litert.c", "twice": "tests/c_api/twice.c"}
    for name, source in sources.items():
        renamed = ["-Dmain=example_main"] if name == "example" else []
        run("cc", *flags, *renamed, "-c", ROOT / source, "-o", folder / f"{name}.o")
    run("cc", folder / "example.o", folder / "twice.o", "-o", folder / "twice", "-ldl")
    return folder / "twice"


@pytest.mark.parametrize("kind, weight_type", CASES)
def test_compiled_model_equals_the_interpreter(program, voices, tmp_path, kind, weight_type):
    content = voices(kind, weight_type)
    assert_speaks_as_python([program, RUNTIME, LIBRARY], tmp_path, content)


def test_two_voices_in_one_process(twice, voices, tmp_path):
    """Each is spoken by its own weights, whatever the other has left open."""
    command, expected = [twice], []
    for n, (kind, weight_type) in enumerate(
        [("plain", "int8"), ("postfilter", "bfloat16"), ("plain", "float32"), ("plain", "int8")]
    ):
        content = voices(kind, weight_type)
        vocoder = Vocoder.load(content)
        mel = features_of(vocoder.info, 20)
        around = (vocoder.info.past, vocoder.info.frames_after)
        model, features, out = (tmp_path / f"{n}.{end}" for end in ("tflite", "npy", "wav"))
        model.write_bytes(content)
        np.save(features, np.pad(mel, (around, (0, 0)), mode="edge"))
        command += ["--", RUNTIME, LIBRARY, model, features, out, 16000, 7]
        expected.append((out, vocoder.synthesize(mel, seed=7)))
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for out, wanted in expected:
        np.testing.assert_array_equal(soundfile.read(out, dtype="int16")[0], wanted)
    assert (expected[0][1] != expected[2][1]).any()  # canary: the voices differ
