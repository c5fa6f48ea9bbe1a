"""Packages of the extra `quality`: imported where they are used, and named when they are missing.

The distribution and all other commands work without them.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from wavernn_tf import extras
from wavernn_tf.errors import WaveRNNError

INSTALL = extras.install("quality")


class MissingPackage(WaveRNNError):
    """A package of the extra `quality` is not installed, or cannot be imported."""


def load(module: str, purpose: str) -> Any:
    """Import a module of the extra.

    Args:
      module: its name, such as "pesq".
      purpose: what it is needed for, as the start of a sentence.

    Returns:
      The module.

    Raises:
      MissingPackage: naming what is missing and the extra that brings it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # meant for their developers
            return importlib.import_module(module)
    except ImportError as error:
        name = getattr(error, "name", None) or module
        if isinstance(error, ModuleNotFoundError):
            reason = f"the package {name} is not installed"
        else:
            reason = f"the package {name} cannot be imported ({error})"
        raise MissingPackage(f"{purpose} is not measured: {reason}. Install it: {INSTALL}.") from (
            error
        )
