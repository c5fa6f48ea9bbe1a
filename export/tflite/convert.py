"""A trained voice as a .tflite file with two custom ops.

The converter swaps a function of the right inputs and outputs, which computes nothing, for one node
of the custom op: that is `experimental_implements`. The file has two signatures::

    generate  features float32 [batch, past + frames + info.frames_after, n_features],
              seed int64 [batch], temperature float32 [batch], fine_temperature float32 [batch],
              state float32 [batch, info.state_values], position int64 [batch]
              -> audio int16 [batch, frames * hop_length], state, position
    score     features, audio int16 [batch, n] -> log_likelihood float32 [batch, n, 2]
"""

from __future__ import annotations

import functools
import tempfile
from typing import Any, List, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format import op
from wavernn_tf.export.tflite import flatbuffer
from wavernn_tf.voice import metadata
from wavernn_tf.voice.weights import Weights


def convert(
    config: Config, weights: Weights, info: metadata.VoiceInfo, keep_zeros: bool = False
) -> bytes:
    """Make the contents of a .tflite file: `convert_network`, then `with_description`."""
    return with_description(convert_network(config, weights, info, keep_zeros), info)


def convert_network(
    config: Config, weights: Weights, info: metadata.VoiceInfo, keep_zeros: bool = False
) -> bytes:
    """Convert a network; the file lacks its description.

    Args:
      config: the voice's configuration.
      weights: its dense float32 arrays; zero blocks are left out of the file.
      info: `info.weights` is the type that the file holds the weights in, `info.state_values` the
        size of a stream's state; the rest does not matter.
      keep_zeros: keep zero blocks, to time the dense form of the same op.

    Raises:
      WaveRNNError: if a matrix does not divide into blocks, or TensorFlow's converter fails.
    """
    constants = op.constants(config, weights, info.weights, keep_zeros)
    module = _Signatures(config, info, constants)
    with tempfile.TemporaryDirectory() as folder:
        signatures = {"generate": module.generate, "score": module.score}
        tf.saved_model.save(module, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=list(signatures)
        )
        converter.allow_custom_ops = True
        try:
            return converter.convert()
        except Exception as error:  # the converter raises bare Exceptions
            raise WaveRNNError(f"TensorFlow's TFLite converter failed: {error}") from error


def with_description(model: bytes, info: metadata.VoiceInfo) -> bytes:
    """Write the description of a voice into a file of `convert_network`.

    Args:
      model: the file; it stays as it is.
      info: the description.
    """
    text, size = info.to_json().encode(), 0
    for _ in range(2):  # the size of the file is known once it is written
        entries = {metadata.NAME: text, metadata.SIZE_NAME: metadata.size_entry(size)}
        finished = flatbuffer.finish(model, entries)
        size = len(finished)
    return finished


class _Signatures(tf.Module):
    """The two functions, bound to the constants."""

    def __init__(
        self, config: Config, info: metadata.VoiceInfo, constants: List[np.ndarray]
    ) -> None:
        super().__init__()
        state = info.state_values
        features = tf.TensorSpec([None, None, config.n_features], tf.float32, "features")
        context, hop = info.past + info.frames_after, config.mel.hop_length
        generate_op = _custom_op(op.GENERATE, functools.partial(_generated, context, hop))
        score_op = _custom_op(op.SCORE, _scored)

        def bound() -> List[tf.Tensor]:
            return [tf.constant(a) for a in constants]

        @tf.function(
            autograph=False,
            input_signature=[
                features,
                tf.TensorSpec([None], tf.int64, "seed"),
                tf.TensorSpec([None], tf.float32, "temperature"),
                tf.TensorSpec([None], tf.float32, "fine_temperature"),
                tf.TensorSpec([None, state], tf.float32, "state"),
                tf.TensorSpec([None], tf.int64, "position"),
            ],
        )
        def generate(features, seed, temperature, fine_temperature, state, position):
            inputs = [features, seed, temperature, fine_temperature, state, position]
            audio, state, position = generate_op(*inputs, *bound())
            return {"audio": audio, "state": state, "position": position}

        @tf.function(
            autograph=False,
            input_signature=[features, tf.TensorSpec([None, None], tf.int16, "audio")],
        )
        def score(features, audio):
            return {"log_likelihood": score_op(features, audio, *bound())}

        self.generate, self.score = generate, score


def _generated(
    context: int,
    hop_length: int,
    features: tf.Tensor,
    seed: tf.Tensor,
    temperature: tf.Tensor,
    fine_temperature: tf.Tensor,
    state: tf.Tensor,
    position: tf.Tensor,
    *constants: tf.Tensor,
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Outputs of the types and shapes of the op's; `context` is of frames around the audio."""
    shape = tf.shape(features)
    audio = tf.zeros([shape[0], (shape[1] - context) * hop_length], tf.int16)
    return audio, state, position


def _scored(features: tf.Tensor, audio: tf.Tensor, *constants: tf.Tensor) -> tf.Tensor:
    """The same of the op that scores."""
    shape = tf.shape(audio)
    return tf.zeros([shape[0], shape[1], 2])


def _custom_op(name: str, body: Any) -> Any:
    """A function that the converter replaces by one node of the custom op `name`."""
    implements = f'name: "{name}" attr {{ key: "tfl_fusable_op" value {{ b: true }} }}'
    return tf.function(body, autograph=False, experimental_implements=implements)
