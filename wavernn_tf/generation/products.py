"""Products with sparse matrices, in stock TensorFlow operations.

The outputs are taken in groups of 16, each with the inputs that it reads::

    inputs    0 1 2 3 4 5        index    values
    group 0   x . . x . .        0 3      [2, 16]
    group 1   . x . . . .        1 0      [2, 16], the second row zero

A group is a small dense product; the fullest group of a matrix decides how many inputs all of its
groups take, the others take zeros. On a CPU and for one row this is several times faster than the
dense product at the densities of pruned gates; for many rows, and on a GPU, the dense one is
faster.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

from wavernn_tf.config.matrices import GATES

GROUP = 16
"""Outputs of a group: a vector of most CPUs, and the height of a block of 16x1."""

WORTH = 0.5
"""Share of a dense matrix that may be left for its groups to be faster."""


class Grouped(NamedTuple):
    """A matrix [inputs, outputs] in groups.

    Attributes:
      index: int32 [groups, n], the inputs of each group.
      values: float32 [groups, n, GROUP].
    """

    index: Any
    values: Any


def grouped(matrix: np.ndarray) -> Optional[Grouped]:
    """Take a matrix apart; None if too little of it is zero.

    Args:
      matrix: float32 [inputs, outputs], outputs a multiple of `GROUP`.
    """
    inputs, outputs = matrix.shape
    if outputs % GROUP:
        return None
    parts = matrix.reshape(inputs, outputs // GROUP, GROUP).transpose(1, 0, 2)
    used = [np.flatnonzero(part.any(axis=1)) for part in parts]
    count = max(1, max(map(len, used)))
    if count > WORTH * inputs:
        return None
    index = np.zeros([len(parts), count], np.int32)
    values = np.zeros([len(parts), count, GROUP], np.float32)
    for i, (part, places) in enumerate(zip(parts, used)):
        index[i, : len(places)] = places
        values[i, : len(places)] = part[places]
    return Grouped(index, values)


def sparse(matrices: Mapping[str, np.ndarray]) -> Dict[str, Grouped]:
    """The matrices of a network in groups, by name; none if its gates are not worth it.

    Args:
      matrices: of `Weights`, float32 [inputs, outputs] each.
    """
    parts = {name: grouped(np.asarray(matrix)) for name, matrix in matrices.items()}
    if any(parts[f"R_{gate}"] is None for gate in GATES):
        return {}
    return {name: part for name, part in parts.items() if part is not None}


def in_groups(matrix: tf.Tensor) -> Grouped:
    """A small dense matrix [inputs, outputs] in groups, each of which reads all inputs."""
    inputs, outputs = matrix.shape
    values = tf.transpose(tf.reshape(matrix, [inputs, outputs // GROUP, GROUP]), [1, 0, 2])
    index = np.tile(np.arange(inputs, dtype=np.int32), [outputs // GROUP, 1])
    return Grouped(tf.constant(index, shape=index.shape), values)


def side_by_side(matrices: Sequence[Any]) -> Any:
    """Matrices of the same inputs as one for `multiply`: float32 [inputs, outputs], or a tuple."""
    if any(isinstance(matrix, Grouped) for matrix in matrices):
        return tuple(matrices)
    return tf.concat(matrices, axis=1)


def multiply(x: tf.Tensor, matrix: Any) -> tf.Tensor:
    """Multiply vectors by a matrix, dense or in groups.

    Args:
      x: float32 [rows, inputs].
      matrix: float32 [inputs, outputs], or `Grouped`, or a tuple of such, side by side.

    Returns:
      float32 [rows, outputs].
    """
    if isinstance(matrix, tuple) and not isinstance(matrix, Grouped):
        return tf.concat([multiply(x, part) for part in matrix], axis=1)
    if not isinstance(matrix, Grouped):
        return tf.matmul(x, matrix)
    read = tf.gather(tf.transpose(x), matrix.index)  # [groups, n, rows]
    found = tf.matmul(matrix.values, read, transpose_a=True)  # [groups, GROUP, rows]
    outputs = matrix.index.shape[0] * GROUP
    return tf.transpose(tf.reshape(found, [outputs, tf.shape(x)[0]]))
