"""Random windows for the training kernel, and its equations in float64 for autodiff."""

from typing import Any, Dict, Mapping, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf.config.matrices import BLOCK_SHAPES, GATES, HEADS
from wavernn_tf.training import native


def random_window(
    seed: int = 0,
    batch: int = 16,
    time: int = 20,
    units: int = 64,
    projection: int = 32,
    rows: int = 3,
    hold: int = 7,
    block: str = "16x1",
    density: float = 1.0,
    spread: float = 1.0,
) -> Tuple[native.Batch, Dict[str, np.ndarray], Dict[str, np.ndarray]]:
    """A batch, the parameters, and the masks of the matrices (none where all blocks are kept)."""
    rng = np.random.default_rng(seed)
    half = units // 2
    sizes = {f"R_{gate}": (units, units) for gate in GATES}
    sizes.update({"O1": (half, projection), "O2": (projection, 256)})
    sizes.update({"O3": (half, projection), "O4": (projection, 256)})
    block_out, block_in = BLOCK_SHAPES[block]
    parameters, masks = {}, {}
    for name, (n_in, n_out) in sizes.items():
        weights = spread * rng.standard_normal((n_in, n_out)) / np.sqrt(n_in * max(density, 0.02))
        if density < 1:
            kept = rng.random((n_in // block_in, n_out // block_out)) < density
            kept.flat[0] = True
            masks[name] = np.kron(kept, np.ones([block_in, block_out])).astype(np.float32)
            weights *= masks[name]
        parameters[name] = weights.astype(np.float32)
    for name in HEADS:
        parameters[f"{name}/bias"] = rng.normal(0, 0.1, sizes[name][1]).astype(np.float32)
    kernel = rng.normal(0, 0.5, (rows, 3, units))
    kernel[2, :, :half] = 0.0  # c_t reaches the fine half alone
    parameters["input_kernel"] = kernel.reshape(rows, 3 * units).astype(np.float32)
    parameters["recurrent_bias"] = rng.normal(0, 0.1, units).astype(np.float32)
    window = native.Batch(
        x=rng.uniform(-1, 1, (batch, time, rows)).astype(np.float32),
        coarse=rng.integers(0, 256, (batch, time), dtype=np.int32),
        fine=rng.integers(0, 256, (batch, time), dtype=np.int32),
        gate_inputs=rng.standard_normal((batch, -(-time // hold), 3 * units)).astype(np.float32),
        state=np.tanh(rng.standard_normal((batch, units))).astype(np.float32),
        samples_per_step=hold,
    )
    return window, parameters, masks


def autodiff(
    window: native.Batch,
    parameters: Mapping[str, np.ndarray],
    fine_classes: Any = None,
    weights: Any = None,
) -> native.Result:
    """The same result from the equations in float64, by TensorFlow's autodiff.

    Args:
      window: the batch.
      parameters: as the kernel takes them.
      fine_classes: as the kernel takes them.
      weights: float64 [batch]: of every sequence's bits in the gradient.
    """
    p = {name: tf.Variable(value, dtype=tf.float64) for name, value in parameters.items()}
    gate_inputs = tf.Variable(window.gate_inputs, dtype=tf.float64)
    units = window.state.shape[1]
    half = units // 2
    weights = np.ones(len(window.x)) if weights is None else weights
    with tf.GradientTape() as tape:
        h = tf.constant(window.state, tf.float64)
        totals = [0.0, 0.0]
        recurrent = tf.concat([p[f"R_{gate}"] for gate in GATES], axis=1)
        for t in range(window.x.shape[1]):
            x = tf.constant(window.x[:, t], tf.float64)
            outer = x @ p["input_kernel"] + gate_inputs[:, t // window.samples_per_step]
            u_in, r_in, e_in = tf.split(outer, 3, axis=1)
            u_h, r_h, e_h = tf.split(h @ recurrent, 3, axis=1)
            u, r = tf.sigmoid(u_in + u_h), tf.sigmoid(r_in + r_h)
            e = tf.tanh(r * (e_h + p["recurrent_bias"]) + e_in)
            h = u * h + (1.0 - u) * e
            for i, (first, second, y, classes) in enumerate(
                (
                    ("O1", "O2", h[:, :half], window.coarse[:, t]),
                    ("O3", "O4", h[:, half:], window.fine[:, t]),
                )
            ):
                hidden = tf.nn.relu(y @ p[first] + p[f"{first}/bias"])
                logits = hidden @ p[second] + p[f"{second}/bias"]
                if i == 1 and fine_classes is not None:
                    limit = np.asarray(fine_classes)[window.coarse[:, t]]
                    logits = tf.where(np.arange(256) < limit[:, None], logits, -1e30)
                nats = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
                totals[i] += nats / np.log(2.0)
        loss = tf.reduce_sum((totals[0] + totals[1]) * weights)
    variables = {**p, "gate_inputs": gate_inputs}
    found = tape.gradient(loss, variables)
    gradients = {name: value.numpy() for name, value in found.items()}
    kernel = gradients["input_kernel"].reshape(-1, 3, units)
    kernel[2, :, :half] = 0.0
    return native.Result(tf.stack(totals, axis=1).numpy(), h.numpy(), gradients)
