"""What the network's samples are."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict

from wavernn_tf.config.checks import one_of
from wavernn_tf.errors import WaveRNNError

PITCH_POSTFILTERS = ("causal", "centred")
POSTFILTERS = ("off", *PITCH_POSTFILTERS, "spectral")
MOST_PASSES = 8


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
      postfilter: of the finished waveform: "off"; that of the pitch, "causal" or "centred" with one
        pitch period of look-ahead, which needs `pitch`; or "spectral", which makes every mel band
        as loud as the features say (`wavernn_tf.prediction.spectral_postfilter`).
      postfilter_strength: gain of the pitch postfilter in voiced speech; of the spectral one the
        share of the change that is made, all of it from 1 on.
      postfilter_passes: of the spectral postfilter, 1 to 8, one behind the other. Each brings the
        waveform nearer to the features and delays it by one more window.
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
    postfilter_passes: int = 1

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
        one_of("signal.pitch", self.pitch, ("off", "estimated", "given"))
        one_of("signal.split", self.split, ("linear", "mulaw"))
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
        one_of("signal.postfilter", self.postfilter, POSTFILTERS)
        if self.postfilter in PITCH_POSTFILTERS and self.pitch == "off":
            raise WaveRNNError(
                f"The postfilter (`signal.postfilter` = {self.postfilter}) follows the pitch: set "
                "`signal.pitch` to estimated or given, or switch it off."
            )
        if not 0 <= self.postfilter_strength <= 10:
            raise WaveRNNError(
                f"Expected 0 <= `signal.postfilter_strength` <= 10; got {self.postfilter_strength}."
            )
        if not 1 <= self.postfilter_passes <= MOST_PASSES:
            raise WaveRNNError(
                f"Expected `signal.postfilter_passes` in 1..{MOST_PASSES}; got "
                f"{self.postfilter_passes}."
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
