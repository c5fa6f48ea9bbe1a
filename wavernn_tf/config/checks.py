"""Checks of single fields."""

from __future__ import annotations

from typing import Any, Tuple

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.trees import shown


def one_of(path: str, value: Any, allowed: Tuple[Any, ...]) -> None:
    """Refuse a value that is not allowed; `path` names the field."""
    if value not in allowed:
        listed = ", ".join(map(str, allowed))
        raise WaveRNNError(f"Expected `{path}` to be one of {listed}; got {shown(value)}.")


def positive(where: str, config: Any, *fields: str) -> None:
    """Refuse fields of `config`, the part of the tree named `where`, that are not above 0."""
    for field in fields:
        value = getattr(config, field)
        if not value > 0:
            raise WaveRNNError(f"Expected `{where}.{field}` > 0; got {value}.")
