"""The feature recipe."""

from __future__ import annotations

import dataclasses
import hashlib
import json

from wavernn_tf.config.checks import one_of, positive
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.trees import to_dict


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
        one_of("mel.kind", self.kind, ("mel", "external"))
        one_of("mel.mel_scale", self.mel_scale, ("slaney", "htk"))
        one_of("mel.mel_norm", self.mel_norm, ("slaney", "none"))
        one_of("mel.log", self.log, ("ln", "log10", "db"))
        one_of("mel.padding", self.padding, ("same", "center", "center-zero"))
        one_of("mel.power", self.power, (1.0, 2.0))
        positive("mel", self, "sample_rate", "n_fft", "win_length", "hop_length", "n_mels")
        positive("mel", self, "floor", "scale")
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
