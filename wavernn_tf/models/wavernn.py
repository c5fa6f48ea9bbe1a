"""The functional WaveRNN: conditioning network, dual-softmax GRU, heads."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import tensorflow as tf

from wavernn_tf._keras import keras
from wavernn_tf.config import Config
from wavernn_tf.layers import DualSoftmaxGRU, DualSoftmaxHeads, Standardise


def build(
    config: Config,
    feature_mean: Optional[Sequence[float]] = None,
    feature_std: Optional[Sequence[float]] = None,
    wrap: Callable[[Any], Any] = lambda layer: layer,
) -> keras.Model:
    """Build the teacher-forced network (the paper's section 2, conditioned as in its section 4).

    The conditioning network pads nothing: its input holds `past` frames before and `lookahead`
    frames after those that the samples cover.

    Args:
      config: sizes, hop length and number of features.
      feature_mean: mean of every feature over the training data; zeros by default.
      feature_std: standard deviation of every feature; ones by default.
      wrap: applied to the two layers that can be pruned (`wavernn_tf.sparsity.pruning`).

    Returns:
      A model from ``{"features": float [batch, past + frames + lookahead, n_features],
      "samples": float [batch, time, 3]}``, the scalars (c_{t-1}, f_{t-1}, c_t) in [-1, 1] with
      time <= frames * hop_length, to ``{"coarse", "fine"}``: float32 logits [batch, time, 256].
    """
    n_features = config.mel.n_mels
    features = keras.Input([None, n_features], name="features")
    samples = keras.Input([None, 3], name="samples")
    mean = [0.0] * n_features if feature_mean is None else list(feature_mean)
    std = [1.0] * n_features if feature_std is None else list(feature_std)
    a = Standardise(mean, std, name="standardise")(features)
    a = conditioning(a, config)
    sizes = config.model
    gru = wrap(DualSoftmaxGRU(sizes.state_size, config.hold, sizes.input_gain, name="gru"))
    heads = wrap(DualSoftmaxHeads(sizes.projection_size, name="heads"))
    logits = heads(gru([samples, a]))
    # Keras names losses after the layers that make the outputs.
    outputs = {
        name: keras.layers.Activation("linear", name=name, dtype="float32")(value)
        for name, value in zip(("coarse", "fine"), logits)
    }
    return keras.Model({"features": features, "samples": samples}, outputs, name="wavernn")


def conditioning(features: tf.Tensor, config: Config) -> tf.Tensor:
    """Convolutions at frame rate, then transposed convolutions up to the step rate.

    Args:
      features: float [batch, past + frames + lookahead, n_features], standardised.
      config: channels, kernel sizes and strides.

    Returns:
      float [batch, frames * steps_per_frame, channels].
    """
    shape = config.model.conditioning
    a = features
    for i, size in enumerate(shape.kernel_sizes):
        a = keras.layers.Conv1D(shape.channels, size, activation="relu", name=f"conv_{i}")(a)
    for i, stride in enumerate(shape.upsample):
        a = keras.layers.Conv1DTranspose(
            shape.channels, stride, strides=stride, activation="relu", name=f"upsample_{i}"
        )(a)
    return a
