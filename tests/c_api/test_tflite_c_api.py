"""The delegate behind TFLite's own C API, from a C program.

Neither TensorFlow's nor LiteRT's wheel exports that API; that of LiteRT-LM does.
"""

import importlib.util
from pathlib import Path

import pytest

from tests.c_api.programs import CASES, assert_speaks_as_python, speak
from tests.helpers.native_build import ROOT, run
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


@pytest.mark.parametrize("kind, weight_type", CASES)
def test_the_c_program_equals_python(program, voices, tmp_path, kind, weight_type):
    content = voices(kind, weight_type)
    padded = assert_speaks_as_python([program], tmp_path, content)
    done, out = speak([program], tmp_path, content[: len(content) // 2], padded, 7)
    assert done.returncode == 2 and not out.exists()
