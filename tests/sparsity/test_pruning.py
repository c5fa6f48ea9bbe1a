"""TF-MOT pruning of our layers: exact sparsity per matrix, zeros that stay."""

import dataclasses

import numpy as np
import pytest
import tensorflow_model_optimization as tfmot

from tests.helpers.small import small_config
from wavernn_tf._keras import set_seed
from wavernn_tf.config.matrices import BLOCK_SHAPES, GATES, HEADS
from wavernn_tf.models import wavernn
from wavernn_tf.sparsity import pruning
from wavernn_tf.training import losses
from wavernn_tf.voice import sparsity as report
from wavernn_tf.voice import weights as weights_lib

STEPS = 12


def trained(config, steps=STEPS):
    """A pruned model after a few steps on noise."""
    set_seed(0)
    rng = np.random.default_rng(0)
    model = wavernn.build(config, wrap=pruning.wrapper(config))
    model.compile("adam", loss={"coarse": losses.bits, "fine": losses.bits})
    frames = 2 + config.model.conditioning.past + config.model.conditioning.lookahead
    inputs = {
        "features": rng.standard_normal([steps, frames, config.mel.n_mels]).astype(np.float32),
        "codes": rng.integers(0, 65536, [steps, 61], np.int32),
    }
    targets = {name: rng.integers(0, 256, [steps, 60]) for name in ("coarse", "fine")}
    hooks = [tfmot.sparsity.keras.UpdatePruningStep()]
    model.fit(inputs, targets, batch_size=1, callbacks=hooks, verbose=0, shuffle=False)
    return model


BLOCKS = {
    **{block: (block, block) for block in BLOCK_SHAPES},
    "mixed": (("16x1", "8x4", "4x4"), ("8x4", "4x4", "16x1", "8x4")),
}


@pytest.mark.parametrize("gate_block, head_block", BLOCKS.values(), ids=BLOCKS)
def test_every_matrix_reaches_its_own_sparsity(gate_block, head_block):
    config = small_config(state_size=160, projection_size=64)
    gates, heads = (0.96, 0.98, 0.9), (0.5, 0.75, 0.0, 0.9)
    config = dataclasses.replace(
        config,
        pruning=dataclasses.replace(
            config.pruning,
            gate_block=gate_block,
            head_block=head_block,
            gate_sparsity=gates,
            head_sparsity=heads,
            begin_step=2,
            end_step=8,
            frequency=2,
        ),
    )
    pruned, plain = trained(config), wavernn.build(config)
    pruning.copy_stripped(pruned, plain)
    weights = weights_lib.extract(plain)
    result = report.matrix_sparsity(weights, config)
    names = [f"R_{g}" for g in GATES] + list(HEADS)
    assert list(result) == names
    for name, target in zip(names, gates + heads):
        kept = result[name].nonzero_blocks
        assert kept == max(1, round(result[name].blocks * (1 - target))), name
        assert result[name].nonzeros == np.count_nonzero(weights.matrices[name]), name
    # The pruned and the stripped network are the same function.
    inputs = {"features": np.ones([1, 8, 10], np.float32), "codes": np.full([1, 61], 40000)}
    for name in ("coarse", "fine"):
        np.testing.assert_array_equal(pruned(inputs)[name], plain(inputs)[name])


def test_blocks_are_sixteen_outputs_of_one_input():
    config = small_config("16x1")
    config = dataclasses.replace(
        config,
        pruning=dataclasses.replace(config.pruning, begin_step=2, end_step=8, frequency=2),
    )
    plain = wavernn.build(config)
    pruning.copy_stripped(trained(config), plain)
    matrix = weights_lib.extract(plain).matrices["R_u"]  # [inputs, outputs]
    held = (matrix != 0).reshape(64, 4, 16)
    np.testing.assert_array_equal(held.any(axis=2), held.all(axis=2))
    assert 0 < held.any(axis=2).mean() < 0.1


def test_the_kept_blocks_have_the_largest_mean_magnitude():
    config = small_config("4x4")
    schedule = dataclasses.replace(config.pruning, begin_step=2, end_step=3, frequency=1)
    config = dataclasses.replace(config, pruning=schedule)
    model = trained(config, steps=4)
    weight, mask, _ = model.get_layer("prune_matrices_gru").pruning_vars[0]
    kept = report.nonzero_blocks(mask.numpy(), "4x4")
    assert kept.sum() == round(kept.size * 0.04)
    # Pruned blocks are zero, so every kept one has the larger mean magnitude.
    means = np.abs(weight.numpy() * mask.numpy()).reshape(16, 4, 16, 4).mean(axis=(1, 3)).T
    assert means[kept].min() > means[~kept].max() == 0


def test_pruning_off_wraps_nothing():
    config = small_config()
    off = dataclasses.replace(config.pruning, enabled=False)
    config = dataclasses.replace(config, pruning=off)
    model = wavernn.build(config, wrap=pruning.wrapper(config))
    assert [layer.name for layer in model.layers if "prune" in layer.name] == []


def test_a_run_may_keep_more_than_the_one_it_starts_from():
    config = small_config(state_size=64, projection_size=32)
    gates = dataclasses.replace(config.pruning, gate_sparsity=(0.5, 0.9, 0.9))
    config = dataclasses.replace(config, pruning=gates)
    model = wavernn.build(config, wrap=pruning.wrapper(config))
    (denser, *_), (sparse, *_), _ = model.get_layer("prune_matrices_gru").pruning_vars
    held = {}
    for weight in (denser, sparse):
        values = weight.numpy()
        values[16:] = 0.0  # three quarters
        weight.assign(values)
        held[weight.ref()] = values
    pruning.regrow(model, seed=3)
    grown, before = denser.numpy(), held[denser.ref()]
    np.testing.assert_array_equal(grown[:16], before[:16])
    assert (grown[16:] != 0).all()
    assert 0.01 < grown[16:].std() / before[:16].std() < 0.03
    np.testing.assert_array_equal(sparse.numpy(), held[sparse.ref()])
