"""Whole utterances from features, in TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from wavernn_tf.config import Config
from wavernn_tf.generation import postfilter, sampling, wavefront
from wavernn_tf.voice.weights import Weights


def synthesize(
    features: tf.Tensor,
    seed: tf.Tensor,
    temperature: tf.Tensor,
    fine_temperature: tf.Tensor,
    config: Config,
    w: Weights,
) -> tf.Tensor:
    """Sample utterances from silence, one sample after another or B per step, and filter them.

    Args:
      features: float32 [batch, past + frames + lookahead, n_features]; lookahead is that of
        `Config`. The last one goes on where the postfilter sees more.
      seed: int64 [batch].
      temperature: float32 [batch], divides the coarse logits; 0 takes the likeliest class.
      fine_temperature: float32 [batch], the same of the fine logits.
      config: hop, pre-emphasis, sample offset and sizes.
      w: the arrays of the network.

    Returns:
      audio int16 [batch, frames * hop_length].
    """
    if config.model.subscale.batch > 1:
        return wavefront.generate(features, seed, temperature, fine_temperature, config, w)
    features = tf.concat([features, *[features[:, -1:]] * postfilter.frames_ahead(config)], 1)
    batch = tf.shape(features)[0]
    state = tf.zeros([batch, sampling.state_values(config)])
    position = tf.zeros([batch], tf.int64)
    draws = seed, temperature, fine_temperature
    audio = sampling.generate(features, *draws, state, position, config, w)[0]
    return postfilter.finish(audio, features[:, config.past :], config)
