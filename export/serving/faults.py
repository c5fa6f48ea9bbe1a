"""What is wrong with a row of a batch, as a text beside its outputs.

A row that cannot be answered must not fail the rows that other clients have in the same batch: its
`status` says what was expected and what came, "" if all is well, and its outputs are empty.
"""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

import tensorflow as tf

Fault = Tuple[tf.Tensor, tf.Tensor]
"""Whether it applies, bool [...], and its text, string [...]."""


def status_of(faults: Sequence[Fault], batch: tf.Tensor) -> tf.Tensor:
    """The first fault of each row: string [batch], "" where there is none."""
    status = tf.fill([batch], "")
    for applies, text in reversed(faults):
        status = tf.where(applies, text, status)
    return status


def first_of(faults: Sequence[Fault]) -> tf.Tensor:
    """The first fault of one row, of scalars: string []."""
    return status_of([(applies[None], text[None]) for applies, text in faults], tf.constant(1))[0]


def text(*parts: Any) -> tf.Tensor:
    """Texts and numbers put together, with broadcasting: string [...]."""
    words: List[Any] = []
    for part in parts:
        if isinstance(part, str) or part.dtype == tf.string:
            words.append(part)
        elif part.dtype.is_floating:
            words.append(tf.strings.as_string(part, shortest=True))
        else:
            words.append(tf.strings.as_string(part))
    return tf.strings.join(words)


def outside(name: str, value: tf.Tensor, low: int, high: tf.Tensor, unit: str) -> Fault:
    """An integer [batch] below `low` or above `high`."""
    message = text(f"{name}: expected {low} to ", high, f" {unit}; got ", value)
    return tf.logical_or(value < low, value > high), message


def not_finite(features: tf.Tensor, lengths: tf.Tensor) -> Fault:
    """NaN or infinity in the first `lengths` frames of float32 [batch, frames, n]."""
    there = tf.sequence_mask(lengths, tf.shape(features)[1])
    good = tf.reduce_all(tf.math.is_finite(features), axis=2)
    bad = tf.logical_and(there, tf.logical_not(good))
    # The first of the largest: the first bad frame, if there is one.
    frame = tf.argmax(tf.pad(tf.cast(bad, tf.int32), [[0, 0], [0, 1]]), axis=1)
    message = text("features: expected finite values; got NaN or infinity, first in frame ", frame)
    return tf.reduce_any(bad, axis=1), message


def bad_temperature(name: str, value: tf.Tensor) -> Fault:
    """A temperature float32 [batch] that is negative or not finite."""
    good = tf.logical_and(tf.math.is_finite(value), value >= 0)
    return tf.logical_not(good), text(f"{name}: expected a finite number >= 0; got ", value)
