"""Block shapes and sparsities."""

from __future__ import annotations

import dataclasses
from typing import Dict, Tuple, Union

from wavernn_tf.config.checks import one_of, positive
from wavernn_tf.config.matrices import BLOCK_SHAPES, GATES, HEADS, block_of_each
from wavernn_tf.errors import WaveRNNError


@dataclasses.dataclass(frozen=True)
class PruningConfig:
    """Block pruning during training (the paper's section 2).

    Attributes:
      enabled: prune at all.
      gate_block: block shape of the gate matrices, a name in `BLOCK_SHAPES` (outputs x inputs), or
        one name each for R_u, R_r, R_e.
      head_block: the same of the heads' matrices, or one name each for O1..O4.
      subscale_block: block shape of the matrices D_1.. and N_u, N_r, N_e of Subscale WaveRNN.
      gate_sparsity: final share of zero blocks of R_u, R_r, R_e, each on its own.
      head_sparsity: final share of zero blocks of O1..O4; 0 leaves a matrix dense.
      subscale_sparsity: the same of each of D_1.. (the convolutions over the earlier sub-tensors
        but the first, which is small and stays dense), and of each of N_u, N_r, N_e.
      begin_step: first step with a mask (t0).
      end_step: the step that reaches the final sparsity (t0 + S).
      frequency: steps between renewals of the masks.
    """

    enabled: bool = True
    gate_block: Union[str, Tuple[str, ...]] = "16x1"
    head_block: Union[str, Tuple[str, ...]] = "16x1"
    gate_sparsity: Tuple[float, ...] = (0.96, 0.96, 0.96)
    head_sparsity: Tuple[float, ...] = (0.9, 0.9, 0.9, 0.9)
    subscale_block: str = "16x1"
    subscale_sparsity: Tuple[float, ...] = (0.5, 0.9)
    begin_step: int = 1000
    end_step: int = 201000
    frequency: int = 500

    def __post_init__(self) -> None:
        for field, names in (("gate_block", GATES), ("head_block", HEADS)):
            blocks = block_of_each(getattr(self, field), names)
            if len(blocks) != len(names):
                raise WaveRNNError(
                    f"Expected `pruning.{field}` to be one block shape or {len(names)}, for "
                    f"{', '.join(names)}; got {list(blocks)}."
                )
            for block in blocks:
                one_of(f"pruning.{field}", block, tuple(BLOCK_SHAPES))
        one_of("pruning.subscale_block", self.subscale_block, tuple(BLOCK_SHAPES))
        kinds = ("the convolutions", "the gates")
        shares: Dict[str, Tuple[str, ...]] = {
            "gate_sparsity": GATES,
            "head_sparsity": HEADS,
            "subscale_sparsity": kinds,
        }
        for field, labels in shares.items():
            values = getattr(self, field)
            if len(values) != len(labels) or any(not 0 <= z < 1 for z in values):
                raise WaveRNNError(
                    f"Expected `pruning.{field}` to hold {len(labels)} values in [0, 1), for "
                    f"{', '.join(labels)}; got {list(values)}."
                )
        positive("pruning", self, "begin_step", "frequency")
        if self.end_step <= self.begin_step:
            raise WaveRNNError(
                f"Expected `pruning.end_step` > `pruning.begin_step` = {self.begin_step}; got "
                f"{self.end_step}."
            )
