"""The coded value of a sample: residual of the prediction, split in two bytes (NumPy only).

    v = (s - p + 32768 + o) mod 65536          o: `SignalConfig.offset`; p: the prediction, or 0
    e = v - 32768 - o                          the residual

The linear split takes the high byte of v as c and the low byte as f. The "mulaw" split has 256
coarse classes of mu-law width, `EDGES[c] <= v < EDGES[c + 1]`, and f is the place inside: exact
where the class is at most 256 wide, rounded where it is wider. Fine classes that a narrow class
does not have are never drawn.
"""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import numpy.typing as npt

from wavernn_tf.config import SignalConfig

Int32 = npt.NDArray[np.int32]


def _edges() -> Int32:
    q = (np.arange(257) - 128.5) / 128
    value = np.rint(32768 + 32768 * np.sign(q) * (256.0 ** np.abs(q) - 1) / 255)
    edges = np.clip(value, 0, 65536).astype(np.int32)
    edges[0], edges[256] = 0, 65536
    return edges


EDGES: Int32 = _edges()
"""int32 [257]: where the coarse classes of the mu-law split begin."""

WIDTHS: Int32 = np.diff(EDGES)
"""int32 [256]: values in each coarse class of the mu-law split."""


_LARGEST = 1 << 16
"""No sample, prediction or residual is larger in magnitude."""


def _logarithms() -> npt.NDArray[np.float32]:
    x = np.arange(-_LARGEST, _LARGEST + 1, dtype=np.float64)
    return (np.sign(x) * np.log1p(np.abs(x) / 8) / math.log(4097)).astype(np.float32)


_LOGARITHMS = _logarithms()
COARSE = np.repeat(np.arange(256, dtype=np.int32), WIDTHS)
"""int32 [65536]: the coarse class of every coded value in the mu-law split."""


def fine_counts(split: str) -> Int32:
    """Fine classes of every coarse class: int32 [256], in 1..256.

    Args:
      split: "linear" or "mulaw".
    """
    return np.full(256, 256, np.int32) if split == "linear" else np.minimum(WIDTHS, 256)


def shared_nats(split: str) -> npt.NDArray[np.float32]:
    """Natural logarithm of how many values share a (c, f): float32 [256, 256], 0 where one does.

    It is what a sample costs beside c and f. Classes that no value has count as one.
    """
    counts = np.ones([256, 256])
    if split == "mulaw":
        for c in np.flatnonzero(WIDTHS > 256):
            place = np.arange(WIDTHS[c], dtype=np.int64) * 256 // WIDTHS[c]
            counts[c] = np.bincount(place, minlength=256)
    return np.log(counts).astype(np.float32)


def value(samples: npt.ArrayLike, predictions: npt.ArrayLike, signal: SignalConfig) -> Int32:
    """The coded value v in [0, 65535] of samples and their predictions, int [...]."""
    s, p = np.asarray(samples, np.int32), np.asarray(predictions, np.int32)
    return (s - p + (32768 + signal.offset)) & 65535


def sample(v: npt.ArrayLike, predictions: npt.ArrayLike, signal: SignalConfig) -> Int32:
    """Undo `value`: the samples of coded values and predictions, int32 [...]."""
    total = np.asarray(v, np.int32) + np.asarray(predictions, np.int32)
    return (total & 65535) - (32768 + signal.offset)


def residual(v: npt.ArrayLike, signal: SignalConfig) -> Int32:
    """The residual e, a signed integer, of coded values: int32 [...]."""
    return np.asarray(v, np.int32) - (32768 + signal.offset)


def encode(v: npt.ArrayLike, split: str) -> Tuple[Int32, Int32]:
    """Coded values to (c, f), int32 [...] in [0, 255].

    Args:
      v: int [...] in [0, 65535].
      split: "linear" or "mulaw".
    """
    v = np.asarray(v, np.int32)
    if split == "linear":
        return v >> 8, v & 255
    c = np.take(COARSE, v)
    place, width = v - EDGES[c], WIDTHS[c]
    return c, np.where(width <= 256, place, place * 256 // width)


def decode(coarse: npt.ArrayLike, fine: npt.ArrayLike, split: str) -> Int32:
    """Undo `encode`; where several values share (c, f), one near their middle.

    Args:
      coarse: int [...] in [0, 255].
      fine: int [...], a fine class that the coarse one has.
      split: "linear" or "mulaw".
    """
    c, f = np.asarray(coarse, np.int32), np.asarray(fine, np.int32)
    if split == "linear":
        return c * 256 + f
    width = WIDTHS[c]
    return EDGES[c] + np.where(width <= 256, f, (2 * f + 1) * width // 512)


def start(signal: SignalConfig) -> Tuple[int, int]:
    """(c, f) before the first sample: silence."""
    c, f = encode(32768 + signal.offset, signal.split)
    return int(c), int(f)


def logarithmic(samples: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """A sample or residual on the logarithmic scale of the network's inputs, in about [-1, 1].

    L(x) = sign(x) ln(1 + |x| / 8) / ln(4097).

    Args:
      samples: int [...], of at most 17 bits.

    Returns:
      float32 [...].
    """
    return np.take(_LOGARITHMS, np.asarray(samples) + _LARGEST)
