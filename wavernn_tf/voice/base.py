"""What every form of a voice does: it checks what it is given, speaks, and scores."""

from __future__ import annotations

import abc
from typing import Callable, NamedTuple, Optional

import numpy as np

from wavernn_tf.config import MelRecipe
from wavernn_tf.voice import inputs, metadata

Progress = Optional[Callable[[int], None]]
"""Called with the number of frames done."""


class Draw(NamedTuple):
    """How samples are drawn.

    Attributes:
      seed: 64-bit; the same seed and features give the same samples.
      temperature: divides the logits of the coarse classes; 1 samples from the model, 0 takes the
        likeliest class.
      fine_temperature: the same of the fine classes.
    """

    seed: int
    temperature: float
    fine_temperature: float


class Voice(abc.ABC):
    """A voice: a training run, a SavedModel or a .tflite file.

    Attributes:
      info: the voice's description.
      runtime: name and version of what runs it.
    """

    info: metadata.VoiceInfo
    runtime: str

    def synthesize(
        self,
        mel: np.ndarray,
        seed: int = 0,
        temperature: float = 1.0,
        recipe: Optional[MelRecipe] = None,
        progress: Progress = None,
        fine_temperature: float = 1.0,
    ) -> np.ndarray:
        """Turn the features of an utterance into audio.

        Args:
          mel: float [frames, n_features].
          seed: 64-bit; the same seed and features give the same samples.
          temperature: divides the logits of the coarse classes; 1 samples from the model, 0 takes
            the likeliest class.
          recipe: how `mel` was made, if known; another recipe than the voice's is refused.
          progress: called with the number of frames done, now and then.
          fine_temperature: as `temperature`, of the fine classes.

        Returns:
          int16 [frames * hop_length] at `info.mel.sample_rate`.

        Raises:
          WaveRNNError: for features of another width, recipe or scale, or that are not finite.
        """
        mel = inputs.check_features(mel, self.info, recipe)
        inputs.check_draw(seed, temperature, fine_temperature)
        inputs.warn_of_scale(mel, self.info)
        return self._speak(mel, Draw(seed, temperature, fine_temperature), progress)

    def score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Log-likelihood of recorded audio under the voice, teacher forced.

        Args:
          mel: float [frames, n_features].
          audio: int16 [samples] at the voice's rate; cut or padded with zeros to
            frames * hop_length if it differs by at most one frame.

        Returns:
          float32 [samples, 2], ln P(coarse), ln P(fine). In bits per sample:
          ``-score.sum(axis=1).mean() / np.log(2)``.

        Raises:
          WaveRNNError: for features or audio that do not fit the voice, or one another.
        """
        mel = inputs.check_features(mel, self.info)
        inputs.warn_of_scale(mel, self.info)
        return self._score(mel, inputs.align_audio(audio, len(mel), self.info))

    @abc.abstractmethod
    def _speak(self, mel: np.ndarray, draw: Draw, progress: Progress) -> np.ndarray:
        """Audio of checked features."""

    @abc.abstractmethod
    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Log-likelihood of checked features and audio."""


class WholeVoice(Voice):
    """A voice that speaks a whole utterance in one call."""

    def _speak(self, mel: np.ndarray, draw: Draw, progress: Progress) -> np.ndarray:
        audio = self._generate(mel, draw)
        if progress:
            progress(len(mel))
        return audio

    @abc.abstractmethod
    def _generate(self, mel: np.ndarray, draw: Draw) -> np.ndarray:
        """Audio of checked features."""
