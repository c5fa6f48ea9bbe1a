"""The waveform as the network sees it: pre-emphasis, and 16 bits split in coarse and fine.

NumPy only, because the on-device runtime uses it. `wavernn_tf.audio.dsp` holds the TensorFlow
twins, equal bit for bit.

    x  int16 audio  --pre_emphasis-->  s  int32 samples  --split-->  c, f in [0, 255]
    c, f            --combine------->  s                 --de_emphasis-->  int16 audio
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]

SCALARS: npt.NDArray[np.float32] = np.arange(256, dtype=np.float32) / np.float32(
    127.5
) - np.float32(1)
"""Network input of each of the 256 codes: v / 127.5 - 1, in float32."""


def to_float(audio: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Integer samples [...] to float32 [...]: divided by 32768; of 16 bits, to [-1, 1)."""
    return np.asarray(audio).astype(np.float32) * np.float32(1 / 32768)


def pre_emphasis(audio: npt.ArrayLike, coefficient: float, previous: int = 0) -> Int32:
    """Whiten the spectrum: `s[n] = rint(x[n] - a x[n-1])`.

    Args:
      audio: int16 [..., samples].
      coefficient: a; 0 leaves the audio as it is.
      previous: x[-1], the audio sample before the first.

    Returns:
      int32 [..., samples]; the range is wider than 16 bits.
    """
    x = np.asarray(audio).astype(np.float32)
    before = np.concatenate([np.full_like(x[..., :1], previous), x[..., :-1]], axis=-1)
    scaled = np.float32(coefficient) * before
    return np.rint(x - scaled).astype(np.int32)


def de_emphasis(
    samples: npt.ArrayLike, coefficient: float, carry: float = 0.0
) -> Tuple[npt.NDArray[np.int16], np.float32]:
    """Undo `pre_emphasis`: `y[n] = s[n] + a y[n-1]`, rounded and clipped to 16 bits.

    Args:
      samples: int [samples], as `combine` gives them.
      coefficient: a.
      carry: y[-1], to go on where another call ended.

    Returns:
      (audio int16 [samples], y[-1] of the next call: not clipped, not rounded).
    """
    s = np.asarray(samples).astype(np.float32)
    y, last, a = np.empty_like(s), np.float32(carry), np.float32(coefficient)
    if a == 0:
        y[:] = s
        last = y[-1] if len(y) else last
    else:
        for n, value in enumerate(s):
            last = value + a * last
            y[n] = last
    return np.clip(np.rint(y), -32768, 32767).astype(np.int16), np.float32(last)


def split(samples: npt.ArrayLike, sample_offset: int) -> Tuple[Int32, Int32]:
    """Split samples in coarse and fine codes.

    Args:
      samples: int32 [...].
      sample_offset: added first; 128 puts silence in the middle of a coarse bin.

    Returns:
      (coarse, fine), int32 [...] in [0, 255]: high and low byte of
      `clip(s + 32768 + sample_offset, 0, 65535)`.
    """
    u = np.clip(np.asarray(samples).astype(np.int32) + (32768 + sample_offset), 0, 65535)
    return u >> 8, u & 255


def combine(coarse: npt.ArrayLike, fine: npt.ArrayLike, sample_offset: int) -> Int32:
    """Undo `split`.

    Args:
      coarse: int [...] in [0, 255].
      fine: int [...] in [0, 255].
      sample_offset: as in `split`.

    Returns:
      int32 samples [...], not clipped.
    """
    high, low = np.asarray(coarse).astype(np.int32), np.asarray(fine).astype(np.int32)
    return high * 256 + low - (32768 + sample_offset)


def scalar(codes: Any) -> npt.NDArray[np.float32]:
    """Codes as network inputs: `float32(v) / 127.5 - 1`.

    Args:
      codes: int [...] in [0, 255].

    Returns:
      float32 [...] in [-1, 1].
    """
    return SCALARS[np.asarray(codes)]
