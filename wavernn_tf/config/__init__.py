"""Configuration: frozen dataclasses, read from YAML, checked field by field.

A configuration is one tree::

    Config
      mel           the feature recipe (`MelRecipe`)
      signal        rate, pre-emphasis and sample offset (`SignalConfig`)
      model         sizes (`ModelConfig`, with `ConditioningConfig` and `SubscaleConfig`)
      pruning       block shape and sparsity of every matrix (`PruningConfig`)
      training      steps, batch, window, optimizer (`TrainingConfig`)

An unknown key is an error that names the nearest known one. Presets are YAML files in `presets/`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple, Union

from wavernn_tf.config.matrices import BLOCK_SHAPES, GATES, HEADS, block_of_each, check_blocks
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.trees import from_dict, merge, to_dict

PRESETS = Path(__file__).parent / "presets"
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

SAMPLING_SETTINGS = tuple(
    f"signal.{name}"
    for name in ("noise_shaping", "voiced_temperature", "postfilter", "postfilter_strength")
)
"""What a trained network does not depend on: a run may be exported with other values."""

ESTIMATOR_REACH = 2
"""Frames that the pitch estimator sees on each side."""


def _one_of(path: str, value: Any, allowed: Tuple[Any, ...]) -> None:
    if value not in allowed:
        listed = ", ".join(map(str, allowed))
        raise WaveRNNError(f"Expected `{path}` to be one of {listed}; got {value!r}.")


def _positive(where: str, config: Any, *fields: str) -> None:
    for field in fields:
        value = getattr(config, field)
        if not value > 0:
            raise WaveRNNError(f"Expected `{where}.{field}` > 0; got {value}.")


@dataclasses.dataclass(frozen=True)
class MelRecipe:
    """How a waveform becomes features; recorded, with its fingerprint, in every artefact.

    Frame t covers the samples [t * hop_length, (t + 1) * hop_length).

    Attributes:
      name: a label; not part of the fingerprint.
      kind: "mel", or "external" for any `[frames, n_mels]` array computed elsewhere.
      sample_rate: of the waveform, in Hz.
      n_fft: FFT length, in samples.
      win_length: length of the periodic Hann window, in samples, centred in the FFT frame.
      hop_length: samples per frame.
      n_mels: features per frame.
      fmin: lowest mel band edge, in Hz.
      fmax: highest mel band edge, in Hz.
      mel_scale: "slaney" or "htk".
      mel_norm: "slaney" (unit area per band) or "none".
      power: exponent of the magnitude spectrum: 1 or 2.
      log: "ln", "log10" or "db" (10 log10).
      floor: smallest value before the logarithm.
      padding: "same" (reflect (n_fft - hop)/2 on both sides: frame t is centred in its samples, as
        HiFi-GAN does), "center" (reflect n_fft/2: frame t is centred on its first sample, as
        Tacotron 2 does; the surplus last frame is dropped) or "center-zero" ("center" with zeros
        for the reflection, librosa's default since 0.10).
      offset: subtracted after the logarithm.
      scale: divides after the offset.
    """

    name: str = "wavernn-16k"
    kind: str = "mel"
    sample_rate: int = 16000
    n_fft: int = 1024
    win_length: int = 800
    hop_length: int = 200
    n_mels: int = 80
    fmin: float = 0.0
    fmax: float = 8000.0
    mel_scale: str = "slaney"
    mel_norm: str = "slaney"
    power: float = 1.0
    log: str = "ln"
    floor: float = 1e-5
    padding: str = "same"
    offset: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        _one_of("mel.kind", self.kind, ("mel", "external"))
        _one_of("mel.mel_scale", self.mel_scale, ("slaney", "htk"))
        _one_of("mel.mel_norm", self.mel_norm, ("slaney", "none"))
        _one_of("mel.log", self.log, ("ln", "log10", "db"))
        _one_of("mel.padding", self.padding, ("same", "center", "center-zero"))
        _one_of("mel.power", self.power, (1.0, 2.0))
        _positive("mel", self, "sample_rate", "n_fft", "win_length", "hop_length", "n_mels")
        _positive("mel", self, "floor", "scale")
        if self.win_length > self.n_fft:
            raise WaveRNNError(
                f"Expected `mel.win_length` <= `mel.n_fft` = {self.n_fft}; got {self.win_length}."
            )
        if self.padding == "same" and self.n_fft < self.hop_length:
            raise WaveRNNError(
                f"Expected `mel.n_fft` >= `mel.hop_length` = {self.hop_length} with the padding "
                f'"same"; got {self.n_fft}.'
            )
        if not 0 <= self.fmin < self.fmax <= self.sample_rate / 2:
            raise WaveRNNError(
                f"Expected 0 <= `mel.fmin` < `mel.fmax` <= {self.sample_rate / 2:g} Hz (half the "
                f"rate); got fmin {self.fmin:g}, fmax {self.fmax:g}."
            )

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits over everything that changes a feature value."""
        values = to_dict(self)
        del values["name"]
        if self.kind == "external":
            values = {k: values[k] for k in ("kind", "sample_rate", "hop_length", "n_mels")}
        text = json.dumps(values, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def frames_per_second(self) -> float:
        """Feature frames per second."""
        return self.sample_rate / self.hop_length


@dataclasses.dataclass(frozen=True)
class SignalConfig:
    """What the network's samples are, and what is known of them in advance.

    Attributes:
      pre_emphasis: coefficient a of s[n] = x[n] - a x[n-1]; 0 switches it off.
      sample_offset: added before the linear split in coarse and fine, so that silence lies in the
        middle of a coarse bin (half a bin is 128).
      prediction_order: past samples in the linear prediction that the features give, 0 (none) or
        2..32; 16 suits voices. The network then codes the residual.
      pitch: "off"; "estimated" by a small network from the features; or "given" as one more
        column of the features, the fundamental frequency in Hz, 0 where there is none.
      split: coarse classes of 256 values each ("linear"), or 256 classes of mu-law width with the
        fine byte as the place inside ("mulaw"); see `wavernn_tf.prediction.coding`.
      noise_shaping: rho, how far the noise of voiced speech moves up in frequency when sampling: 0
        (off) to 0.9. It needs `pitch`; see `wavernn_tf.prediction.noise_shaping`.
      voiced_temperature: tau, factor on the coarse temperature where speech is voiced, in (0, 1];
        1 is off. It needs `pitch`.
      postfilter: pitch postfilter of the finished waveform: "off", "causal", or "centred" with one
        pitch period of look-ahead. It needs `pitch`.
      postfilter_strength: gain of the postfilter in voiced speech.
    """

    pre_emphasis: float = 0.85
    sample_offset: int = 128
    prediction_order: int = 0
    pitch: str = "off"
    split: str = "linear"
    noise_shaping: float = 0.0
    voiced_temperature: float = 1.0
    postfilter: str = "off"
    postfilter_strength: float = 1.5

    def __post_init__(self) -> None:
        if not 0 <= self.pre_emphasis < 1:
            raise WaveRNNError(f"Expected 0 <= `signal.pre_emphasis` < 1; got {self.pre_emphasis}.")
        if not 0 <= self.sample_offset <= 255:
            raise WaveRNNError(
                f"Expected 0 <= `signal.sample_offset` <= 255; got {self.sample_offset}."
            )
        if self.prediction_order != 0 and not 2 <= self.prediction_order <= 32:
            raise WaveRNNError(
                "Expected `signal.prediction_order` to be 0 (no prediction) or in 2..32; got "
                f"{self.prediction_order}."
            )
        _one_of("signal.pitch", self.pitch, ("off", "estimated", "given"))
        _one_of("signal.split", self.split, ("linear", "mulaw"))
        if not 0 <= self.noise_shaping <= 0.9:
            raise WaveRNNError(
                f"Expected 0 <= `signal.noise_shaping` <= 0.9; got {self.noise_shaping}."
            )
        if not 0 < self.voiced_temperature <= 1:
            raise WaveRNNError(
                f"Expected 0 < `signal.voiced_temperature` <= 1; got {self.voiced_temperature}."
            )
        for field, off in (("noise_shaping", 0.0), ("voiced_temperature", 1.0)):
            value = getattr(self, field)
            if value != off and self.pitch == "off":
                raise WaveRNNError(
                    f"`signal.{field}` = {value:g} follows the voicing: set `signal.pitch` to "
                    f"estimated or given, which needs `model.subscale.batch` = 1, or set it to "
                    f"{off:g}."
                )
        _one_of("signal.postfilter", self.postfilter, ("off", "causal", "centred"))
        if self.postfilter != "off" and self.pitch == "off":
            raise WaveRNNError(
                f"The postfilter (`signal.postfilter` = {self.postfilter}) follows the pitch: set "
                "`signal.pitch` to estimated or given, or switch it off."
            )
        if not 0 <= self.postfilter_strength <= 10:
            raise WaveRNNError(
                f"Expected 0 <= `signal.postfilter_strength` <= 10; got {self.postfilter_strength}."
            )

    @property
    def offset(self) -> int:
        """What is added to a sample before the split in coarse and fine."""
        return self.sample_offset if self.split == "linear" else 0

    @property
    def follows_voicing(self) -> bool:
        """Whether sampling depends on the voicing: shaped noise, or another temperature."""
        return self.noise_shaping > 0 or self.voiced_temperature < 1

    @property
    def of_data(self) -> Dict[str, Any]:
        """What prepared data must agree with; the rest is the network's alone."""
        return {
            "pre_emphasis": self.pre_emphasis,
            "sample_offset": self.sample_offset,
            "extra_features": self.extra_features,
        }

    @property
    def extra_features(self) -> int:
        """Columns of the features after the `n_mels` of the recipe: 1 with given pitch."""
        return int(self.pitch == "given")


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
        _positive("model.conditioning", self, "channels")
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
        _one_of("model.subscale.batch", self.batch, (1, 2, 4, 8, 16))
        _positive("model.subscale", self, "channels", "kernel_size")
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
        _positive("model", self, "state_size", "projection_size", "input_gain")
        below, rest = divmod(self.state_size, STATE_MULTIPLE)
        if rest:
            near = [STATE_MULTIPLE * n for n in (below, below + 1) if n]
            raise WaveRNNError(
                f"Expected `model.state_size` to be a multiple of {STATE_MULTIPLE} (two halves of "
                f"whole 16-lane vectors); got {self.state_size}. Take "
                f"{' or '.join(map(str, near))}."
            )
        for name in self.extra_inputs:
            _one_of("model.extra_inputs", name, tuple(EXTRA_INPUTS))
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
                _one_of(f"pruning.{field}", block, tuple(BLOCK_SHAPES))
        _one_of("pruning.subscale_block", self.subscale_block, tuple(BLOCK_SHAPES))
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
        _positive("pruning", self, "begin_step", "frequency")
        if self.end_step <= self.begin_step:
            raise WaveRNNError(
                f"Expected `pruning.end_step` > `pruning.begin_step` = {self.begin_step}; got "
                f"{self.end_step}."
            )


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Optimisation.

    Attributes:
      steps: optimizer steps in all.
      batch_size: windows per step.
      window: samples per window, with full backpropagation through it.
      learning_rate: peak rate of Adam.
      final_learning_rate: rate at the last step (cosine decay after the warm-up).
      warmup_steps: steps of linear warm-up.
      clip_norm: largest global norm of the gradient.
      seed: of the weights and of the order of the data.
      eval_every: steps between evaluations on held-out speech, and checkpoints.
      eval_windows: at most so many held-out windows per evaluation.
      feature_noise: standard deviation of the noise on the standardised features, drawn anew at
        every step; it keeps the network from learning the training recordings by heart.
      shuffle_windows: size of the shuffle buffer, in windows.
      precision: "float32" or "mixed_bfloat16"; the native kernel computes in float32.
      kernel: "native" (the C++ kernel on the blocks that are kept), "keras" (the fused Keras GRU)
        or "auto": "keras" where a GPU is visible or `precision` asks for it, else "native".
      carry_state: every lane of the batch walks through recordings window after window and keeps
        the GRU's state (truncated backpropagation); else windows are shuffled, each from the zero
        state. `window` is a multiple of `mel.hop_length` then.
    """

    steps: int = 500000
    batch_size: int = 128
    window: int = 960
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-5
    warmup_steps: int = 100
    clip_norm: float = 1.0
    seed: int = 0
    eval_every: int = 1000
    eval_windows: int = 256
    feature_noise: float = 0.0
    shuffle_windows: int = 8192
    precision: str = "float32"
    kernel: str = "auto"
    carry_state: bool = False

    def __post_init__(self) -> None:
        _one_of("training.precision", self.precision, ("float32", "mixed_bfloat16"))
        _one_of("training.kernel", self.kernel, ("auto", "native", "keras"))
        if self.kernel == "native" and self.precision != "float32":
            raise WaveRNNError(
                'Expected `training.precision` to be "float32" with the native kernel; got '
                f'"{self.precision}". Take training.kernel=keras for it.'
            )
        _positive("training", self, "steps", "batch_size", "window", "learning_rate", "clip_norm")
        _positive("training", self, "final_learning_rate", "eval_every", "eval_windows")
        _positive("training", self, "shuffle_windows")
        if self.feature_noise < 0:
            raise WaveRNNError(f"Expected `training.feature_noise` >= 0; got {self.feature_noise}.")
        if self.warmup_steps < 0:
            raise WaveRNNError(f"Expected `training.warmup_steps` >= 0; got {self.warmup_steps}.")


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that defines a voice and its training."""

    mel: MelRecipe = MelRecipe()
    signal: SignalConfig = SignalConfig()
    model: ModelConfig = ModelConfig()
    pruning: PruningConfig = PruningConfig()
    training: TrainingConfig = TrainingConfig()

    def __post_init__(self) -> None:
        steps = self.model.conditioning.steps_per_frame
        if self.mel.hop_length % steps:
            raise WaveRNNError(
                f"Expected `mel.hop_length` to be a multiple of prod(model.conditioning.upsample) "
                f"= {steps}; got {self.mel.hop_length}."
            )
        batch = self.model.subscale.batch
        if self.training.window % batch:
            raise WaveRNNError(
                f"Expected `training.window` to be a multiple of `model.subscale.batch` = {batch}; "
                f"got {self.training.window}."
            )
        hop = self.mel.hop_length
        if self.training.carry_state and self.training.window % hop:
            raise WaveRNNError(
                "Expected `training.window` to be a multiple of `mel.hop_length` = "
                f"{hop} where the state is carried; got {self.training.window}. Take "
                f"{max(1, round(self.training.window / hop)) * hop}, or training.carry_state=false."
            )
        if self.pruning.enabled:
            check_blocks(self)
        self._check_prediction()

    def _check_prediction(self) -> None:
        """Check what stands in front of the network."""
        signal, extra, batch = self.signal, self.model.extra_inputs, self.model.subscale.batch
        if self.predicts and batch > 1:
            raise WaveRNNError(
                "`signal.prediction_order`, `signal.pitch`, `signal.split: mulaw` and "
                f"`model.extra_inputs` need `model.subscale.batch` = 1; got {batch}: they need the "
                "last samples, which a step of Subscale WaveRNN has not drawn yet."
            )
        if signal.prediction_order and self.mel.kind != "mel":
            raise WaveRNNError(
                "`signal.prediction_order` needs `mel.kind` = mel, from which the spectrum is "
                f"computed; got {self.mel.kind!r}. Set `signal.prediction_order` to 0."
            )
        for name in ("prediction", "log_prediction"):
            if name in extra and not signal.prediction_order:
                raise WaveRNNError(
                    f"`model.extra_inputs` names {name}, which needs `signal.prediction_order` > 0."
                )
        if "lagged" in extra and signal.pitch == "off":
            raise WaveRNNError(
                "`model.extra_inputs` names lagged, which needs `signal.pitch` estimated or given."
            )
        sizes = self.model.conditioning.kernel_sizes
        if signal.pitch != "off" and max(sizes) < 3:
            raise WaveRNNError(
                "`signal.pitch` is interpolated between frames: expected a size of 3 or more among "
                f"`model.conditioning.kernel_sizes`; got {list(sizes)}."
            )
        if signal.pitch != "off" and self.mel.sample_rate < 1600:
            raise WaveRNNError(
                "`signal.pitch` needs `mel.sample_rate` >= 1600 Hz (periods of 4 samples and more);"
                f" got {self.mel.sample_rate}."
            )

    @property
    def predicts(self) -> bool:
        """Whether anything stands in front of the network, or another split than the linear one."""
        signal = self.signal
        off = signal.prediction_order == 0 and signal.pitch == "off" and signal.split == "linear"
        return not off or bool(self.model.extra_inputs)

    @property
    def n_features(self) -> int:
        """Features per frame: the recipe's, and the fundamental frequency where it is given."""
        return self.mel.n_mels + self.signal.extra_features

    @property
    def past(self) -> int:
        """Feature frames needed before those whose samples are wanted."""
        return self.model.conditioning.past + self._estimator_reach

    @property
    def seen_ahead(self) -> int:
        """Feature frames after the current one that the network sees."""
        return self.model.conditioning.lookahead + self._estimator_reach

    @property
    def _estimator_reach(self) -> int:
        return ESTIMATOR_REACH if self.signal.pitch == "estimated" else 0

    @property
    def lookahead(self) -> int:
        """Feature frames needed after those whose samples are wanted.

        What the network sees, and how far the first sub-tensor runs ahead.
        """
        return self.seen_ahead - (-self.model.subscale.latency // self.mel.hop_length)

    @property
    def samples_per_step(self) -> int:
        """Samples per conditioning step."""
        return self.mel.hop_length // self.model.conditioning.steps_per_frame


def with_block(config: Config, block: str) -> Config:
    """The same configuration with one block shape for all matrices that have a choice."""
    fields = ("gate_block", "head_block", "subscale_block")
    return override(config, {f"pruning.{field}": block for field in fields})


def load(source: str) -> Config:
    """Read a configuration: the name of a preset, or the path of a YAML file.

    A YAML file may start from a preset with the key `preset`, and override any part of it; `mel`
    may be the name of a recipe of `wavernn_tf.config.recipes`.

    Raises:
      WaveRNNError: if there is no such preset or file, or it does not parse.
    """
    return from_dict(Config, _load_tree(source))


def presets() -> Tuple[str, ...]:
    """Names of the presets that come with the package."""
    return tuple(sorted(p.stem for p in PRESETS.glob("*.yaml")))


def override(config: Config, assignments: Mapping[str, Any]) -> Config:
    """Replace single values, by dotted path: `{"training.steps": 100}`."""
    tree = to_dict(config)
    for path, value in assignments.items():
        update: Any = value
        for key in reversed(path.split(".")):
            update = {key: update}
        tree = merge(tree, update)
    return from_dict(Config, tree)


def override_sampling(config: Config, assignments: Mapping[str, Any]) -> Config:
    """`override` of a trained voice: `SAMPLING_SETTINGS` alone.

    Raises:
      WaveRNNError: for a value that belongs to the trained network.
    """
    for path in assignments:
        if path not in SAMPLING_SETTINGS:
            raise WaveRNNError(
                f"Expected a setting of sampling ({', '.join(SAMPLING_SETTINGS)}); got {path}, "
                "which a trained voice cannot change. Train another run for it."
            )
    return override(config, assignments)


def _load_tree(source: str) -> Dict[str, Any]:
    path = Path(source)
    if source in presets():
        path = PRESETS / f"{source}.yaml"
    elif not path.is_file():
        raise WaveRNNError(
            f"Expected a preset ({', '.join(presets())}) or a YAML file; got {source!r}."
        )
    import yaml  # here, so that the on-device runtime needs no YAML

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WaveRNNError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(tree, dict):
        raise WaveRNNError(f"{path}: expected a mapping at the top; got {type(tree).__name__}.")
    if isinstance(tree.get("mel"), str):
        from wavernn_tf.config import recipes  # it imports this module

        tree["mel"] = to_dict(recipes.find(tree["mel"]))
    base = tree.pop("preset", None)
    if base is None:
        return tree
    if base not in presets():
        raise WaveRNNError(f"{path}: unknown preset {base!r}; there are {', '.join(presets())}.")
    return merge(_load_tree(base), tree)
