"""Small random models as .tflite files whose constants a test may spoil."""

import flatbuffers
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from tests.helpers.small import sparse_weights
from wavernn_tf import config as configuration
from wavernn_tf.config import matrices as matrices_lib
from wavernn_tf.export.format import op, packing
from wavernn_tf.voice.weights import named_arrays

STATE, PROJECTION, FEATURES, HOP = 32, 32, 5, 12
CONTEXT = 1  # frames before and after


def make_config(block="4x4", pre_emphasis=0.85, strides=(2, 3)):
    """A tiny configuration: two convolutions, some upsampling."""
    return configuration.Config(
        mel=configuration.MelRecipe(n_mels=FEATURES, hop_length=HOP),
        signal=configuration.SignalConfig(pre_emphasis=pre_emphasis),
        model=configuration.ModelConfig(
            state_size=STATE,
            projection_size=PROJECTION,
            conditioning=configuration.ConditioningConfig(
                channels=7, kernel_sizes=(3, 1), upsample=strides
            ),
        ),
        pruning=configuration.PruningConfig(gate_block=block, head_block=block),
    )


def make_weights(config, seed=0):
    """Random weights with half of their blocks."""
    return sparse_weights(config, seed, density=0.5, scale=1.5)


def tensors(config, weights, weight_type="float32"):
    """The op's constant inputs, by name, in order."""
    names = ["config"]
    dense = list(named_arrays(weights))
    names += dense[: dense.index("R_u")]
    scales = ["scales"] if weight_type in packing.INTEGERS else []
    for name in weights.matrices:
        names += ["dilations"] if name == "D_0" else []
        of_it = [] if name == "D_0" else scales
        names += [f"{name}.{part}" for part in ("row_offsets", "columns", *of_it, "values")]
        names += [f"{name}.bias"] if matrices_lib.has_bias(name) else []
    arrays = op.constants(config, weights, weight_type)
    assert len(names) == len(arrays)
    return dict(zip(names, arrays))


def implements(name):
    """An `experimental_implements` string that the converter turns into a custom op."""
    return f'name: "{name}" attr {{ key: "tfl_fusable_op" value {{ b: true }} }}'


class Exported(tf.Module):
    """The two ops around constant weights; their TensorFlow bodies only give shapes."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights

        @tf.function(autograph=False, experimental_implements=implements("WaveRNNGenerate"))
        def generate_op(features, seed, temperature, fine, state, position, *weights):
            mix = sum(tf.reduce_sum(tf.cast(w, tf.float32)) for w in weights)
            level = tf.reduce_sum(features) * mix + tf.reduce_sum(temperature + fine)
            samples = (tf.shape(features)[1] - 2 * CONTEXT) * HOP
            audio = tf.cast(tf.fill([tf.shape(features)[0], samples], level), tf.int16)
            return audio, state + level, position + tf.cast(samples, tf.int64) + seed

        @tf.function(autograph=False, experimental_implements=implements("WaveRNNScore"))
        def score_op(features, audio, *weights):
            mix = sum(tf.reduce_sum(tf.cast(w, tf.float32)) for w in weights)
            level = tf.reduce_sum(features) * mix
            return tf.stack([tf.cast(audio, tf.float32) + level] * 2, -1)

        self.generate_op, self.score_op = generate_op, score_op

    def constants(self):
        return [tf.constant(w) for w in self.weights]

    def _generate(self, features, seed, temperature, fine_temperature, state, position):
        given = features, seed, temperature, fine_temperature, state, position
        outputs = self.generate_op(*given, *self.constants())
        return dict(zip(("audio", "state", "position"), outputs))

    def _score(self, features, audio):
        return {"log_likelihood": self.score_op(features, audio, *self.constants())}

    def _chain(self, features, keep, *others):
        # Features of a shape known only at run time, and one op fed by the other.
        features = tf.boolean_mask(features, keep, axis=1)
        made = self._generate(features, *others)
        return {**made, **self._score(features, made["audio"])}

    def signatures(self, chain=False):
        spec = tf.TensorSpec
        features = spec([None, None, FEATURES], name="features")
        run_time = [
            spec([None], tf.int64, name="seed"),
            spec([None], name="temperature"),
            spec([None], name="fine_temperature"),
            spec([None, STATE + 2], name="state"),
            spec([None], tf.int64, name="position"),
        ]
        audio = spec([None, None], tf.int16, name="audio")
        if chain:
            keep = spec([None], tf.bool, name="keep")
            return {"chain": traced(self._chain, [features, keep, *run_time])}
        return {
            "generate": traced(self._generate, [features, *run_time]),
            "score": traced(self._score, [features, audio]),
        }


def traced(function, signature):
    graph = tf.function(function, autograph=False, input_signature=signature)
    return graph.get_concrete_function()


def convert(weights, folder, chain=False):
    """A .tflite, as bytes, whose ops carry `weights`."""
    module = Exported(weights)
    signatures = module.signatures(chain)
    tf.saved_model.save(module, str(folder), signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(folder), signature_keys=list(signatures)
    )
    converter.allow_custom_ops = True
    return converter.convert()


def rewritten(content, change):
    """A .tflite, as bytes, after `change` of its tree of objects."""
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    change(tree)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def inputs(batch=1, frames=8, **changes):
    """Valid run-time inputs of `generate`."""
    random = np.random.default_rng(5)
    shape = (batch, frames + 2 * CONTEXT, FEATURES)
    values = {
        "features": np.float32(random.normal(size=shape)),
        "seed": np.arange(batch, dtype=np.int64) + (3 << 32),
        "temperature": np.full(batch, 0.9, np.float32),
        "fine_temperature": np.ones(batch, np.float32),
        "state": np.zeros((batch, STATE + 2), np.float32),
        "position": np.zeros(batch, np.int64),
    }
    return {**values, **changes}
