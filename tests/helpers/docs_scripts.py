"""The scripts in docs/, which belong to no package, as modules."""

import importlib.util

from tests.helpers.wheels import CHECKOUT


def load(name):
    """docs/NAME.py."""
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
