"""Running an exported voice: numpy alone, or with a TFLite interpreter; no TensorFlow.

Example::

    from wavernn_tf.export.runtime import Vocoder

    voice = Vocoder.load("model.tflite")
    audio = voice.synthesize(mel, seed=1)  # mel float32 [frames, n_mels] -> int16 [samples]
"""

from __future__ import annotations

import abc
import functools
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Union

import numpy as np

from wavernn_tf import extras
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime.library import (
    NATIVE,
    RUNTIMES,
    Runtime,
    find_litert,
    find_runtime,
    load_library,
)
from wavernn_tf.voice import inputs, metadata, shipped
from wavernn_tf.voice.base import Draw, Progress, Voice

CHUNK_FRAMES = 40
"""Frames per call of the op in `synthesize`: the result does not depend on it."""


class Vocoder(Voice):
    """A voice, ready to turn features into audio.

    Make one with `Vocoder.load`. Threads may share it. For work at the same time give each thread a
    `clone()`: with an interpreter, threads that share a voice take turns, call by call of the op.

    Attributes:
      info: the voice's description (`wavernn_tf.voice.metadata.VoiceInfo`).
      runtime: name and version of what runs the voice.
    """

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
          runtime: "litert" or "tensorflow", a TFLite interpreter that runs the file; "native", the
            package's library alone; or "auto" for litert where it is installed, else native. The
            samples are the same with all.
          library: path of libwavernn_tf.so; by default the one built with the package.
          isa: instruction set of the kernels, one of `library.available_isas()`; by default the
            fastest of this machine. The samples are the same on all.
          stages: keep the time that every stage of the op takes (`wavernn-tf bench`); this needs
            an interpreter.
          postfilter: run the postfilter of a voice that has one; its delay stays.

        Raises:
          WaveRNNError: if the file, an interpreter or the library is missing or unfit; it says
            what to do.
        """
        # Here, since both take from this module.
        from wavernn_tf.export.runtime.interpreter import InterpreterVocoder
        from wavernn_tf.export.runtime.native import Model, NativeVocoder

        if isinstance(path, bytes):
            model = path
        else:
            path = shipped.resolve(path)
            if not path.is_file():
                raise WaveRNNError(f"There is no voice file {path}.")
            model = path.read_bytes()
        info = metadata.read(model)
        found = _interpreter(runtime, stages)
        if found is None:
            return NativeVocoder(Model(model, library, isa, postfilter), info)
        delegate = functools.partial(load_library, found, library, isa, stages, postfilter)
        return InterpreterVocoder(found, delegate, model, info)

    @abc.abstractmethod
    def clone(self) -> Vocoder:
        """The same voice once more, for another thread.

        Both share the bytes of the file and the weights that the library has laid out; a clone
        takes the memory of a stream alone.
        """

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

    def synthesize_many(
        self,
        mels: Sequence[np.ndarray],
        seeds: Sequence[int],
        temperature: float = 1.0,
        fine_temperature: float = 1.0,
    ) -> List[np.ndarray]:
        """Turn the features of several utterances into audio.

        In an interpreter, from 8 to 17 utterances on, by the kernels, the op runs them as one
        batch, which is faster than one after the other. Each has the samples that `synthesize`
        gives it.

        Args:
          mels: float [frames, n_features] each.
          seeds: one for each.
          temperature: as in `synthesize`.
          fine_temperature: as in `synthesize`.

        Returns:
          int16 [frames * hop_length] each.

        Raises:
          WaveRNNError: as `synthesize`, for any of them.
        """
        draws = [Draw(seed, temperature, fine_temperature) for seed in seeds]
        for seed in seeds:
            inputs.check_draw(seed, temperature, fine_temperature)
        checked = [inputs.check_features(mel, self.info) for mel in mels]
        for mel in checked:
            inputs.warn_of_scale(mel, self.info)
        return self._speak_many(checked, draws)

    def _speak_many(self, mels: Sequence[np.ndarray], draws: Sequence[Draw]) -> List[np.ndarray]:
        """`synthesize_many` of checked features."""
        return [self._speak(mel, draw, None) for mel, draw in zip(mels, draws)]

    @abc.abstractmethod
    def _stream(self, chunks: Iterable[np.ndarray], draw: Draw) -> Iterator[np.ndarray]:
        """`stream` of checked chunks."""

    def _speak(self, mel: np.ndarray, draw: Draw, progress: Progress) -> np.ndarray:
        def chunks() -> Iterator[np.ndarray]:
            for start in range(0, len(mel), CHUNK_FRAMES):
                yield mel[start : start + CHUNK_FRAMES]
                if progress:
                    progress(min(start + CHUNK_FRAMES, len(mel)))

        return np.concatenate(list(self._stream(chunks(), draw)))

    def generate(self, **tensors: np.ndarray) -> Dict[str, np.ndarray]:
        """Advance any number of streams by whole frames: the file's signature `generate`, bare.

        Args:
          **tensors: features float32 [batch, past + frames + info.frames_after, n_features], seed
            int64 [batch], temperature and fine_temperature float32 [batch], state float32 [batch,
            info.state_values], position int64 [batch]; state and position start as zeros.

        Returns:
          audio int16 [batch, frames * hop_length], and the next state and position.

        Raises:
          WaveRNNError: if the op refuses its input, or the voice runs without an interpreter.
        """
        raise WaveRNNError(
            "The signature `generate` needs a TFLite interpreter; this voice was loaded without: "
            f"{extras.install('litert')}"
        )


def _interpreter(runtime: str, stages: bool) -> Optional[Runtime]:
    """The interpreter to run in; None for the library alone."""
    if runtime not in ("auto", NATIVE, *RUNTIMES):
        names = ", ".join((NATIVE, *RUNTIMES))
        raise WaveRNNError(f"Expected `runtime` to be auto or one of {names}; got {runtime!r}.")
    if runtime == NATIVE:
        if stages:
            raise WaveRNNError("Expected an interpreter as `runtime` to time stages; got native.")
        return None
    return find_litert() if runtime == "auto" and not stages else find_runtime(runtime)
