"""What the native library measures by itself: its read floor, and the stages of its ops."""

from __future__ import annotations

import ctypes
from typing import Tuple

import numpy as np

from wavernn_tf.export.runtime.library import LIBRARY


def read_floor_us(n_bytes: int) -> float:
    """Measure how long this core takes to read memory once that its cache holds.

    One measurement is the median over several places in memory, of which some suit the cache better
    than others, and takes some tens of milliseconds; take the median of several.

    Args:
      n_bytes: size of the memory.

    Returns:
      Microseconds.
    """
    measure = _library().wavernn_tf_read_floor_us
    measure.argtypes, measure.restype = [ctypes.c_int64], ctypes.c_double
    return measure(n_bytes)


def stage_names() -> Tuple[str, ...]:
    """Names of the stages whose time the ops can keep."""
    names = _library().wavernn_tf_stage_names
    names.argtypes, names.restype = [], ctypes.c_char_p
    return tuple(names().decode().split(","))


def take_stages() -> np.ndarray:
    """Take the time that the stages took since the last call, over all streams.

    Only voices loaded with `stages=True` keep it.

    Returns:
      float64 [len(stage_names())], microseconds.
    """
    spent = np.zeros(len(stage_names()))
    take = _library().wavernn_tf_take_stages
    take.argtypes, take.restype = [ctypes.POINTER(ctypes.c_double)], None
    take(spent.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
    return spent


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(LIBRARY))
