"""Cross entropy in bits."""

from __future__ import annotations

import math
from typing import Dict, Mapping

import tensorflow as tf


def bits(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Bits per sample of one byte: int [batch, time], float32 [batch, time, 256] -> [batch]."""
    nats = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.cast(classes, tf.int32), logits=logits
    )
    return tf.reduce_mean(nats, axis=-1) / math.log(2.0)


def named(logs: Mapping[str, float], prefix: str = "") -> Dict[str, float]:
    """Keras's logs of a two-output model as bits per sample: total, coarse and fine."""
    keys = {"total": "loss", "coarse": "coarse_loss", "fine": "fine_loss"}
    return {name: float(logs[prefix + key]) for name, key in keys.items()}
