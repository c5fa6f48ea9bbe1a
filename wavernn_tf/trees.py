"""Dataclasses to plain trees (of YAML and JSON) and back, checked key by key and type by type."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import math
import reprlib
import typing
from typing import Any, Dict, List, Mapping, Type, TypeVar, Union

from wavernn_tf.errors import WaveRNNError

T = TypeVar("T")

_LARGEST = 2**63
"""Integers stay below, so that NumPy and TensorFlow hold them."""


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
      WaveRNNError: for an unknown key (naming the nearest one), a value of the wrong type, or a
        missing one that has no default.
    """
    if not isinstance(values, Mapping):
        raise WaveRNNError(f"Expected `{where or 'the configuration'}` to be a mapping of names.")
    kind: Any = cls  # mypy takes no Type[T] for hashable
    hints = _hints(kind)
    made: Dict[str, Any] = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in hints:
            near = difflib.get_close_matches(str(key)[:100], hints, n=1, cutoff=0.0)
            nearest = f"{where}.{near[0]}" if where else near[0]
            raise WaveRNNError(f"Unknown key `{path[:200]}`; did you mean `{nearest}`?")
        made[key] = _convert(hints[key], value, path)
    missing = [name for name in _needed(kind) if name not in made]
    if missing:
        raise WaveRNNError(f"Expected `{where or 'the tree'}` to name {', '.join(missing)}.")
    return cls(**made)


@functools.cache
def _hints(cls: Any) -> Dict[str, Any]:
    return typing.get_type_hints(cls)


@functools.cache
def _needed(cls: Any) -> List[str]:
    """Fields without a default."""
    missing = dataclasses.MISSING
    return [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is missing and field.default_factory is missing
    ]


def parse_json(text: str) -> Any:
    """`json.loads`, of a text that may be anything.

    Raises:
      ValueError: if it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def shown(value: Any) -> str:
    """A value for a message: `repr`, cut off where it is long or deep."""
    brief = reprlib.Repr()
    brief.maxlevel, brief.maxstring, brief.maxother = 2, 80, 80
    try:
        return brief.repr(value)
    except ValueError:  # Python does not write integers of thousands of digits
        return "a number of very many digits"


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
            raise WaveRNNError(f"Expected `{path}` to be a list; got {shown(value)}.")
        item = typing.get_args(hint)[0]
        return tuple(_convert(item, v, f"{path}[{i}]") for i, v in enumerate(value))
    if typing.get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise WaveRNNError(f"Expected `{path}` to be a mapping; got {shown(value)}.")
        item = typing.get_args(hint)[1]
        return {str(k): _convert(item, v, f"{path}.{k}") for k, v in value.items()}
    if hint is Any:
        return value
    if isinstance(value, str) and hint is float:
        # YAML 1.1 reads 1e-3 (no dot) as a string.
        try:
            value = float(value)
        except ValueError:
            pass
    if hint is str and value is False:
        value = "off"  # YAML 1.1 reads a bare off as false
    if type(value) is int and not -_LARGEST <= value < _LARGEST:
        raise WaveRNNError(f"Expected `{path}` to be a number of 64 bits; got {shown(value)}.")
    if hint is float and type(value) is int:
        value = float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise WaveRNNError(f"Expected `{path}` to be a {hint.__name__}; got {shown(value)}.")
    if hint is float and not math.isfinite(value):
        raise WaveRNNError(f"Expected `{path}` to be finite; got {value!r}.")
    return value
