"""Block pruning with TF-MOT: every matrix on its own, from scratch, on the paper's cubic schedule.

z(t) = Z (1 - (1 - (t - t0) / S)^3), masks renewed every `frequency` steps; a block's score is the
mean magnitude of its weights (the paper's section 3).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

import numpy as np
import tensorflow as tf
from tensorflow_model_optimization.python.core.sparsity.keras import (
    pruning_impl,
    pruning_schedule,
    pruning_wrapper,
)

from wavernn_tf._keras import stored
from wavernn_tf.config import Config, PruningConfig
from wavernn_tf.config.matrices import BLOCK_SHAPES, GATES, HEADS, matrix_blocks, matrix_shapes

_REGROWN = 0.02
_SLACK = 0.01  # whole blocks never meet a sparsity exactly


class PruneMatrices(pruning_wrapper.PruneLowMagnitude):
    """TF-MOT's wrapper, with a final sparsity and a block shape for every matrix of the layer.

    Args:
      layer: a prunable layer.
      schedules: one schedule per matrix, in the order of `layer.get_prunable_weights()`.
      blocks: names of block shapes, one per matrix.
    """

    def __init__(self, layer: Any, schedules: Sequence[Any], blocks: Sequence[str]) -> None:
        # TF-MOT counts in Keras orientation: (inputs, outputs).
        block_sizes = [BLOCK_SHAPES[block][::-1] for block in blocks]
        super().__init__(
            layer,
            pruning_schedule=schedules[0],
            block_size=block_sizes[0],
            block_pooling_type="AVG",
            dtype=layer.dtype_policy,  # a wrapper of its own precision would cast the inputs
        )
        self.schedules, self.block_sizes = list(schedules), block_sizes

    def build(self, input_shape: Any) -> None:
        """Create masks and thresholds; one TF-MOT pruner per matrix."""
        super().build(input_shape)
        self.pruning_obj = _Pruners(
            [
                pruning_impl.Pruning(
                    training_step_fn=lambda: self.pruning_step,
                    # In a mixed-precision layer variables read as bfloat16; masks are about the
                    # stored ones. Kept here only: as attributes of the layer they would be
                    # checkpointed under a second name, and not restored.
                    pruning_vars=[tuple(map(stored, variables))],
                    pruning_schedule=schedule,
                    block_size=block_size,
                    block_pooling_type=self.block_pooling_type,
                )
                for variables, schedule, block_size in zip(
                    self.pruning_vars, self.schedules, self.block_sizes
                )
            ]
        )

    def advance(self) -> None:
        """The updates of one training step without the layer's own computation.

        Counts the step, renews the masks where the schedule says so, and sets pruned weights to
        zero: what `call` does around the layer.
        """
        self.pruning_step.assign_add(1)
        self.pruning_obj.conditional_mask_update()
        self.pruning_obj.weight_mask_op()


class _Pruners:
    """Several TF-MOT pruners behind the two calls that the wrapper makes."""

    def __init__(self, pruners: List[Any]) -> None:
        self._pruners = pruners

    def conditional_mask_update(self) -> tf.Operation:
        return tf.group([pruner.conditional_mask_update() for pruner in self._pruners])

    def weight_mask_op(self) -> tf.Operation:
        return tf.group([pruner.weight_mask_op() for pruner in self._pruners])


def wrapper(config: Config) -> Callable[[Any], Any]:
    """The `wrap` argument of `wavernn.build`: prunes "gru", "heads" and "subscale".

    Returns:
      A function from a layer to its pruned form, or to itself when pruning is off.
    """
    pruning = config.pruning
    if not pruning.enabled:
        return lambda layer: layer
    blocks, sparsity = matrix_blocks(config), final_sparsity(config)
    # As the layers' `get_prunable_weights` list them.
    names = {
        "gru": [name for kind in "RN" for name in sparsity if name.startswith(f"{kind}_")],
        "heads": HEADS,
        "subscale": [name for name in sparsity if name.startswith("D_")],
    }

    def wrap(layer: Any) -> Any:
        mine = names[layer.name]
        if not mine:
            return layer
        schedules = [_schedule(pruning, sparsity[name]) for name in mine]
        return PruneMatrices(layer, schedules, [blocks[name] for name in mine])

    return wrap


def final_sparsity(config: Config) -> Dict[str, float]:
    """Share of zero blocks at which pruning ends, of every matrix that it prunes (all but D_0)."""
    pruning = config.pruning
    convolutions, gates = pruning.subscale_sparsity
    chosen = {
        **{f"R_{gate}": z for gate, z in zip(GATES, pruning.gate_sparsity)},
        **dict(zip(HEADS, pruning.head_sparsity)),
        **{f"N_{gate}": gates for gate in GATES},
    }
    names = [name for name in matrix_shapes(config.model) if name != "D_0"]
    return {name: chosen.get(name, convolutions) for name in names}


def masks(model: Any) -> Dict[Any, tf.Variable]:
    """The mask of every variable that is pruned, by the reference of the stored variable."""
    return {
        stored(weight).ref(): mask
        for layer in pruning_wrapper.collect_prunable_layers(model)
        for weight, mask, _ in layer.pruning_vars
    }


def apply_masks(model: Any) -> None:
    """Set every pruned block to zero exactly (the optimizer's last step may have moved it)."""
    for layer in pruning_wrapper.collect_prunable_layers(model):
        for weight, mask, _ in layer.pruning_vars:
            weight.assign(weight * mask)


def regrow(model: Any, seed: int) -> None:
    """Let a run that starts from a sparser one's weights keep more blocks than that one did.

    Matrices with more zeros than the run will have get small random values in their place, a
    fiftieth of the others': pruning chooses among them, and training makes them grow.

    Args:
      model: built with `wrapper`.
      seed: of the values.
    """
    rng = np.random.default_rng(seed)
    for layer in pruning_wrapper.collect_prunable_layers(model):
        for (weight, _, _), schedule in zip(layer.pruning_vars, layer.schedules):
            values = weight.numpy()
            zero = values == 0
            if not zero.all() and zero.mean() > schedule.final_sparsity + _SLACK:
                deviation = _REGROWN * values[~zero].std()
                values[zero] = deviation * rng.standard_normal(np.count_nonzero(zero))
                weight.assign(values)


def copy_stripped(pruned: Any, plain: Any) -> None:
    """Copy the weights of a pruned model to a plain one, zeros exact, pruning variables left out.

    Args:
      pruned: built with `wrapper`, or without.
      plain: built by the same configuration, without `wrap`.
    """
    apply_masks(pruned)
    layers = (getattr(layer, "layer", layer) for layer in pruned.layers)
    source = {layer.name: layer for layer in layers}
    for target in plain.layers:
        if target.weights:
            target.set_weights(source[target.name].get_weights())


def _schedule(pruning: PruningConfig, sparsity: float) -> Any:
    return pruning_schedule.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=sparsity,
        begin_step=pruning.begin_step,
        end_step=pruning.end_step,
        power=3,
        frequency=pruning.frequency,
    )
