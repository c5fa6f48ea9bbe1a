"""Everything that defines a voice and its training."""

from __future__ import annotations

import dataclasses

from wavernn_tf.config.matrices import check_blocks
from wavernn_tf.config.mel import MelRecipe
from wavernn_tf.config.model import ModelConfig
from wavernn_tf.config.pruning import PruningConfig
from wavernn_tf.config.signal import SignalConfig
from wavernn_tf.config.training import TrainingConfig
from wavernn_tf.errors import WaveRNNError

ESTIMATOR_REACH = 2
"""Frames that the pitch estimator sees on each side."""


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
        if self.signal.postfilter == "spectral":
            self._check_spectral()

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

    def _check_spectral(self) -> None:
        """Check that the spectral postfilter can analyse as the features were."""
        mel = self.mel
        found = None
        if not self.predicts:
            found = "a network without `signal.prediction_order`"
        elif mel.kind != "mel":
            found = f"`mel.kind` = {mel.kind}"
        elif mel.n_fft & (mel.n_fft - 1):
            found = f"`mel.n_fft` = {mel.n_fft}"
        elif mel.win_length < 2 * mel.hop_length:
            found = f"`mel.win_length` = {mel.win_length}, `mel.hop_length` = {mel.hop_length}"
        if found:
            raise WaveRNNError(
                "`signal.postfilter: spectral` needs a prediction and mel features whose n_fft is "
                "a power of two and whose win_length is 2 hop_length or more; got "
                f"{found}. Take another postfilter, or none."
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
