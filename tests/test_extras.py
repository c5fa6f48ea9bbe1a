"""What is said where an extra is missing."""

import configparser
import re
import subprocess
import sys

import pytest

from tests.helpers.wheels import CHECKOUT
from wavernn_tf import extras
from wavernn_tf.errors import WaveRNNError


def required():
    """Distributions by extra, as setup.cfg has them."""
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / "setup.cfg")
    return {
        extra: re.findall(r"^([\w-]+)", listed, re.MULTILINE)
        for extra, listed in parser["options.extras_require"].items()
    }


def test_every_module_is_of_a_distribution_of_its_extra():
    names = {"ai_edge_litert": "ai-edge-litert", "tensorflow_serving": "tensorflow-serving-api"}
    brought = required()
    for extra, modules in extras.MODULES.items():
        for module in modules:
            assert names.get(module, module.replace("_", "-")) in brought[extra]
    assert brought["development"][0] == "wavernn-tf"  # [train]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("tensorflow", "Singing needs TensorFlow: pip install 'wavernn-tf[train]'"),
        ("tf_keras.src.layers", "Singing needs tf-keras: pip install 'wavernn-tf[train]'"),
        ("ai_edge_litert", "Singing needs LiteRT: pip install 'wavernn-tf[litert]'"),
    ],
)
def test_a_missing_module_is_told_with_its_extra(module, expected):
    @extras.needed_for("Singing")
    def sing():
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    for _ in range(2):  # a decorator is used again
        with pytest.raises(WaveRNNError) as caught:
            sing()
        assert str(caught.value) == expected


def test_the_first_of_what_is_missing_is_named(monkeypatch):
    assert extras.missing("It", "tqdm") == "It needs tqdm: pip install 'wavernn-tf[train]'"
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert extras.missing("It", "tqdm") == "It needs TensorFlow: pip install 'wavernn-tf[train]'"


def test_other_errors_come_through():
    for error in (ModuleNotFoundError("x", name="numpy"), ImportError("tensorflow"), KeyError()):
        with pytest.raises(type(error)) as caught, extras.needed_for("Singing"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize(("python", "fits"), [((3, 8), 0), ((3, 9), 1), ((3, 12), 1), ((3, 13), 0)])
def test_a_python_without_tensorflow_is_told(python, fits, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))
    told = extras.missing("Training", "tensorflow")
    assert told.startswith("Training needs TensorFlow: pip install 'wavernn-tf[train]'")
    assert told.endswith("]'") == bool(fits)
    assert fits or f"with Python 3.9 to 3.12; this is Python {python[0]}.{python[1]}," in told
    assert "Python" not in extras.missing("Speaking", "ai_edge_litert")


def test_the_pythons_are_those_of_setup_cfg():
    first, last = extras.TRAIN_PYTHONS
    text = (CHECKOUT / "setup.cfg").read_text()
    assert f"python_requires = >={first[0]}.{first[1]}\n" in text
    markers = set(re.findall(r'python_version < "([\d.]+)"', text))
    assert markers == {f"{last[0]}.{last[1] + 1}"}


def test_public_names_tell_too():
    code = "import sys; sys.modules['tensorflow'] = None; import wavernn_tf; wavernn_tf.build_model"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    expected = "WaveRNNError: `wavernn_tf.build_model` needs TensorFlow: pip install 'wavernn-tf["
    assert expected in done.stderr
