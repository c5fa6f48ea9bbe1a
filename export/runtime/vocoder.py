"""Running an exported voice: numpy and a TFLite interpreter, no TensorFlow.

Example::

    from wavernn_tf.export.runtime import Vocoder

    voice = Vocoder.load("model.tflite")
    audio = voice.synthesize(mel, seed=1)  # mel float32 [frames, n_mels] -> int16 [samples]
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Union

import numpy as np

from wavernn_tf.audio.edges import pad_edges
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime.library import find_runtime, load_library
from wavernn_tf.voice import inputs, metadata, shipped
from wavernn_tf.voice.base import Draw, Progress, Voice

CHUNK_FRAMES = 40
"""Frames per call of the op in `synthesize`: the result does not depend on it."""


class Vocoder(Voice):
    """A voice, ready to turn features into audio.

    Make one with `Vocoder.load`. Threads may share it: they take turns, call by call of the op. For
    work at the same time give each thread a `clone()`.

    Attributes:
      info: the voice's description (`wavernn_tf.voice.metadata.VoiceInfo`).
      runtime: name and version of the interpreter in use.
    """

    def __init__(self, interpreter: Any, info: metadata.VoiceInfo, runtime: str) -> None:
        self.info, self.runtime = info, runtime
        self._interpreter = interpreter
        self._run_generate = interpreter.get_signature_runner("generate")
        self._run_score = interpreter.get_signature_runner("score")
        self._lock = threading.Lock()
        self._again: Optional[Callable[[], Vocoder]] = None

    @classmethod
    def load(
        cls,
        path: Union[str, Path, bytes],
        runtime: str = "auto",
        library: Optional[str] = None,
        isa: Optional[str] = None,
        stages: bool = False,
        postfilter: bool = True,
    ) -> Vocoder:
        """Load a .tflite voice.

        Args:
          path: the file, its contents, or the name of a shipped voice.
          runtime: "litert", "tensorflow", or "auto" for whichever is installed, LiteRT first.
          library: path of libwavernn_tf.so; by default the one built with the package.
          isa: instruction set of the kernels, one of `library.available_isas()`; by default the
            fastest of this machine. The samples are the same on all.
          stages: keep the time that every stage of the op takes (`wavernn-tf bench`).
          postfilter: run the postfilter of a voice that has one; its delay stays.

        Raises:
          WaveRNNError: if the file, an interpreter or the library is missing or unfit; it says
            what to do.
        """
        if isinstance(path, bytes):
            model = path
        else:
            path = shipped.resolve(path)
            if not path.is_file():
                raise WaveRNNError(f"There is no voice file {path}.")
            model = path.read_bytes()
        info = metadata.read(model)
        found = find_runtime(runtime)
        delegate = load_library(found, library, isa, stages, postfilter)
        try:
            interpreter = found.interpreter(model_content=model, experimental_delegates=[delegate])
            voice = cls(interpreter, info, f"{found.name} {found.version}")
            voice._again = functools.partial(
                cls.load, model, runtime, library, isa, stages, postfilter
            )
            return voice
        except (ValueError, RuntimeError) as error:
            raise WaveRNNError(f"The voice cannot be prepared: {error}") from error

    def clone(self) -> Vocoder:
        """The same voice once more, for another thread.

        Both share the bytes of the file and the weights that the op has laid out; a clone takes the
        memory of a stream alone.

        Raises:
          WaveRNNError: if the voice was not made by `Vocoder.load`.
        """
        if self._again is None:
            raise WaveRNNError("Expected a voice made by `Vocoder.load` to clone.")
        return self._again()

    def stream(
        self,
        chunks: Iterable[np.ndarray],
        seed: int = 0,
        temperature: float = 1.0,
        fine_temperature: float = 1.0,
    ) -> Iterator[np.ndarray]:
        """Turn features into audio while they arrive.

        The audio lags by `info.frames_after` frames, whose rest comes after the last chunk. However
        the features are cut, the samples are those of `synthesize`.

        Args:
          chunks: float [frames, n_features], any number of frames each.
          seed: as in `synthesize`.
          temperature: as in `synthesize`.
          fine_temperature: as in `synthesize`.

        Yields:
          int16 audio, whole frames; nothing for a chunk that is empty or completes none.
        """
        inputs.check_draw(seed, temperature, fine_temperature)
        checked = (inputs.check_features(chunk, self.info) for chunk in chunks if len(chunk))
        yield from self._stream(checked, Draw(seed, temperature, fine_temperature))

    def _stream(self, chunks: Iterable[np.ndarray], draw: Draw) -> Iterator[np.ndarray]:
        """`stream` of checked chunks."""
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

    def _speak(self, mel: np.ndarray, draw: Draw, progress: Progress) -> np.ndarray:
        def chunks() -> Iterator[np.ndarray]:
            for start in range(0, len(mel), CHUNK_FRAMES):
                yield mel[start : start + CHUNK_FRAMES]
                if progress:
                    progress(min(start + CHUNK_FRAMES, len(mel)))

        return np.concatenate(list(self._stream(chunks(), draw)))

    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        padded = pad_edges(mel, self.info.past, self.info.frames_after)
        outputs = self._call(self._run_score, features=padded[None], audio=audio[None])
        return outputs["log_likelihood"][0]

    def generate(self, **tensors: np.ndarray) -> Dict[str, np.ndarray]:
        """Advance any number of streams by whole frames: the file's signature `generate`, bare.

        Args:
          **tensors: features float32 [batch, past + frames + info.frames_after, n_features], seed
            int64 [batch], temperature and fine_temperature float32 [batch], state float32 [batch,
            info.state_values], position int64 [batch]; state and position start as zeros.

        Returns:
          audio int16 [batch, frames * hop_length], and the next state and position.
        """
        return self._call(self._run_generate, **tensors)

    def _call(self, runner: Any, **tensors: np.ndarray) -> Dict[str, np.ndarray]:
        try:
            with self._lock:
                return runner(**tensors)
        except (ValueError, RuntimeError) as error:
            raise WaveRNNError(f"The voice's op refused its input: {error}") from error
