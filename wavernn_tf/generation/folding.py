"""Subscale folding: the sub-tensors, and what each sample may see (the paper's section 3).

A waveform u is folded into B sub-tensors; sub-tensor s holds u[B i + s] at its position i. For
B = 3 and 12 samples::

            i = 0    1    2    3            seen by u4 (i = 1, s = 1), F = 1
    s = 0      u0   u3   u6   u9                x    x    x    .
    s = 1      u1   u4   u7   u10               x   [u4]  .    .
    s = 2      u2   u5   u8   u11               .    .    .    .

A sample sees the past of its own sub-tensor, and the earlier sub-tensors up to the horizon F ahead
of it. So sub-tensor s can follow F + 1 steps behind s - 1, and all run at once, a wavefront::

    step       0    1    2    3    4    5    6    7
    s = 0      u0   u3   u6   u9
    s = 1                u1   u4   u7   u10
    s = 2                          u2   u5   u8   u11
"""

from __future__ import annotations

from typing import Any, Tuple

import tensorflow as tf

from wavernn_tf.audio import dsp


def fold(u: Any, batch: int) -> tf.Tensor:
    """Fold waveforms into interleaved sub-tensors.

    Args:
      u: [n, time, ...], any dtype; time a multiple of `batch`.
      batch: B.

    Returns:
      [n * B, time / B, ...]: sub-tensor s of waveform b is row b * B + s.
    """
    u = tf.convert_to_tensor(u)
    if batch == 1:
        return u
    shape, rest = tf.shape(u), list(range(3, u.shape.rank + 1))
    rows = tf.reshape(u, tf.concat([[shape[0], shape[1] // batch, batch], shape[2:]], 0))
    rows = tf.transpose(rows, [0, 2, 1, *rest])  # [n, s, i, ...]
    folded = tf.reshape(rows, tf.concat([[-1, shape[1] // batch], shape[2:]], 0))
    return tf.ensure_shape(folded, [None, None, *u.shape[2:]])


def unfold(folded: Any, batch: int) -> tf.Tensor:
    """Undo `fold`.

    Args:
      folded: [n * B, time / B, ...], any dtype.
      batch: B.

    Returns:
      [n, time, ...].
    """
    folded = tf.convert_to_tensor(folded)
    if batch == 1:
        return folded
    shape, rest = tf.shape(folded), list(range(3, folded.shape.rank + 1))
    rows = tf.reshape(folded, tf.concat([[-1, batch], shape[1:]], 0))  # [n, s, i, ...]
    rows = tf.transpose(rows, [0, 2, 1, *rest])
    u = tf.reshape(rows, tf.concat([[shape[0] // batch, shape[1] * batch], shape[2:]], 0))
    return tf.ensure_shape(u, [None, None, *folded.shape[2:]])


def teacher_inputs(codes: tf.Tensor, batch: int, sample_offset: int) -> Tuple[tf.Tensor, tf.Tensor]:
    """What the network reads of recorded samples.

    With t = B i + s::

        x_t = [c_{t-B}, f_{t-B}, c_t] in [-1, 1]        v_t = s_t / 32768

    Args:
      codes: int32 [n, B + time], 256 c + f, from B samples before the first on; time is a multiple
        of B.
      batch: B.
      sample_offset: of `SignalConfig`.

    Returns:
      x float32 [n * B, time / B, 3], folded, for the GRU, and v float32 [n, time], for the network
      over the earlier sub-tensors.
    """
    coarse, fine = dsp.halves(codes)
    before, now = slice(None, -batch), slice(batch, None)
    scalars = [coarse[:, before], fine[:, before], coarse[:, now]]
    v = dsp.to_float(dsp.combine(coarse[:, now], fine[:, now], sample_offset))
    return fold(dsp.scalar(tf.stack(scalars, axis=-1)), batch), v


def may_see(target: Tuple[int, int], source: Tuple[int, int], batch: int, horizon: int) -> bool:
    """Whether the sample `target` may depend on the sample `source`.

    A sample sees its own sub-tensor's past, and of every earlier sub-tensor the past, the same
    position and `horizon` positions of the future. Later sub-tensors it never sees. Nothing is to
    be seen before the first position, nor outside the B sub-tensors.

    Args:
      target: (i, s), position and sub-tensor.
      source: (k, z), position and sub-tensor.
      batch: B.
      horizon: F, in positions of a sub-tensor.
    """
    (i, s), (k, z) = target, source
    if k < 0 or not 0 <= z < batch:
        return False
    return k < i if z == s else z < s and k <= i + horizon
