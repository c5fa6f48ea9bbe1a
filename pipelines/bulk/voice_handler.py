"""A voice behind Beam's RunInference: the .tflite op, a SavedModel or a training run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np
from apache_beam.ml.inference import base

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines.bulk.items import Item

BATCH = 16
"""Examples of a batch, at most."""

Example = Tuple[Item, np.ndarray]
"""An item and its features, float32 [frames, n_features]."""


@dataclasses.dataclass(frozen=True)
class Spoken:
    """What became of an example.

    Attributes:
      item: as it came.
      audio: int16 [samples]; None if the voice refused the features.
      reason: why it did.
    """

    item: Item
    audio: Optional[np.ndarray]
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class VoiceOptions:
    """Which voice speaks, and how.

    Attributes:
      voice: a path that every worker sees, or the name of a shipped voice.
      runtime: interpreter of a .tflite voice, as in `Vocoder.load`.
      postfilter: run the pitch postfilter of a .tflite voice that has one.
      temperature: of the coarse draws.
      fine_temperature: of the fine draws.
    """

    voice: str
    runtime: str = "auto"
    postfilter: bool = True
    temperature: float = 1.0
    fine_temperature: float = 1.0

    def open(self) -> Any:
        """Open the voice, as the command line does."""
        from wavernn_tf import logs
        from wavernn_tf.export.voices import open_voice

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if os.path.isdir(self.voice):
            logs.quiet_tensorflow()
        return open_voice(self.voice, self.runtime, self.postfilter)


class SharedVoice:
    """One voice for all threads of a worker; each thread speaks with a clone where there are any.

    Args:
      voice: of any form.
    """

    def __init__(self, voice: Any) -> None:
        self._voice, self._own = voice, threading.local()

    def mine(self) -> Any:
        """The voice for this thread."""
        if not hasattr(self._own, "voice"):
            clone = getattr(self._voice, "clone", None)
            self._own.voice = clone() if clone else self._voice
        return self._own.voice


class VoiceHandler(base.ModelHandler[Example, Spoken, SharedVoice]):
    """Speaks examples, each with the samples of `wavernn-tf synthesize`.

    A .tflite voice speaks a batch side by side; the others, whose rounding may depend on the batch,
    one by one.

    Args:
      options: which voice speaks, and how.
    """

    def __init__(self, options: VoiceOptions) -> None:
        super().__init__()
        self._options = options

    def load_model(self) -> SharedVoice:
        """Open the voice; once per process of a worker."""
        return SharedVoice(self._options.open())

    def run_inference(
        self,
        batch: Sequence[Example],
        model: SharedVoice,
        inference_args: Optional[Dict[str, Any]] = None,
    ) -> Iterator[Spoken]:
        """Speak a batch; what the voice refuses comes back with the reason."""
        voice, options = model.mine(), self._options
        together = getattr(voice, "synthesize_many", None)
        if together and len(batch) > 1:
            items, mels = zip(*batch)
            draws = options.temperature, options.fine_temperature
            with contextlib.suppress(WaveRNNError):  # which of them is to blame shows below
                made = together(mels, [item.seed for item in items], *draws)
                return map(Spoken, items, made)
        return (self._speak(voice, item, mel) for item, mel in batch)

    def _speak(self, voice: Any, item: Item, mel: np.ndarray) -> Spoken:
        options = self._options
        try:
            audio = voice.synthesize(
                mel, item.seed, options.temperature, fine_temperature=options.fine_temperature
            )
        except WaveRNNError as error:
            return Spoken(item, None, str(error))
        return Spoken(item, audio)

    def get_num_bytes(self, batch: Sequence[Example]) -> int:
        """Bytes of the features of a batch."""
        return sum(mel.nbytes for _, mel in batch)

    def get_metrics_namespace(self) -> str:
        """Where RunInference's own metrics are found."""
        return "wavernn_tf.RunInference"

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """As many as the op has lanes."""
        return {"min_batch_size": BATCH, "max_batch_size": BATCH}
