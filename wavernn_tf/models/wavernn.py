"""The functional WaveRNN: conditioning network, dual-softmax GRU, heads; Subscale's network."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import tensorflow as tf

from wavernn_tf._keras import keras
from wavernn_tf.config import ESTIMATOR_REACH, Config
from wavernn_tf.layers import (
    DualSoftmaxGRU,
    DualSoftmaxHeads,
    GivenPitch,
    MulawFine,
    PitchEstimator,
    Standardise,
    SubscaleNetwork,
    TeacherForcing,
    Unfold,
)
from wavernn_tf.prediction import pitch


# No layer needs autograph, whose conversions take seconds.
@tf.autograph.experimental.do_not_convert
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

    With prediction in front of the network (`config.predicts`) the inputs of the GRU are made for
    whole recordings (`wavernn_tf.prediction.teacher`) and come ready; the pitch posterior joins the
    features.

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
      time, 256]. If `config.predicts`, "inputs" float32 [batch, time, rows] stands in place of
      "codes", and with the mu-law split "fine" are the log-likelihoods of `MulawFine`.
    """
    n_mels = config.mel.n_mels
    features = keras.Input([None, config.n_features], name="features")
    mean = [0.0] * n_mels if feature_mean is None else list(feature_mean)[:n_mels]
    std = [1.0] * n_mels if feature_std is None else list(feature_std)[:n_mels]
    mel = features[..., :n_mels] if config.signal.extra_features else features
    a = Standardise(mean, std, name="standardise")(mel)
    if config.signal.pitch != "off":
        a = _with_pitch(a, features, config)
    a = conditioning(a, config)
    sizes, batch, signal = config.model, config.model.subscale.batch, config.signal
    if config.predicts:
        given = x = keras.Input([None, sizes.input_rows], name="inputs")
        inputs = [x, a]
    else:
        given = keras.Input([None], dtype="int32", name="codes")
        x, v = TeacherForcing(batch, signal.sample_offset, name="teacher_forcing")(given)
        inputs = [x, a]
        if batch > 1:
            inputs.append(wrap(SubscaleNetwork(sizes.subscale, name="subscale"))(v))
    gru = DualSoftmaxGRU(
        sizes.state_size,
        config.samples_per_step,
        sizes.input_gain,
        batch,
        signal.split,
        sizes.extra_inputs,
        name="gru",
    )
    heads = wrap(DualSoftmaxHeads(sizes.projection_size, name="heads"))
    ends = {"features": features, given.name: given}
    if make:
        ends["state"] = keras.Input([sizes.state_size], name="state")
        h = wrap(gru)(inputs, initial_state=ends["state"])
    else:
        h = wrap(gru)(inputs)
    logits = heads(h)
    if batch > 1:
        logits = [Unfold(batch)(value) for value in logits]
    if signal.split == "mulaw":
        logits = [logits[0], MulawFine(name="mulaw_fine")([logits[1], x])]
    # Keras names losses after the layers that make the outputs.
    outputs = {
        name: keras.layers.Activation("linear", name=name, dtype="float32")(value)
        for name, value in zip(("coarse", "fine"), logits)
    }
    if make:
        outputs["state"] = h[:, -1]
    return (make or keras.Model)(ends, outputs, name="wavernn")


def _with_pitch(mel: tf.Tensor, features: tf.Tensor, config: Config) -> tf.Tensor:
    """The standardised mel [batch, n, n_mels], cropped, and twice the pitch posterior."""
    if config.signal.pitch == "given":
        layer = GivenPitch(config.mel.sample_rate, name="pitch")
        q = layer(features[..., config.mel.n_mels])
    else:
        q = PitchEstimator(reach=ESTIMATOR_REACH, name="pitch")(mel)
        mel = keras.layers.Cropping1D(ESTIMATOR_REACH, name="crop")(mel)
    q = keras.layers.Rescaling(pitch.POSTERIOR_GAIN, name="posterior_gain")(q)
    return keras.layers.Concatenate(name="with_pitch")([mel, q])


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
