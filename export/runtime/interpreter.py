"""A voice in a TFLite interpreter, which the native library serves as a delegate."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence

import numpy as np

from wavernn_tf.audio.edges import pad_edges
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime.library import Runtime
from wavernn_tf.export.runtime.vocoder import CHUNK_FRAMES, Vocoder
from wavernn_tf.voice import metadata
from wavernn_tf.voice.base import Draw


class InterpreterVocoder(Vocoder):
    """A .tflite voice that an interpreter runs.

    Args:
      runtime: the interpreter, from `library.find_runtime`.
      load_delegate: the native library as its delegate, made anew, from `library.load_library`.
      model: contents of the file.
      info: the description in it.

    Raises:
      WaveRNNError: if the interpreter or the op refuses the file.
    """

    def __init__(
        self,
        runtime: Runtime,
        load_delegate: Callable[[], Any],
        model: bytes,
        info: metadata.VoiceInfo,
    ) -> None:
        self.info, self.runtime = info, f"{runtime.name} {runtime.version}"
        self._made_of = runtime, load_delegate, model
        delegates = [load_delegate()]
        try:
            made = runtime.interpreter(model_content=model, experimental_delegates=delegates)
            self._run_generate = made.get_signature_runner("generate")
            self._run_score = made.get_signature_runner("score")
        except (ValueError, RuntimeError) as error:
            raise WaveRNNError(f"The voice cannot be prepared: {error}") from error
        self._interpreter = made  # its runners and delegate live as long as it
        self._lock = threading.Lock()

    def clone(self) -> InterpreterVocoder:
        """See `Vocoder`."""
        return InterpreterVocoder(*self._made_of, self.info)

    def _stream(self, chunks: Iterable[np.ndarray], draw: Draw) -> Iterator[np.ndarray]:
        """See `Vocoder`."""
        past, ahead = self.info.past, self.info.frames_after
        state = np.zeros([1, self.info.state_values], np.float32)
        position = np.zeros([1], np.int64)
        window: Optional[np.ndarray] = None

        def run(features: np.ndarray) -> np.ndarray:
            nonlocal state, position
            outputs = self.generate(
                features=features[None],
                seed=np.array([draw.seed], np.int64),
                temperature=np.array([draw.temperature], np.float32),
                fine_temperature=np.array([draw.fine_temperature], np.float32),
                state=state,
                position=position,
            )
            state, position = outputs["state"], outputs["position"]
            return outputs["audio"][0]

        for chunk in chunks:
            if window is None:
                window = np.repeat(chunk[:1], past, axis=0)  # the edge: silence is not known
            window = np.concatenate([window, chunk])
            if len(window) > past + ahead:
                yield run(window)
                window = window[len(window) - past - ahead :]
        if window is not None and ahead:
            yield run(np.concatenate([window, np.repeat(window[-1:], ahead, axis=0)]))

    def _speak_many(self, mels: Sequence[np.ndarray], draws: Sequence[Draw]) -> List[np.ndarray]:
        """See `Vocoder`: one batch, whose rows leave it where they end."""
        past, ahead = self.info.past, self.info.frames_after
        padded = [pad_edges(mel, past, ahead) for mel in mels]
        frames = np.array([len(mel) for mel in mels], np.int64)
        left = np.argsort(-frames, kind="stable")  # the longest first: those that end are behind
        state = np.zeros([len(left), self.info.state_values], np.float32)
        position = np.zeros([len(left)], np.int64)
        pieces: List[List[np.ndarray]] = [[] for _ in mels]
        start = 0
        while len(left):
            end = min(start + CHUNK_FRAMES, int(frames[left[-1]]))
            rows = [draws[i] for i in left]
            outputs = self.generate(
                features=np.stack([padded[i][start : end + past + ahead] for i in left]),
                seed=np.array([draw.seed for draw in rows], np.int64),
                temperature=np.array([draw.temperature for draw in rows], np.float32),
                fine_temperature=np.array([draw.fine_temperature for draw in rows], np.float32),
                state=state,
                position=position,
            )
            for i, audio in zip(left, outputs["audio"]):
                pieces[i].append(audio)
            start, on = end, int((frames[left] > end).sum())
            left, state, position = left[:on], outputs["state"][:on], outputs["position"][:on]
        return [np.concatenate(each) for each in pieces]

    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        padded = pad_edges(mel, self.info.past, self.info.frames_after)
        outputs = self._call(self._run_score, features=padded[None], audio=audio[None])
        return outputs["log_likelihood"][0]

    def generate(self, **tensors: np.ndarray) -> Dict[str, np.ndarray]:
        """See `Vocoder`."""
        return self._call(self._run_generate, **tensors)

    def _call(self, runner: Any, **tensors: np.ndarray) -> Dict[str, np.ndarray]:
        try:
            with self._lock:
                return runner(**tensors)
        except (ValueError, RuntimeError) as error:
            raise WaveRNNError(f"The voice's op refused its input: {error}") from error
