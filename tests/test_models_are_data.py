"""Models are data: reading one runs no code of it.

The syntax trees of all sources name nothing that would run what a file says; files that hold code
are refused by every reader, and the code does not run.
"""

import ast
import os
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.wheels import CHECKOUT
from wavernn_tf import config as configuration
from wavernn_tf.audio import feature_files
from wavernn_tf.errors import WaveRNNError

SOURCES = sorted(
    path
    for folder in ("wavernn_tf", "export", "pipelines")
    for path in (CHECKOUT / folder).rglob("*.py")
)
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
METHODS = {
    "yaml": {"load", "load_all", "full_load", "unsafe_load", "Loader", "UnsafeLoader"},
    "layers": {"Lambda"},
}


def faults(text: str) -> list:
    """What a source names that runs code of a file, with its line."""
    found = []
    for node in ast.walk(ast.parse(text)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [(line, n) for n in names if n.split(".")[0] in MODULES]
        if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
            owner = getattr(node.value, "id", getattr(node.value, "attr", ""))
            if node.attr in METHODS.get(owner, ()):
                found.append((line, f"{owner}.{node.attr}"))
        if isinstance(node, ast.Call):
            found += _of_call(node, line)
    return found


def _of_call(node: ast.Call, line: int) -> list:
    found = []
    values = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
    if isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
        found.append((line, node.func.id))
    for name, safe in (("allow_pickle", False), ("weights_only", True), ("safe_mode", True)):
        if values.get(name, safe) is not safe:
            found.append((line, name))
    owner = getattr(getattr(node.func, "value", None), "id", "")
    called = getattr(node.func, "attr", "")
    if (owner, called) == ("np", "load") and values.get("allow_pickle") is not False:
        found.append((line, "np.load without allow_pickle=False"))
    if (owner, called) == ("torch", "load") and values.get("weights_only") is not True:
        found.append((line, "torch.load without weights_only=True"))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_no_source_runs_what_a_file_says(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "import marshal as m",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "numpy.lib.format.read_array(file, allow_pickle=flag)",
        "torch.load(path)",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "keras.layers.Lambda(f)",
        "keras.models.load_model(path, safe_mode=False)",
        "eval(text)",
        "__import__(name)",
    ],
)
def test_the_search_finds(text: str) -> None:
    assert faults(text)


class Runs:
    """Pickled, it makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.fixture
def code(tmp_path):
    """An array that runs code if it is read carelessly, and the folder that would appear."""
    folder = tmp_path / "ran"
    array = np.array([Runs(folder)], object)
    np.save(tmp_path / "canary.npy", array, allow_pickle=True)
    np.load(tmp_path / "canary.npy", allow_pickle=True)
    assert folder.is_dir()
    folder.rmdir()
    yield array
    assert not folder.exists()


def test_features_with_code(code, tmp_path):
    np.save(tmp_path / "mel.npy", code, allow_pickle=True)
    np.savez(tmp_path / "mel.npz", mel=code)
    for name in ("mel.npy", "mel.npz"):
        with pytest.raises(WaveRNNError, match="Object arrays cannot be loaded"):
            feature_files.read(tmp_path / name, 1)


def test_a_run_with_code(code, tmp_path):
    from tests.helpers.small import small_config
    from wavernn_tf.models import wavernn
    from wavernn_tf.models.run_folder import RunFolder
    from wavernn_tf.training import pitch_stage

    config = small_config()
    run = RunFolder.at(tmp_path / "run")
    statistics = {name: [0.5] * config.n_features for name in ("feature_mean", "feature_std")}
    run.path.mkdir()
    run.begin(config, {"path": "data", "fingerprint": "0", **statistics})
    model = wavernn.build(config)
    run.save_voice(model)
    with np.load(run.voice, allow_pickle=False) as whole:
        arrays = {name: whole[name] for name in whole.files}
    run.load_model()
    for name in list(arrays)[:3]:
        np.savez(run.voice, **{**arrays, name: code})
        with pytest.raises(WaveRNNError, match="Object arrays cannot be loaded"):
            run.load_model()
    np.savez(run.pitch, kernel_0=code)
    with pytest.raises(WaveRNNError, match="Object arrays cannot be loaded"):
        pitch_stage.load(run.pitch)


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.mkdir ['{folder}']",
        "training: !!python/object/apply:os.mkdir ['{folder}']",
        "mel: !!python/object/new:os.mkdir ['{folder}']",
        "name: !!python/name:os.mkdir",
    ],
)
def test_yaml_with_code(tmp_path, text):
    folder = tmp_path / "ran"
    path = tmp_path / "config.yaml"
    path.write_text(text.format(folder=folder))
    with pytest.raises(WaveRNNError, match="is not valid YAML"):
        configuration.load(str(path))
    assert not folder.exists()
