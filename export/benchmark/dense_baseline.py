"""The network's step in stock TFLite ops with dense matrices: what the op is compared with."""

from __future__ import annotations

import time
from typing import Any, Dict

import numpy as np

from wavernn_tf.config import Config, ModelConfig, PruningConfig
from wavernn_tf.export.runtime.library import Runtime

FORMS = ("float32", "int8")
"""Plain, and with TFLite's dynamic-range quantisation."""


def convert(state_size: int, projection_size: int, batch: int = 1) -> Dict[str, bytes]:
    """Make the step of one sample, with random weights (with TensorFlow).

    It holds the recurrent product of the three gates as one FULLY_CONNECTED, the gates and both
    heads. What the gates get from conditioning and samples is an input; softmax and draw are left
    out.

    Args:
      state_size: H.
      projection_size: P.
      batch: streams that step together.

    Returns:
      Contents of a .tflite file for each of `FORMS`; inputs float32 [batch, H] and [batch, 3H].
    """
    import tensorflow as tf

    from wavernn_tf import logs
    from wavernn_tf.generation import equations
    from wavernn_tf.voice.weights import random_weights

    model = ModelConfig(state_size, projection_size)
    w = random_weights(Config(model=model, pruning=PruningConfig(enabled=False)))
    recurrent = np.concatenate([w.matrices[f"R_{gate}"] for gate in "ure"], axis=1)

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec([batch, state_size]),
            tf.TensorSpec([batch, 3 * state_size]),
        ],
    )
    def step(h, gate_inputs):
        # Not `equations.update`, whose reshapes and slices would cost TFLite time.
        u, r, e = tf.split(tf.matmul(h, recurrent) + w.recurrent_bias, 3, axis=1)
        u_in, r_in, e_in = tf.split(gate_inputs, 3, axis=1)
        u, r = tf.sigmoid(u + u_in), tf.sigmoid(r + r_in)
        h = u * h + (1.0 - u) * tf.tanh(r * e + e_in)
        coarse, fine = tf.split(h, 2, axis=1)
        return h, equations.head(coarse, "O1", "O2", w), equations.head(fine, "O3", "O4", w)

    converted: Dict[str, bytes] = {}
    for form in FORMS:
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [step.get_concrete_function()], tf.Module()
        )
        if form == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        with logs.without_converter_notes():
            converted[form] = converter.convert()
    return converted


class DenseStep:
    """The step in an interpreter as that comes, one thread.

    Args:
      model: one of `convert`'s.
      runtime: the interpreter.

    Attributes:
      batch: streams that step together.
      xnnpack: whether the interpreter hands nodes to XNNPACK, as it does by default on most
        machines.
    """

    def __init__(self, model: bytes, runtime: Runtime) -> None:
        self._interpreter: Any = runtime.interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        rng = np.random.default_rng(0)
        for tensor in self._interpreter.get_input_details():
            values = rng.standard_normal(tensor["shape"]).astype(np.float32)
            self._interpreter.set_tensor(tensor["index"], np.tanh(values))
            self.batch = len(values)
        # Neither interpreter says so in public.
        nodes = self._interpreter._get_ops_details()
        self.xnnpack = any(node["op_name"] == "DELEGATE" for node in nodes)

    def run(self, steps: int) -> float:
        """Run so many steps; returns the seconds."""
        start = time.perf_counter()
        for _ in range(steps):
            self._interpreter.invoke()
        return time.perf_counter() - start
