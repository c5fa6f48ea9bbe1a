"""The extras of the package: what each brings, and what to say where one is missing."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from typing import Iterator, Optional

from wavernn_tf.errors import WaveRNNError

MODULES = {
    "train": {
        "tensorflow": "TensorFlow",
        "tf_keras": "tf-keras",
        "tensorflow_model_optimization": "tensorflow-model-optimization",
        "tensorflow_io": "tensorflow-io",
        "matplotlib": "matplotlib",
        "tqdm": "tqdm",
    },
    "litert": {"ai_edge_litert": "LiteRT"},
    "serving": {"tensorflow_serving": "tensorflow-serving-api"},
    "beam": {"apache_beam": "Apache Beam"},
}
"""By extra: modules, and the names that people know them by. `setup.cfg` has the versions."""

TRAIN_PYTHONS = ((3, 9), (3, 12))
"""The first and the last Python that TensorFlow 2.16 is there for."""


def install(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'wavernn-tf[{extra}]'"


@contextlib.contextmanager
def needed_for(purpose: str) -> Iterator[None]:
    """Say which extra is missing; around imports, or as a decorator.

    Args:
      purpose: what the extra is needed for, as the start of a sentence.

    Raises:
      WaveRNNError: in place of a `ModuleNotFoundError` for a module of an extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        message = missing(purpose, (error.name or "").split(".")[0])
        if message is None:
            raise
        raise WaveRNNError(message) from error


def missing(purpose: str, module: str) -> Optional[str]:
    """What to say where a module is not installed; None if no extra brings it."""
    for extra, modules in MODULES.items():
        if module not in modules:
            continue
        # Others may be imported before the one that the extra is known for.
        absent = next((each for each in modules if not _is_there(each)), module)
        message = f"{purpose} needs {modules[absent]}: {install(extra)}"
        first, last = TRAIN_PYTHONS
        if extra == "train" and not first <= sys.version_info[:2] <= last:
            return (
                f"{message}, with Python {_dotted(first)} to {_dotted(last)}; this is Python "
                f"{_dotted(sys.version_info[:2])}, which has no TensorFlow 2.16."
            )
        return message
    return None


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
