"""The training step: Keras's functional model, and the kernel that computes its loss.

`model.fit` calls `TrainingModel.train_step`. The kernel is one of two:

* `KerasKernel` runs the functional model itself, the fused GRU and all logits, under autodiff;
* `NativeKernel` runs the conditioning in TensorFlow and everything after it in one call of the C++
  kernel (`wavernn_tf.training.native`), which returns the loss and its gradients.

Both train the same variables with the same masks: TF-MOT prunes, the kernels obey.
"""

from __future__ import annotations

import math
import time
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np
import tensorflow as tf

from wavernn_tf._keras import keras, stored
from wavernn_tf.config import Config
from wavernn_tf.config.matrices import GATES, HEADS, matrix_blocks
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.generation import folding
from wavernn_tf.prediction import coding
from wavernn_tf.sparsity import pruning
from wavernn_tf.training import losses, native
from wavernn_tf.training.workers import ALONE, Workers

Bits = Tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""Bits per sample of the coarse and of the fine byte, float32 [], and the state after the window,
float32 [sequences, H]."""


class TrainingModel(keras.Model):
    """The functional WaveRNN with a training step of its own.

    `step`, a `TrainingStep`, must be set before `fit`.
    """

    step: TrainingStep

    @property
    def metrics(self) -> List[Any]:
        """Bits per sample: in all, coarse, fine."""
        return self.step.means

    # Nothing here needs autograph, whose conversions take ten seconds.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, data: Any) -> Dict[str, Any]:
        """One step of the optimizer."""
        return self.step.train(self, *data)

    @tf.autograph.experimental.do_not_convert
    def test_step(self, data: Any) -> Dict[str, Any]:
        """The loss of held-out windows, each from the zero state."""
        return self.step.test(self, *data)


class TrainingStep:
    """What `TrainingModel` does with a batch, and what it carries from batch to batch.

    Batches are `(inputs, targets)` of `pipelines.dataset`. Where the state is carried,
    inputs["fresh"], bool [batch], says which lanes start anew.

    Args:
      model: a `TrainingModel`.
      config: of the model.
      kernel: a `KerasKernel` or `NativeKernel`.
      workers: the processes that train the model. Batches are this one's rows of the whole batch;
        of the carried state, too, this one renews its own rows.
    """

    def __init__(self, model: Any, config: Config, kernel: Any, workers: Workers = ALONE) -> None:
        self.kernel, self.workers = kernel, workers
        self.means = [keras.metrics.Mean(name=n) for n in ("loss", "coarse_loss", "fine_loss")]
        self._sizes, self._masks = config.model, pruning.masks(model)
        self._noise, self._seed = config.training.feature_noise, config.training.seed
        self.carried: Optional[tf.Variable] = None
        self._heard: Optional[tf.Variable] = None
        self._sequences = workers.rows(config.training.batch_size * config.model.subscale.batch)
        if config.training.carry_state:
            state = self._zeros(config.training.batch_size)
            self.carried = tf.Variable(state, trainable=False, name="carried_state")
            # Of held-out lanes, which start anew at every evaluation.
            self._heard = tf.Variable(state[:0], trainable=False, shape=[None, state.shape[1]])

    def train(
        self, model: Any, inputs: Dict[str, tf.Tensor], targets: Dict[str, tf.Tensor]
    ) -> Dict[str, Any]:
        """Train on a batch; return the bits per sample so far."""
        carried = None if self.carried is None else self.carried[self._sequences]
        state = self._state(inputs, tf.shape(targets["coarse"])[0], carried)
        if self._noise:
            inputs = {**inputs, "features": self._noisy(inputs["features"], model)}
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            coarse, fine, after = self.kernel.bits(model, inputs, targets, state, training=True)
            total = coarse + fine
        gradients = tape.gradient(total, variables)
        *gradients, coarse, fine = self.workers.mean([*gradients, coarse, fine])
        model.optimizer.apply_gradients([self._masked(g, v) for g, v in zip(gradients, variables)])
        if self.carried is not None:
            self.carried[self._sequences].assign(after)
        return self._note(coarse, fine)

    def test(
        self, model: Any, inputs: Dict[str, tf.Tensor], targets: Dict[str, tf.Tensor]
    ) -> Dict[str, Any]:
        """Score a batch; return the bits per sample so far."""
        count = tf.shape(targets["coarse"])[0]
        state = self._state(inputs, count, self._heard)
        coarse, fine, after = self.kernel.bits(model, inputs, targets, state, training=False)
        if self._heard is not None:
            self._heard.assign(after)
        return self._note(coarse, fine, count)

    def _state(
        self, inputs: Mapping[str, tf.Tensor], count: tf.Tensor, carried: Optional[tf.Variable]
    ) -> tf.Tensor:
        """The state before a window: that after the last one, but for fresh lanes."""
        zeros = self._zeros(count)
        if carried is None:
            return zeros
        fresh = inputs["fresh"]
        # Before the first evaluation there is no state to take.
        before = tf.cond(tf.reduce_all(fresh), lambda: zeros, lambda: tf.convert_to_tensor(carried))
        return tf.where(tf.repeat(fresh, self._sizes.subscale.batch)[:, None], zeros, before)

    def _noisy(self, features: tf.Tensor, model: Any) -> tf.Tensor:
        """Features with noise that the seed and the step decide, in units of their deviation."""
        std = model.get_layer("standardise").std
        seed = tf.stack([tf.constant(self._seed, tf.int64), model.optimizer.iterations])
        # Drawn for the whole batch, so that it does not depend on the number of workers.
        rows, rank = tf.shape(features)[0], self.workers.rank
        inside = tf.concat([tf.shape(features)[1:-1], tf.shape(std)], axis=0)
        whole = tf.concat([[rows * self.workers.count], inside], axis=0)
        noise = tf.random.stateless_normal(whole, seed)[rank * rows : (rank + 1) * rows]
        noise = self._noise * std * noise
        # The fundamental frequency, where it is given, is the column after these.
        rest = tf.zeros_like(features[..., std.shape[0] :])
        return features + tf.concat([noise, rest], axis=-1)

    def _zeros(self, batch: Any) -> tf.Tensor:
        return tf.zeros([batch * self._sizes.subscale.batch, self._sizes.state_size])

    def _masked(self, gradient: tf.Tensor, variable: tf.Variable) -> Any:
        """Pruned weights get no gradient: neither the norm nor the moments know of them."""
        mask = self._masks.get(stored(variable).ref())
        return (gradient if mask is None else gradient * mask), variable

    def _note(self, coarse: tf.Tensor, fine: tf.Tensor, weight: Any = None) -> Dict[str, Any]:
        for mean, value in zip(self.means, (coarse + fine, coarse, fine)):
            mean.update_state(value, weight)
        return {mean.name: mean.result() for mean in self.means}


class KerasKernel:
    """The functional model under autodiff.

    Args:
      config: of the model.
    """

    name = "keras"

    def __init__(self, config: Config) -> None:
        self.config = config

    def bits(
        self,
        model: Any,
        inputs: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        state: tf.Tensor,
        training: bool,
    ) -> Bits:
        """The loss of a batch.

        Args:
          model: a `TrainingModel`.
          inputs: of the functional model.
          targets: "coarse" and "fine", int32 [batch, time].
          state: float32 [sequences, H], before the window.
          training: count the step and renew the masks.
        """
        given = {**inputs, "state": state}
        outputs = model({name: given[name] for name in model.input}, training=training)
        found = {
            name: tf.reduce_mean(loss(targets[name], outputs[name]))
            for name, loss in losses.of(self.config.signal).items()
        }
        return found["coarse"], found["fine"], tf.cast(outputs["state"], tf.float32)


class NativeKernel:
    """The C++ kernel behind a gradient of its own.

    `seconds` and `calls` count what went into the kernel; `failure` holds what it refused.

    Args:
      config: of the model.
      threads: of the kernel.
      isa: instruction set; by default the fastest.

    Raises:
      WaveRNNError: if the native library is missing or the machine lacks `isa`.
    """

    name = "native"

    def __init__(self, config: Config, threads: int, isa: Optional[str] = None) -> None:
        self.config = config
        self.kernel = native.Kernel(matrix_blocks(config), threads, isa)
        self.failure: Optional[WaveRNNError] = None
        self.seconds, self.calls = 0.0, 0
        split = config.signal.split
        self._fine_classes = None if split == "linear" else coding.fine_counts(split)
        self._shared_bits = coding.shared_nats(split) / math.log(2.0)
        self._front: Any = None

    def bits(
        self,
        model: Any,
        inputs: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        state: tf.Tensor,
        training: bool,
    ) -> Bits:
        """As `KerasKernel.bits`."""
        layers = {getattr(layer, "layer", layer).name: layer for layer in model.layers}
        gru, heads = layers["gru"], layers["heads"]
        if self._front is None:
            ends = {n: v for n, v in model.input.items() if n != "state"}
            self._front = keras.Model(ends, gru.inbound_nodes[0].call_args[0])
        used = {name: inputs[name] for name in self._front.input}
        before = self._front(used, training=training)
        if training:
            for layer in (gru, heads):
                if isinstance(layer, pruning.PruneMatrices):
                    layer.advance()
        masks = {
            name: mask
            for layer in (gru, heads)
            if isinstance(layer, pruning.PruneMatrices)
            for name, (_, mask, _) in zip(_matrix_names(layer), layer.pruning_vars)
            if name in native.MATRICES
        }
        gru, heads = (getattr(layer, "layer", layer) for layer in (gru, heads))
        gates, samples_per_step = gru.gate_inputs(before)
        bias = gru.recurrent_bias[2 * gru.units :]
        parameters = {
            **{f"R_{gate}": tf.convert_to_tensor(r) for gate, r in zip(GATES, gru.recurrent)},
            **{name: tf.convert_to_tensor(k) for name, k in zip(HEADS, heads.kernels)},
            **{f"{n}/bias": tf.convert_to_tensor(b) for n, b in zip(HEADS, heads.biases)},
            "input_kernel": gru.masked_input_kernel(),
            "recurrent_bias": bias,
        }
        return self._run(
            before[0], gates, samples_per_step, state, targets, parameters, masks, training
        )

    def _run(
        self,
        x: tf.Tensor,
        gates: tf.Tensor,
        samples_per_step: int,
        state: tf.Tensor,
        targets: Mapping[str, tf.Tensor],
        parameters: Dict[str, tf.Tensor],
        masks: Dict[str, tf.Tensor],
        training: bool,
    ) -> Bits:
        batch = self.config.model.subscale.batch
        classes = [folding.fold(targets[name], batch) for name in ("coarse", "fine")]
        names, mask_names = list(parameters), list(masks)

        def call(*arrays: np.ndarray) -> List[np.ndarray]:
            x, coarse, fine, state, gates, *rest = arrays
            found = self._call(
                native.Batch(x, coarse, fine, gates, state, samples_per_step),
                dict(zip(names, rest)),
                dict(zip(mask_names, rest[len(names) :])),
                training,
            )
            sums = found.bits.sum(axis=0) / coarse.size
            # Values that share their two classes: a constant, as far as gradients go.
            sums[1] += self._shared_bits[coarse, fine].mean()
            gradients = [found.gradients[n] for n in ("gate_inputs", *names)] if training else []
            return [*sums.astype(np.float32), found.state, *gradients]

        @tf.custom_gradient
        def loss(gates: tf.Tensor, *values: tf.Tensor) -> Any:
            constants = [x, *classes, state, gates]
            kinds = [tf.float32] * (3 + (1 + len(values) if training else 0))
            found = tf.numpy_function(call, [*constants, *values, *masks.values()], kinds)
            coarse, fine, after, *gradients = found
            after.set_shape(state.shape)
            for value in (coarse, fine):
                value.set_shape([])

            def gradient(d_total: tf.Tensor, *_: tf.Tensor) -> List[tf.Tensor]:
                return [
                    tf.ensure_shape(d_total * g, v.shape)
                    for g, v in zip(gradients, (gates, *values))
                ]

            return (coarse + fine, coarse, fine, after), gradient

        total, coarse, fine, after = loss(gates, *parameters.values())
        # The gradient is that of the sum; the two parts are told apart without one.
        coarse = tf.stop_gradient(coarse)
        return coarse, total - coarse, tf.stop_gradient(after)

    def _call(
        self,
        batch: native.Batch,
        parameters: Dict[str, np.ndarray],
        masks: Dict[str, np.ndarray],
        training: bool,
    ) -> native.Result:
        begun = time.perf_counter()
        try:
            scale = 1.0 / batch.coarse.size
            return self.kernel.run(batch, parameters, masks, self._fine_classes, scale, training)
        except WaveRNNError as error:
            self.failure = error  # TensorFlow hides it in an error of its own
            raise
        finally:
            self.seconds += time.perf_counter() - begun
            self.calls += 1


def _matrix_names(layer: pruning.PruneMatrices) -> List[str]:
    """Names of the matrices that a wrapped layer prunes, in its order."""
    return [weight.name.split("/")[-1].split(":")[0] for weight, _, _ in layer.pruning_vars]
