"""Cross entropy in bits."""

from __future__ import annotations

import math
from typing import Callable, Dict, Mapping

import tensorflow as tf

from wavernn_tf.config import SignalConfig


def bits(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Bits per sample of one byte: int [batch, time], float32 [batch, time, 256] -> [batch]."""
    nats = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.cast(classes, tf.int32), logits=logits
    )
    return tf.reduce_mean(nats, axis=-1) / math.log(2.0)


def value_bits(classes: tf.Tensor, likelihoods: tf.Tensor) -> tf.Tensor:
    """Bits per sample of the fine byte of the mu-law split.

    Args:
      classes: int [batch, time].
      likelihoods: float32 [batch, time, 256], of `wavernn_tf.layers.MulawFine`.

    Returns:
      float32 [batch].
    """
    nats = -tf.gather(likelihoods, tf.cast(classes, tf.int32), batch_dims=2)
    return tf.reduce_mean(nats, axis=-1) / math.log(2.0)


def of(signal: SignalConfig) -> Dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
    """The loss of each output of the model."""
    return {"coarse": bits, "fine": bits if signal.split == "linear" else value_bits}


def named(logs: Mapping[str, float], prefix: str = "") -> Dict[str, float]:
    """Keras's logs of a two-output model as bits per sample: total, coarse and fine."""
    keys = {"total": "loss", "coarse": "coarse_loss", "fine": "fine_loss"}
    return {name: float(logs[prefix + key]) for name, key in keys.items()}
