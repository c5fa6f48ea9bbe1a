"""Scripts that belong to no package, as modules."""

import importlib.util
from pathlib import Path

from tests.helpers.wheels import CHECKOUT


def load(path):
    """The module of a script, whose path is given from the checkout."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, CHECKOUT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
