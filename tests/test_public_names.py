"""The package's public names: light to import, and known to type checkers."""

import ast
import subprocess
import sys

import pytest

import wavernn_tf
from tests.helpers.wheels import CHECKOUT

HEAVY = ("tensorflow", "tf_keras", "numpy", "yaml", "click")


def fresh(code):
    """Runs code in a Python of its own, in the checkout; returns what it prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, wavernn_tf; print([m for m in {HEAVY} if m in sys.modules])"
    assert fresh(code).strip() == "[]"


def test_names_of_the_runtime_load_no_tensorflow():
    code = "import sys; from wavernn_tf import Config, MelRecipe, VoiceInfo, Vocoder, write_wav\n"
    code += "from wavernn_tf import WaveRNNError; print('numpy' in sys.modules, "
    code += "[m for m in ('tensorflow', 'tf_keras', 'yaml', 'click') if m in sys.modules])"
    assert fresh(code).strip() == "True []"


def test_every_name_loads_and_comes_from_the_package():
    assert len(set(wavernn_tf.__all__)) == len(wavernn_tf.__all__) > 10
    for name in wavernn_tf.__all__:
        value = getattr(wavernn_tf, name)
        assert name == "__version__" or value.__module__.startswith("wavernn_tf."), name
        assert name in dir(wavernn_tf)


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(AttributeError, match="no attribute 'Vocodr'"):
        wavernn_tf.Vocodr  # noqa: B018


def test_the_stub_names_the_same():
    tree = ast.parse((CHECKOUT / "wavernn_tf" / "__init__.pyi").read_text())
    homes = {
        alias.asname: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    expected = {
        name: (f"wavernn_tf.{module}", attribute)
        for name, (module, attribute) in wavernn_tf._HOMES.items()
    }
    assert homes == expected
    (listed,) = [n.value for n in tree.body if isinstance(n, ast.Assign)]
    assert sorted(ast.literal_eval(listed)) == sorted(wavernn_tf.__all__)
    assert (CHECKOUT / "wavernn_tf" / "py.typed").is_file()
