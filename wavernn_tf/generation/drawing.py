"""Drawing a byte from 256 classes, by their logits and a uniform number.

The class is the first one whose running sum of weights exceeds the uniform number times their sum.
It is searched in two steps, among 16 spans and then among the 16 classes of one: running sums over
16 values are short enough to be written as plain sums, which every compiler makes fast.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.generation import philox

SPAN = 16
"""A byte's classes are searched in spans of so many, then in one span."""

GREEDY = 1e-30
"""Temperature at which every class but the likeliest has a weight of zero."""


class Draws(NamedTuple):
    """What decides the draws of some sequences, `rows`, in a run of samples.

    Attributes:
      uniform: float32 [rows, n, 2], in [0, 1), for coarse and fine.
      temperature: float32 [rows, 2], positive, for coarse and fine.
    """

    uniform: tf.Tensor
    temperature: tf.Tensor


def draws_for(
    seed: tf.Tensor, index: tf.Tensor, temperature: tf.Tensor, fine_temperature: tf.Tensor
) -> Draws:
    """The draws of the samples `index` int64 [rows, n] of streams; the others are [rows]."""
    bits = tf.stack(philox.uniform_bits(seed[:, None], index), axis=-1)  # [rows, n, 2]
    uniform = tf.cast(bits, tf.float32) * 2.0**-24
    # Temperature 0 takes the first of the likeliest classes: a tiny one, and the smallest draw.
    both = tf.stack([temperature, fine_temperature], axis=1)  # [rows, 2]
    greedy = both == 0.0
    uniform = tf.where(greedy[:, None], 0.0, uniform)
    return Draws(uniform, tf.where(greedy, GREEDY, both))


class Distribution(NamedTuple):
    """The weights of 256 classes up to a factor, in 16 spans of 16.

    Attributes:
      classes: float32 [rows, 16, 16], not negative.
      ends: float32 [rows, 16], running sums of the spans' sums.
    """

    classes: tf.Tensor
    ends: tf.Tensor


def weigh(logits: tf.Tensor, temperature: tf.Tensor) -> Distribution:
    """Weigh classes by their logits.

    Args:
      logits: float32 [rows, 256].
      temperature: float32 [rows, 1], positive.
    """
    logits = tf.reshape(logits, [-1, SPAN, SPAN])
    highest = tf.reduce_max(tf.reduce_max(logits, axis=1), axis=1)[:, None, None]
    classes = tf.exp((logits - highest) / temperature[:, :, None])
    return Distribution(classes, _running_sums(tf.reduce_sum(classes, axis=2)))


def _running_sums(values: tf.Tensor) -> tf.Tensor:
    """Running sums of float32 [rows, 16].

    Written as sums of products with 0 and 1: a compiler has loops for these, and only a quadratic
    one for `tf.cumsum`; no matrix product, which a GPU may round.
    """
    upto = np.triu(np.ones([SPAN, SPAN], np.float32))  # [from, to]
    return tf.reduce_sum(values[:, :, None] * upto, axis=1)


def class_at(distribution: Distribution, uniform: tf.Tensor) -> tf.Tensor:
    """First class whose running sum exceeds uniform * total: int32 [rows].

    Args:
      distribution: of the classes.
      uniform: float32 [rows, 1], in [0, 1).
    """
    before, span = _count_below(distribution.ends, uniform * distribution.ends[:, -1:])
    inside = _running_sums(tf.gather(distribution.classes, span, batch_dims=1))
    _, place = _count_below(inside, uniform * distribution.ends[:, -1:] - before)
    return SPAN * span + place


def _count_below(ends: tf.Tensor, threshold: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
    """The largest running sum up to a threshold, [rows, 1], and how many there are, int32 [rows].

    A threshold may round up to the last sum: the last class with a weight is drawn then.
    """
    below = tf.logical_and(ends <= threshold, ends < ends[:, -1:])
    highest = tf.reduce_max(tf.where(below, ends, 0.0), axis=1, keepdims=True)
    return highest, tf.reduce_sum(tf.cast(below, tf.int32), axis=1)
