"""A trained voice as a SavedModel of stock TensorFlow operations, for TF Serving and GPUs.

Written in TF Serving's layout, NAME/1/, the next export to NAME/2/. Every input has the batch
first; loading needs no package of ours. Signatures::

    serving_default = synthesize
        features float32 [batch, frames, n_features], lengths int32 [batch] (frames of each row),
        seed int64 [batch], temperature float32 [batch], fine_temperature float32 [batch]
        -> audio int16 [batch, frames * hop_length] (zero past a row's end),
           audio_lengths int32 [batch]
    score
        features, lengths, audio int16 [batch, frames * hop_length]
        -> log_likelihood float32 [batch, frames * hop_length, 2] (zero past a row's end)
"""

from __future__ import annotations

import os
from typing import Any, List, Sequence

import tensorflow as tf

from wavernn_tf import files
from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving import versions
from wavernn_tf.export.serving import warmup as serving
from wavernn_tf.generation import sampling, synthesis
from wavernn_tf.voice import metadata
from wavernn_tf.voice import weights as weights_lib
from wavernn_tf.voice.weights import Weights

INFO_ASSET = "wavernn_tf.json"


def save(
    config: Config,
    weights: Weights,
    info: metadata.VoiceInfo,
    path: files.PathLike,
    xla: bool = False,
    inputs: Sequence[files.PathLike] = (),
) -> str:
    """Write a SavedModel to `path`/1, or to the next number; other versions are kept.

    Args:
      config: the voice's configuration.
      weights: its dense arrays.
      info: description, kept as an asset of the model; with tensorflow-serving-api installed,
        warm-up requests lie beside it.
      path: the model's folder; new, or with nothing in it but versions. The version appears whole
        or not at all.
      xla: compile the sampling loop with XLA, once per batch size and length: several times faster,
        where the server has XLA for its device.
      inputs: files and folders that `path` must not be or lie in.

    Returns:
      The path of the version's folder.

    Raises:
      WaveRNNError: if `path` is a file or holds anything but versions.
    """
    made = versions.claim(path, inputs)
    with files.replacing(made) as version:
        module = _Serving(config, weights, xla)
        signatures = {
            "serving_default": module.synthesize,
            "synthesize": module.synthesize,
            "score": module.score,
        }
        named = os.path.join(files.plain(version.parent), version.name)
        tf.saved_model.save(module, named, signatures=signatures)
        extra = version / "assets.extra"
        extra.mkdir()
        (extra / INFO_ASSET).write_text(info.to_json(), encoding="utf-8")
        if serving.available():
            serving.write_warmup(version, info)
    return str(made)


def read_info(path: files.PathLike) -> metadata.VoiceInfo:
    """Read the description of an exported SavedModel.

    Args:
      path: folder of one version.

    Raises:
      WaveRNNError: if it is not one of ours.
    """
    text = os.path.join(path, "assets.extra", INFO_ASSET)
    if not os.path.isfile(text):
        raise WaveRNNError(
            f"The SavedModel {path} is not a wavernn-tf voice (it has no "
            f"assets.extra/{INFO_ASSET}). Export one with `wavernn-tf export saved-model`."
        )
    with open(text, encoding="utf-8") as file:
        return metadata.VoiceInfo.from_json(file.read())


def pad_edges(features: tf.Tensor, lengths: tf.Tensor, past: int, lookahead: int) -> tf.Tensor:
    """Repeat each row's first frame `past` times and its last frame to the end.

    Args:
      features: float32 [batch, frames, n_features].
      lengths: int32 [batch], valid frames of each row, 1..frames.
      past: frames before.
      lookahead: frames after.

    Returns:
      float32 [batch, past + frames + lookahead, n_features].
    """
    frame = tf.range(-past, tf.shape(features)[1] + lookahead)
    return tf.gather(features, tf.clip_by_value(frame[None], 0, lengths[:, None] - 1), batch_dims=1)


class _Serving(tf.Module):
    """The two signatures over the dense weights, kept once, as variables."""

    def __init__(self, config: Config, weights: Weights, xla: bool) -> None:
        super().__init__()
        names = weights_lib.named_arrays(weights)
        self.arrays = {name: tf.Variable(a, trainable=False) for name, a in names.items()}
        hop = config.mel.hop_length
        features = tf.TensorSpec([None, None, config.n_features], tf.float32, "features")
        lengths = tf.TensorSpec([None], tf.int32, "lengths")

        def checked(features: tf.Tensor, lengths: tf.Tensor, *rows: tf.Tensor) -> List[Any]:
            batch, frames = tf.shape(features)[0], tf.shape(features)[1]
            checks = [
                *(tf.debugging.assert_equal(tf.shape(r)[0], batch, "one row each") for r in rows),
                tf.debugging.assert_equal(tf.shape(lengths)[0], batch, "lengths: one row each"),
                tf.debugging.assert_greater_equal(lengths, 1, "lengths: expected >= 1"),
                tf.debugging.assert_less_equal(lengths, frames, "lengths: expected <= frames"),
                tf.debugging.assert_all_finite(features, "features: expected finite values"),
            ]
            with tf.control_dependencies(checks):
                padded = pad_edges(features, lengths, config.past, config.lookahead)
            valid = tf.sequence_mask(lengths * hop, frames * hop)
            return [padded, valid]

        def sample(padded: tf.Tensor, *draws: tf.Tensor) -> tf.Tensor:
            seed, temperature, fine_temperature = draws
            return synthesis.synthesize(
                padded, seed, temperature, fine_temperature, config, self._read()
            )

        if xla:
            sample = tf.function(sample, autograph=False, jit_compile=True)

        @tf.function(
            autograph=False,
            input_signature=[
                features,
                lengths,
                tf.TensorSpec([None], tf.int64, "seed"),
                tf.TensorSpec([None], tf.float32, "temperature"),
                tf.TensorSpec([None], tf.float32, "fine_temperature"),
            ],
        )
        def synthesize(features, lengths, seed, temperature, fine_temperature):
            draws = seed, temperature, fine_temperature
            padded, valid = checked(features, lengths, *draws)
            tf.debugging.assert_non_negative(temperature, "temperature: expected >= 0")
            tf.debugging.assert_non_negative(fine_temperature, "fine_temperature: expected >= 0")
            audio = sample(padded, *draws)
            silence = tf.zeros_like(audio)
            return {"audio": tf.where(valid, audio, silence), "audio_lengths": lengths * hop}

        @tf.function(
            autograph=False,
            input_signature=[features, lengths, tf.TensorSpec([None, None], tf.int16, "audio")],
        )
        def score(features, lengths, audio):
            padded, valid = checked(features, lengths, audio)
            tf.debugging.assert_equal(
                tf.shape(audio)[1], tf.shape(valid)[1], "audio: expected frames * hop_length"
            )
            likelihood = sampling.score(padded, audio, config, self._read())
            return {"log_likelihood": tf.where(valid[..., None], likelihood, 0.0)}

        self.synthesize, self.score = synthesize, score

    def _read(self) -> Weights:
        """The weights as tensors, read once before the loop."""
        return weights_lib.from_named({n: tf.convert_to_tensor(v) for n, v in self.arrays.items()})
