"""The matrices that are kept in blocks: their names, shapes and block shapes.

R_u, R_r, R_e and O1..O4 of the plain WaveRNN; with Subscale WaveRNN also D_0, D_1, ... (the
convolutions over the earlier sub-tensors) and N_u, N_r, N_e (their output to the gates).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Tuple, Union

from wavernn_tf.errors import WaveRNNError

if TYPE_CHECKING:
    from wavernn_tf.config.config import Config
    from wavernn_tf.config.model import ModelConfig, SubscaleConfig

GATES = ("u", "r", "e")
HEADS = ("O1", "O2", "O3", "O4")
BLOCK_SHAPES: Dict[str, Tuple[int, int]] = {"4x4": (4, 4), "16x1": (16, 1), "8x4": (8, 4)}
"""Block shapes by name, as (outputs, inputs) of the block."""


def block_of_each(block: Union[str, Tuple[str, ...]], names: Tuple[str, ...]) -> Tuple[str, ...]:
    """One block shape per matrix, where one name stands for all."""
    return (block,) * len(names) if isinstance(block, str) else block


def matrix_shapes(model: ModelConfig) -> Dict[str, Tuple[int, int]]:
    """Shapes (in, out) of the matrices that are kept in blocks, by name."""
    half, projection = model.state_size // 2, model.projection_size
    shapes = {f"R_{g}": (model.state_size, model.state_size) for g in GATES}
    for first, second in (("O1", "O2"), ("O3", "O4")):
        shapes[first], shapes[second] = (half, projection), (projection, 256)
    if model.subscale.batch > 1:
        shapes.update(network_shapes(model.subscale))
        shapes.update({f"N_{g}": (model.subscale.channels, model.state_size) for g in GATES})
    return shapes


def network_shapes(subscale: SubscaleConfig) -> Dict[str, Tuple[int, int]]:
    """Shapes (in, out) of the convolutions D_0, D_1, ... over the earlier sub-tensors, by name."""
    size, channels = subscale.kernel_size, subscale.channels
    # The samples of the other sub-tensors at every tap, and which sub-tensor it is for.
    first = {"D_0": (size * (subscale.batch - 1) + subscale.batch, channels)}
    rest = range(1, len(subscale.dilations))
    return {**first, **{f"D_{i}": (size * channels, channels) for i in rest}}


def has_bias(name: str) -> bool:
    """Whether a matrix has a bias of its own: O1..O4 and D_0, D_1, ... do."""
    return name[0] in "OD"


def matrix_blocks(config: Config) -> Dict[str, str]:
    """Name of the block shape of each of the matrices, in the order of `matrix_shapes`."""
    pruning = config.pruning
    gates = zip(GATES, block_of_each(pruning.gate_block, GATES))
    chosen = {
        **{f"R_{gate}": block for gate, block in gates},
        **dict(zip(HEADS, block_of_each(pruning.head_block, HEADS))),
        "D_0": "16x1",
    }
    names = matrix_shapes(config.model)
    return {name: chosen.get(name, pruning.subscale_block) for name in names}


def check_blocks(config: Config) -> None:
    """Check that every matrix divides into whole blocks.

    Raises:
      WaveRNNError: naming the size to change.
    """
    shapes, blocks = matrix_shapes(config.model), matrix_blocks(config)
    for name, (n_in, n_out) in shapes.items():
        block_out, block_in = BLOCK_SHAPES[blocks[name]]
        # TF-MOT drops an axis of length one from its grid of blocks: there must be two.
        if n_out % block_out or n_in % block_in or n_out < 2 * block_out or n_in < 2 * block_in:
            raise WaveRNNError(
                f"Expected the matrix {name} ({n_in} inputs, {n_out} outputs) to divide into two "
                f"or more blocks of {block_out} outputs x {block_in} inputs each way; change "
                "model.projection_size (of O1..O4), model.subscale.channels (of D_, N_), or the "
                "block shape."
            )
