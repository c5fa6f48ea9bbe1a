"""The one place that imports Keras: tf_keras, because TF-MOT prunes nothing else.

It also holds the uses of private names of tf_keras 2.16: the fused GRU, and the float32 variable
behind an autocast one.
"""

from __future__ import annotations

import os
import random
from typing import Any

# tf_keras reads it, and TF-MOT sets it too; users never need to.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf_keras as keras  # noqa: TID251
from tf_keras.src.layers.rnn import gru as _gru  # noqa: TID251

__all__ = ["PACKAGE", "fused_gru", "keras", "set_seed", "stored"]

PACKAGE = "wavernn_tf"
"""Namespace under which the layers are registered for (de)serialisation."""


def fused_gru(
    inputs: tf.Tensor,
    initial_state: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
) -> tf.Tensor:
    """Run tf_keras's fused GRU (`reset_after=True`; cuDNN on a GPU) over a whole sequence.

    Args:
      inputs: float [batch, time, features].
      initial_state: float [batch, H].
      kernel: float [features, 3H], gates in the order u, r, e (Keras calls them z, r, h).
      recurrent_kernel: float [H, 3H].
      bias: float [2, 3H], the input bias and the recurrent bias.

    Returns:
      float [batch, time, H], the state after every step.
    """
    arguments = dict(
        inputs=inputs,
        init_h=initial_state,
        kernel=kernel,
        recurrent_kernel=recurrent_kernel,
        bias=bias,
        mask=None,
        time_major=False,
        go_backwards=False,
        sequence_lengths=None,
        zero_output_for_mask=False,
        return_sequences=True,
    )
    # The device-selecting form registers functions for grappler, which needs a graph.
    run = _gru.standard_gru if tf.executing_eagerly() else _gru.gru_with_backend_selection
    _, outputs, _, _ = run(**arguments)
    return outputs


def set_seed(seed: int) -> None:
    """Seed every generator that initialises weights.

    `keras.utils.set_random_seed` would do, but tf_keras 2.16's fails on Python 3.12.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (Keras draws from the global generator)
    tf.random.set_seed(seed)


def stored(variable: Any) -> Any:
    """The variable as it is stored: under mixed precision, float32 and never cast when read."""
    return getattr(variable, "_variable", variable) if hasattr(variable, "true_dtype") else variable
