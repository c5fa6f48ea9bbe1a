"""The functional WaveRNN: conditioning network, dual-softmax GRU, heads; Subscale's network."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import tensorflow as tf

from wavernn_tf._keras import keras
from wavernn_tf.config import Config
from wavernn_tf.layers import (
    DualSoftmaxGRU,
    DualSoftmaxHeads,
    Standardise,
    SubscaleNetwork,
    TeacherForcing,
    Unfold,
)


def build(
    config: Config,
    feature_mean: Optional[Sequence[float]] = None,
    feature_std: Optional[Sequence[float]] = None,
    wrap: Callable[[Any], Any] = lambda layer: layer,
    make: Optional[Callable[..., Any]] = None,
) -> keras.Model:
    """Build the teacher-forced network (the paper's section 2, conditioned as in its section 4).

    With B = `model.subscale.batch` > 1 it is Subscale WaveRNN (section 3): the B sub-tensors of a
    waveform are sequences of the same GRU, which a network over the earlier ones conditions.

    The conditioning network pads nothing: its input holds `past` frames before and `lookahead`
    frames after those that the samples cover.

    Args:
      config: sizes, hop length and number of features.
      feature_mean: mean of every feature over the training data; zeros by default.
      feature_std: standard deviation of every feature; ones by default.
      wrap: applied to the layers that can be pruned (`wavernn_tf.sparsity.pruning`).
      make: for training: makes the model, which then takes "state" too, float [batch * B, H], the
        state before the window, and gives that after it.

    Returns:
      A model from ``{"features": float [batch, past + frames + lookahead, n_features],
      "codes": int32 [batch, B + time]}``, 256 c + f from B samples before the first on, with time
      <= frames * hop_length a multiple of B, to ``{"coarse", "fine"}``: float32 logits [batch,
      time, 256].
    """
    n_features = config.mel.n_mels
    features = keras.Input([None, n_features], name="features")
    codes = keras.Input([None], dtype="int32", name="codes")
    mean = [0.0] * n_features if feature_mean is None else list(feature_mean)
    std = [1.0] * n_features if feature_std is None else list(feature_std)
    a = Standardise(mean, std, name="standardise")(features)
    a = conditioning(a, config)
    sizes, batch = config.model, config.model.subscale.batch
    x, v = TeacherForcing(batch, config.signal.sample_offset, name="teacher_forcing")(codes)
    inputs = [x, a]
    if batch > 1:
        inputs.append(wrap(SubscaleNetwork(sizes.subscale, name="subscale"))(v))
    gru = DualSoftmaxGRU(sizes.state_size, config.hold, sizes.input_gain, batch, name="gru")
    heads = wrap(DualSoftmaxHeads(sizes.projection_size, name="heads"))
    ends = {"features": features, "codes": codes}
    if make:
        ends["state"] = keras.Input([sizes.state_size], name="state")
        h = wrap(gru)(inputs, initial_state=ends["state"])
    else:
        h = wrap(gru)(inputs)
    logits = heads(h)
    if batch > 1:
        logits = [Unfold(batch)(value) for value in logits]
    # Keras names losses after the layers that make the outputs.
    outputs = {
        name: keras.layers.Activation("linear", name=name, dtype="float32")(value)
        for name, value in zip(("coarse", "fine"), logits)
    }
    if make:
        outputs["state"] = h[:, -1]
    return (make or keras.Model)(ends, outputs, name="wavernn")


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
