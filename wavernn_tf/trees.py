"""Dataclasses to plain trees (of YAML and JSON) and back, checked key by key and type by type."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import typing
from typing import Any, Dict, Mapping, Type, TypeVar, Union

from wavernn_tf.errors import WaveRNNError

T = TypeVar("T")


def to_dict(config: Any) -> Dict[str, Any]:
    """Plain, JSON-able tree of a configuration dataclass."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def from_dict(cls: Type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Build a configuration dataclass from a plain tree.

    Args:
      cls: the dataclass.
      values: field values; missing fields keep their defaults.
      where: dotted path of `values`, for messages.

    Raises:
      WaveRNNError: for an unknown key (naming the nearest one) or a value of the wrong type.
    """
    if not isinstance(values, Mapping):
        raise WaveRNNError(f"Expected `{where or 'the configuration'}` to be a mapping of names.")
    hints = typing.get_type_hints(cls)
    made: Dict[str, Any] = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1, cutoff=0.0)
            nearest = f"{where}.{near[0]}" if where else near[0]
            raise WaveRNNError(f"Unknown key `{path}`; did you mean `{nearest}`?")
        made[key] = _convert(hints[key], value, path)
    return cls(**made)


def merge(base: Mapping[str, Any], update: Mapping[str, Any]) -> Dict[str, Any]:
    """A tree with some values, and whole lists, replaced by those of another."""
    merged = dict(base)
    for key, value in update.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _convert(hint: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast(type, hint), value, path)
    if typing.get_origin(hint) is Union:  # one value, or a list of them
        one, several = typing.get_args(hint)
        return _convert(several if isinstance(value, (list, tuple)) else one, value, path)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise WaveRNNError(f"Expected `{path}` to be a list; got {value!r}.")
        item = typing.get_args(hint)[0]
        return tuple(_convert(item, v, f"{path}[{i}]") for i, v in enumerate(value))
    if isinstance(value, str) and hint is float:
        # YAML 1.1 reads 1e-3 (no dot) as a string.
        try:
            value = float(value)
        except ValueError:
            pass
    if hint is str and value is False:
        value = "off"  # YAML 1.1 reads a bare off as false
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise WaveRNNError(f"Expected `{path}` to be a {hint.__name__}; got {value!r}.")
    if hint is float and not math.isfinite(value):
        raise WaveRNNError(f"Expected `{path}` to be finite; got {value!r}.")
    return value
