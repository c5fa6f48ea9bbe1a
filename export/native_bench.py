"""What the native library measures by itself: its read floor, and the stages of its ops.

A library that was built without these functions is no error: what they measure is then unknown.
"""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Any, Tuple, Union

import numpy as np

from wavernn_tf.export.library import LIBRARY

MISSING = (
    "the native library measures neither its read floor nor its stages: build it anew "
    "(`pip install .` in the source folder)"
)
"""What to tell where one of the functions below finds nothing."""


def read_floor_us(n_bytes: int, library: Union[str, Path] = LIBRARY) -> float:
    """Measure how long this core takes to read memory once that its cache holds.

    One measurement takes some milliseconds; take the median of several.

    Args:
      n_bytes: size of the memory.
      library: path of libwavernn_tf.so.

    Returns:
      Microseconds; NaN if the library cannot tell.
    """
    measure = _function("wavernn_tf_read_floor_us", library)
    if measure is None:
        return math.nan
    measure.argtypes, measure.restype = [ctypes.c_int64], ctypes.c_double
    return measure(n_bytes)


def stage_names(library: Union[str, Path] = LIBRARY) -> Tuple[str, ...]:
    """Names of the stages whose time the ops can keep; none if the library cannot."""
    names = _function("wavernn_tf_stage_names", library)
    if names is None:
        return ()
    names.argtypes, names.restype = [], ctypes.c_char_p
    return tuple(names().decode().split(","))


def take_stages(library: Union[str, Path] = LIBRARY) -> np.ndarray:
    """Take the time that the stages took since the last call, over all streams.

    Only voices loaded with `stages=True` keep it.

    Returns:
      float64 [len(stage_names())], microseconds.
    """
    spent = np.zeros(len(stage_names(library)))
    take = _function("wavernn_tf_take_stages", library)
    if take is not None:
        take.argtypes, take.restype = [ctypes.POINTER(ctypes.c_double)], None
        take(spent.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
    return spent


def _function(name: str, library: Union[str, Path]) -> Any:
    return getattr(ctypes.CDLL(str(library)), name, None)
