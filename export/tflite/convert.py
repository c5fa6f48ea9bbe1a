"""A trained voice as a .tflite file with two custom ops.

The converter swaps each op's TensorFlow body (the samplers of `wavernn_tf.generation.sampling`, on
unpacked weights) for one node of the custom op: that is `experimental_implements`. The file has two
signatures::

    generate  features float32 [batch, past + frames + info.frames_after, n_features],
              seed int64 [batch], temperature float32 [batch], fine_temperature float32 [batch],
              state float32 [batch, info.state_values], position int64 [batch]
              -> audio int16 [batch, frames * hop_length], state, position
    score     features, audio int16 [batch, n] -> log_likelihood float32 [batch, n, 2]
"""

from __future__ import annotations

import tempfile
from typing import Any, List, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.config import Config
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.format import op
from wavernn_tf.export.tflite import flatbuffer
from wavernn_tf.generation import sampling, wavefront
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
    module = _Signatures(config, info.state_values, constants)
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

    def __init__(self, config: Config, state: int, constants: List[np.ndarray]) -> None:
        super().__init__()
        features = tf.TensorSpec([None, None, config.n_features], tf.float32, "features")
        sample = _shaped(state) if config.model.subscale.batch == 1 else _generate_batched
        generate_op = _custom_op(op.GENERATE, sample, config, n_inputs=6)
        score_op = _custom_op(op.SCORE, sampling.score, config, n_inputs=2)

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


def _shaped(size: int) -> Any:
    """The plain sampler, behind which the state of a postfilter is let through unchanged.

    TensorFlow's body has no postfilter: of that one, and of frames it runs ahead for, the op knows.
    """

    def generate(features, seed, temperature, fine_temperature, state, position, config, w):
        known = sampling.state_values(config)
        kept, rest = state[:, :known], state[:, known:size]
        draws = seed, temperature, fine_temperature
        outputs = sampling.generate(features, *draws, kept, position, config, w)
        return outputs[0], tf.concat([outputs[1], rest], axis=1), outputs[2]

    return generate


def _generate_batched(
    features: tf.Tensor,
    seed: tf.Tensor,
    temperature: tf.Tensor,
    fine_temperature: tf.Tensor,
    state: tf.Tensor,
    position: tf.Tensor,
    config: Config,
    w: Weights,
) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Subscale's sampler in the form of `sampling.generate`.

    It starts a stream. To carry one on is the op's: its state has another form than TensorFlow's.
    """
    audio = wavefront.generate(features, seed, temperature, fine_temperature, config, w)
    return audio, state, position + tf.cast(tf.shape(audio)[1], tf.int64)


def _custom_op(name: str, body: Any, config: Config, n_inputs: int) -> Any:
    """A function that the converter replaces by one node of the custom op `name`."""
    implements = f'name: "{name}" attr {{ key: "tfl_fusable_op" value {{ b: true }} }}'

    @tf.function(autograph=False, experimental_implements=implements)
    def run(*tensors):
        weights = op.unpack_constants(config, tensors[n_inputs:])
        return body(*tensors[:n_inputs], config, weights)

    return run
