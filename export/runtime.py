"""Running an exported voice: numpy and a TFLite interpreter, no TensorFlow.

Example::

    from wavernn_tf.export.runtime import Vocoder

    voice = Vocoder.load("model.tflite")
    audio = voice.synthesize(mel, seed=1)  # mel float32 [frames, n_mels] -> int16 [samples]
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Union

import numpy as np

from wavernn_tf import files
from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export import metadata
from wavernn_tf.export.library import find_runtime, load_library

CHUNK_FRAMES = 40
"""Frames per call of the op in `synthesize`: the result does not depend on it."""

MAX_Z = 6.0
"""Features whose mean distance from the training data exceeds so many deviations are refused."""


class Vocoder:
    """A voice, ready to turn features into audio.

    Make one with `Vocoder.load`. It is not safe to use from two threads at once.

    Attributes:
      info: the voice's description (`wavernn_tf.export.metadata.VoiceInfo`).
      runtime: name and version of the interpreter in use.
    """

    def __init__(self, interpreter: Any, info: metadata.VoiceInfo, runtime: str) -> None:
        self.info, self.runtime = info, runtime
        self._interpreter = interpreter
        self._generate = interpreter.get_signature_runner("generate")
        self._score = interpreter.get_signature_runner("score")

    @classmethod
    def load(
        cls,
        path: Union[str, "Path", bytes],
        runtime: str = "auto",
        library: Optional[str] = None,
    ) -> Vocoder:
        """Load a .tflite voice.

        Args:
          path: the file, or its contents.
          runtime: "litert", "tensorflow", or "auto" for whichever is installed, LiteRT first.
          library: path of libwavernn_tf.so; by default the one built with the package.

        Raises:
          WaveRNNError: if the file, an interpreter or the library is missing or unfit; it says
            what to do.
        """
        if isinstance(path, bytes):
            model = path
        else:
            if not Path(path).is_file():
                raise WaveRNNError(f"There is no voice file {path}.")
            model = Path(path).read_bytes()
        info = metadata.read(model)
        found = find_runtime(runtime)
        delegate = load_library(found, library)
        try:
            interpreter = found.interpreter(model_content=model, experimental_delegates=[delegate])
            return cls(interpreter, info, f"{found.name} {found.version}")
        except (ValueError, RuntimeError) as error:
            raise WaveRNNError(f"The voice cannot be prepared: {error}") from error

    def synthesize(
        self,
        mel: np.ndarray,
        seed: int = 0,
        temperature: float = 1.0,
        recipe: Optional[MelRecipe] = None,
        progress: Optional[Callable[[int], None]] = None,
    ) -> np.ndarray:
        """Turn the features of an utterance into audio.

        Args:
          mel: float [frames, n_features].
          seed: 64-bit; the same seed and features give the same samples.
          temperature: divides the logits; 1 samples from the model, 0 takes the likeliest class.
          recipe: how `mel` was made, if known; another recipe than the voice's is refused.
          progress: called with the number of frames done after every chunk.

        Returns:
          int16 [frames * hop_length] at `info.mel.sample_rate`.

        Raises:
          WaveRNNError: for features of another width, recipe or scale, or that are not finite.
        """
        mel = self._checked(mel, recipe)

        def chunks() -> Iterator[np.ndarray]:
            for start in range(0, len(mel), CHUNK_FRAMES):
                yield mel[start : start + CHUNK_FRAMES]
                if progress:
                    progress(min(start + CHUNK_FRAMES, len(mel)))

        return np.concatenate(list(self.stream(chunks(), seed, temperature)))

    def stream(
        self, chunks: Iterable[np.ndarray], seed: int = 0, temperature: float = 1.0
    ) -> Iterator[np.ndarray]:
        """Turn features into audio while they arrive.

        The audio lags by `info.lookahead` frames, whose rest comes after the last chunk. However
        the features are cut, the samples are those of `synthesize`.

        Args:
          chunks: float [frames, n_features], any number of frames each.
          seed: as in `synthesize`.
          temperature: as in `synthesize`.

        Yields:
          int16 audio, whole frames; nothing for a chunk that completes none.
        """
        past, ahead = self.info.past, self.info.lookahead
        state = np.zeros([1, self.info.state_size + 2], np.float32)
        position = np.zeros([1], np.int64)
        window: Optional[np.ndarray] = None
        _check_draw(seed, temperature)

        def run(features: np.ndarray) -> np.ndarray:
            nonlocal state, position
            outputs = self._call(
                self._generate,
                features=features[None],
                seed=np.array([seed], np.int64),
                temperature=np.array([temperature], np.float32),
                state=state,
                position=position,
            )
            state, position = outputs["state"], outputs["position"]
            return outputs["audio"][0]

        for chunk in chunks:
            chunk = self._checked(chunk, None)
            if window is None:
                window = np.repeat(chunk[:1], past, axis=0)  # the edge: silence is not known
            window = np.concatenate([window, chunk])
            if len(window) > past + ahead:
                yield run(window)
                window = window[len(window) - past - ahead :]
        if window is not None and ahead:
            yield run(np.concatenate([window, np.repeat(window[-1:], ahead, axis=0)]))

    def score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Log-likelihood of recorded audio under the voice, teacher forced.

        Args:
          mel: float [frames, n_features].
          audio: int16 [samples] at the voice's rate; cut or padded with zeros to
            frames * hop_length if it differs by at most one frame.

        Returns:
          float32 [samples, 2], ln P(coarse), ln P(fine). In bits per sample:
          ``-score.sum(axis=1).mean() / np.log(2)``.
        """
        mel = self._checked(mel, None)
        audio = np.asarray(audio)
        if audio.dtype != np.int16 or audio.ndim != 1:
            raise WaveRNNError(
                f"Expected `audio` int16 [samples]; got {audio.dtype} {list(audio.shape)}."
            )
        hop = self.info.mel.hop_length
        expected = len(mel) * hop
        if abs(len(audio) - expected) > hop:
            raise WaveRNNError(
                f"Expected {expected} samples, one per frame of {len(mel)} times hop_length {hop}; "
                f"got {len(audio)}. Are audio and features of the same recording and rate?"
            )
        audio = np.pad(audio[:expected], (0, max(0, expected - len(audio))))
        padded = np.pad(mel, ((self.info.past, self.info.lookahead), (0, 0)), mode="edge")
        outputs = self._call(self._score, features=padded[None], audio=audio[None])
        return outputs["log_likelihood"][0]

    def _call(self, runner: Any, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
        try:
            return runner(**inputs)
        except (ValueError, RuntimeError) as error:
            raise WaveRNNError(f"The voice's op refused its input: {error}") from error

    def _checked(self, mel: np.ndarray, recipe: Optional[MelRecipe]) -> np.ndarray:
        own = self.info.mel
        if recipe is not None and recipe.fingerprint != own.fingerprint:
            raise WaveRNNError(
                f"These features were made by the recipe {recipe.name!r} "
                f"({recipe.sample_rate} Hz, hop {recipe.hop_length}, {recipe.n_mels} bands); this "
                f"voice was trained on {own.name!r} ({own.sample_rate} Hz, hop {own.hop_length}, "
                f"{own.n_mels} bands). Compute them with the voice's recipe (`wavernn-tf inspect`), "
                "or train a voice on yours (`wavernn-tf prepare --recipe`)."
            )
        mel = np.asarray(mel)
        if mel.ndim != 2 or mel.shape[1] != own.n_mels or not len(mel):
            raise WaveRNNError(
                f"Expected features [frames, {own.n_mels}] with at least one frame (recipe "
                f"{own.name!r}); got shape {list(mel.shape)}."
            )
        if mel.dtype.kind != "f":
            raise WaveRNNError(f"Expected features of a float type; got {mel.dtype}.")
        if not np.all(np.isfinite(mel)):
            where = int(np.flatnonzero(~np.isfinite(mel).all(axis=1))[0])
            raise WaveRNNError(f"The features hold NaN or infinity, first in frame {where}.")
        z = np.abs((mel - np.array(self.info.feature_mean)) / np.array(self.info.feature_std))
        if z.mean() > MAX_Z:
            raise WaveRNNError(
                f"These features are of another scale than the voice's training data: on average "
                f"{z.mean():.1f} standard deviations off (limit {MAX_Z:g}). The voice expects the "
                f"recipe {own.name!r}: power {own.power:g}, {own.log}, floor {own.floor:g}; see "
                "`wavernn-tf inspect`."
            )
        return np.ascontiguousarray(mel, np.float32)


def write_wav(path: files.PathLike, audio: np.ndarray, sample_rate: int) -> None:
    """Write int16 [samples] as a mono 16-bit WAV file, whole or not at all.

    Args:
      path: the file.
      audio: int16 [samples].
      sample_rate: in Hz.
    """
    with files.replacing(path) as part, wave.open(str(part), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes(np.asarray(audio, "<i2").tobytes())


def _check_draw(seed: int, temperature: float) -> None:
    if not -(2**63) <= int(seed) < 2**63:
        raise WaveRNNError(f"Expected `seed` to fit in 64 signed bits; got {seed}.")
    if not (np.isfinite(temperature) and temperature >= 0):
        raise WaveRNNError(f"Expected a finite `temperature` >= 0; got {temperature}.")
