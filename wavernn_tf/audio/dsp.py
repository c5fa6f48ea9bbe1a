"""The TensorFlow twins of `wavernn_tf.audio.signal`. Pure functions."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.audio import signal


def to_float(audio: tf.Tensor) -> tf.Tensor:
    """`signal.to_float` in TensorFlow: int [...] to float32 [...]."""
    return tf.cast(audio, tf.float32) * (1.0 / 32768.0)


def pre_emphasis(audio: tf.Tensor, coefficient: float) -> tf.Tensor:
    """`signal.pre_emphasis` in TensorFlow: int16 [..., samples] to int32 [..., samples]."""
    x = tf.cast(audio, tf.float32)
    before = tf.concat([tf.zeros_like(x[..., :1]), x[..., :-1]], -1)
    return tf.cast(tf.round(x - np.float32(coefficient) * before), tf.int32)


def split(samples: tf.Tensor, sample_offset: int) -> Tuple[tf.Tensor, tf.Tensor]:
    """`signal.split` in TensorFlow: int32 [...] to (coarse, fine), int32 [...]."""
    return halves(tf.clip_by_value(samples + (32768 + sample_offset), 0, 65535))


def combine(coarse: tf.Tensor, fine: tf.Tensor, sample_offset: int) -> tf.Tensor:
    """`signal.combine` in TensorFlow: int32 [...] to int32 samples [...]."""
    return coarse * 256 + fine - (32768 + sample_offset)


def halves(codes: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """The bytes (c, f) of int32 [...] codes 256 c + f."""
    return tf.bitwise.right_shift(codes, 8), tf.bitwise.bitwise_and(codes, 255)


def scalar(codes: tf.Tensor) -> tf.Tensor:
    """`signal.scalar` in TensorFlow: int32 [...] in [0, 255] to float32 [...].

    A table: graph optimisation turns a division by a constant into a multiplication by its
    reciprocal, which differs in the last bit.
    """
    return tf.gather(signal.SCALARS, codes)
