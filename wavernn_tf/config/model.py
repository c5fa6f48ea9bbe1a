"""Sizes of the network."""

from __future__ import annotations

import dataclasses
import math
from typing import Dict, Tuple

from wavernn_tf.config.checks import one_of, positive
from wavernn_tf.errors import WaveRNNError

STATE_MULTIPLE = 32
"""The kernels take each half of the state in whole vectors of 16 lanes."""

EXTRA_INPUTS: Dict[str, int] = {
    "sample": 1,
    "prediction": 1,
    "lagged": 5,
    "log_residual": 1,
    "log_sample": 1,
    "log_prediction": 1,
}
"""Inputs of the GRU beside c_{t-1}, f_{t-1}, c_t: rows of each, in their order."""


@dataclasses.dataclass(frozen=True)
class ConditioningConfig:
    """The network from features to the gates' inputs.

    Attributes:
      channels: of every layer.
      kernel_sizes: of the convolutions at frame rate; odd.
      upsample: strides of the transposed convolutions; their product divides `hop_length`.
    """

    channels: int = 128
    kernel_sizes: Tuple[int, ...] = (3, 3)
    upsample: Tuple[int, ...] = (2, 2)

    def __post_init__(self) -> None:
        positive("model.conditioning", self, "channels")
        if not self.kernel_sizes or any(k < 1 or k % 2 == 0 for k in self.kernel_sizes):
            raise WaveRNNError(
                "Expected `model.conditioning.kernel_sizes` to hold at least one odd size; got "
                f"{list(self.kernel_sizes)}."
            )
        if any(s < 1 for s in self.upsample):
            raise WaveRNNError(
                f"Expected positive `model.conditioning.upsample`; got {list(self.upsample)}."
            )

    @property
    def past(self) -> int:
        """Frames seen before the current one."""
        return sum((k - 1) // 2 for k in self.kernel_sizes)

    @property
    def lookahead(self) -> int:
        """Frames seen after the current one."""
        return self.past

    @property
    def steps_per_frame(self) -> int:
        """Conditioning steps per feature frame."""
        return math.prod(self.upsample)


@dataclasses.dataclass(frozen=True)
class SubscaleConfig:
    """Subscale WaveRNN: several samples per step (the paper's section 3).

    Sub-tensor s of B holds the samples s, B + s, 2 B + s, ... The network over the earlier
    sub-tensors is a stack of dilated convolutions. Its window of 1 + past + future positions lies
    evenly around the sample's own; what cannot be halved goes to the future.

    Attributes:
      batch: B, sub-tensors, and samples per step; 1 is the plain WaveRNN, without the network.
      horizon: F, positions of a sub-tensor's future that those after it wait for.
      channels: of every convolution.
      kernel_size: of every convolution.
      dilations: one for each convolution.
      input_gain: of the samples that the network sees; folded into its weights at export. With 0
        it is told the sub-tensor and nothing else: the ablation.
    """

    batch: int = 1
    horizon: int = 14
    channels: int = 64
    kernel_size: int = 3
    dilations: Tuple[int, ...] = (1, 2, 4)
    input_gain: float = 256.0

    def __post_init__(self) -> None:
        one_of("model.subscale.batch", self.batch, (1, 2, 4, 8, 16))
        positive("model.subscale", self, "channels", "kernel_size")
        if self.channels % 16:
            raise WaveRNNError(
                "Expected `model.subscale.channels` to be a multiple of 16 (whole vectors); got "
                f"{self.channels}."
            )
        if self.input_gain < 0:
            raise WaveRNNError(f"Expected `model.subscale.input_gain` >= 0; got {self.input_gain}.")
        if not self.dilations or any(d < 1 for d in self.dilations):
            raise WaveRNNError(
                "Expected `model.subscale.dilations` to hold at least one positive dilation; got "
                f"{list(self.dilations)}."
            )
        if self.horizon < self.future:
            raise WaveRNNError(
                f"Expected `model.subscale.horizon` >= {self.future}, the future that the "
                "convolutions reach ((kernel_size - 1) * sum(dilations) / 2, rounded up); got "
                f"{self.horizon}. Raise the horizon, or take fewer or smaller dilations."
            )

    @property
    def reach(self) -> int:
        """Positions that the convolutions see beside one."""
        return (self.kernel_size - 1) * sum(self.dilations)

    @property
    def past(self) -> int:
        """Positions seen before the sample's own, in each earlier sub-tensor."""
        return self.reach // 2

    @property
    def future(self) -> int:
        """Positions seen after the sample's own, in each earlier sub-tensor; at most `horizon`."""
        return self.reach - self.past

    @property
    def stagger(self) -> int:
        """Steps by which each sub-tensor runs behind the one before: F + 1."""
        return self.horizon + 1

    @property
    def history(self) -> int:
        """M, last samples of every sub-tensor that a stream carries on."""
        return (self.batch - 1) * self.stagger + self.past if self.batch > 1 else 1

    @property
    def latency(self) -> int:
        """Samples by which the first sub-tensor is ahead of the finished waveform."""
        return (self.batch - 1) * self.stagger * self.batch


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network.

    Attributes:
      state_size: units of the GRU, half coarse and half fine; a multiple of 32.
      projection_size: units between the state's half and the 256 logits.
      input_gain: of the trained input kernel, see `wavernn_tf.layers.DualSoftmaxGRU`; folded into
        the weights at export.
      extra_inputs: what the GRU reads beside c_{t-1}, f_{t-1}, c_t; names in `EXTRA_INPUTS`, kept
        in the order given there.
      conditioning: the conditioning network.
      subscale: samples per step, and the network over the earlier sub-tensors.
    """

    state_size: int = 256
    projection_size: int = 128
    input_gain: float = 512.0
    extra_inputs: Tuple[str, ...] = ()
    conditioning: ConditioningConfig = ConditioningConfig()
    subscale: SubscaleConfig = SubscaleConfig()

    def __post_init__(self) -> None:
        positive("model", self, "state_size", "projection_size", "input_gain")
        below, rest = divmod(self.state_size, STATE_MULTIPLE)
        if rest:
            near = [STATE_MULTIPLE * n for n in (below, below + 1) if n]
            raise WaveRNNError(
                f"Expected `model.state_size` to be a multiple of {STATE_MULTIPLE} (two halves of "
                f"whole 16-lane vectors); got {self.state_size}. Take "
                f"{' or '.join(map(str, near))}."
            )
        for name in self.extra_inputs:
            one_of("model.extra_inputs", name, tuple(EXTRA_INPUTS))
        ordered = tuple(name for name in EXTRA_INPUTS if name in self.extra_inputs)
        if len(ordered) < len(self.extra_inputs):
            raise WaveRNNError(
                f"`model.extra_inputs` names an input twice: {', '.join(self.extra_inputs)}."
            )
        object.__setattr__(self, "extra_inputs", ordered)

    @property
    def input_rows(self) -> int:
        """Inputs of the GRU per sample: c_{t-1}, f_{t-1}, c_t and the extra ones."""
        return 3 + sum(EXTRA_INPUTS[name] for name in self.extra_inputs)
