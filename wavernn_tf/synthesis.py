"""Whole utterances from features, in TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from wavernn_tf import sampling, wavefront
from wavernn_tf.config import Config
from wavernn_tf.models.weights import Weights


def synthesize(
    features: tf.Tensor, seed: tf.Tensor, temperature: tf.Tensor, config: Config, w: Weights
) -> tf.Tensor:
    """Sample utterances from silence, one sample after another or B per step.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features]; lookahead is that of
        `Config`.
      seed: int64 [batch].
      temperature: float32 [batch], divides the logits; 0 takes the likeliest class.
      config: hop, pre-emphasis, sample offset and sizes.
      w: the arrays of the network.

    Returns:
      audio int16 [batch, frames * hop_length].
    """
    if config.model.subscale.batch > 1:
        return wavefront.generate(features, seed, temperature, config, w)
    batch = tf.shape(features)[0]
    state = tf.zeros([batch, config.model.state_size + sampling.STATE_EXTRA])
    position = tf.zeros([batch], tf.int64)
    return sampling.generate(features, seed, temperature, state, position, config, w)[0]
