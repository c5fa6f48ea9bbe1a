"""A voice behind TF Serving: speech, features and scores, by either protocol; numpy only."""

from __future__ import annotations

import dataclasses
import io
import wave
from typing import Iterable, Iterator, Mapping, Optional, Tuple

import numpy as np

from wavernn_tf.audio import feature_files
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.serving.client.connection import Connection, Tensors
from wavernn_tf.export.serving.client.target import ServingError


@dataclasses.dataclass(frozen=True)
class Form:
    """What a served voice takes and gives.

    Attributes:
      n_features: features per frame.
      hop_length: samples per frame.
      sample_rate: in Hz.
    """

    n_features: int
    hop_length: int
    sample_rate: int


class RemoteVoice:
    """A voice on a server. One thread at a time.

    Args:
      connection: to the server; closed by its owner.

    Example::

        with connect(parse("grpc://localhost:8500")) as connection:
            voice = RemoteVoice(connection)
            wav = voice.synthesize_wav(mel, seed=1)
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._form: Optional[Form] = None

    @property
    def form(self) -> Form:
        """Asked of the server once: the width from the signature, the rest from one frame."""
        if self._form is None:
            signatures = self.connection.signatures()
            if "synthesize_wav" not in signatures:
                raise ServingError(
                    "FAILED_PRECONDITION",
                    f"{self.connection.target.url} serves {self.connection.target.model!r}, which "
                    "is no voice of this version: it has no signature `synthesize_wav`. Export the "
                    "run again: `wavernn-tf export saved-model`.",
                )
            width = next(
                spec.shape[2]
                for spec in (
                    signatures["synthesize_wav"].inputs["features"],
                    signatures["features"].outputs["features"],
                )
                if len(spec.shape) == 3 and spec.shape[2]
            )
            assert width is not None
            wav = self._wav(np.zeros([1, width], np.float32), 0, 1.0, 1.0)
            samples, rate = read_wav(wav)
            self._form = Form(width, len(samples), rate)
        return self._form

    def synthesize_wav(
        self,
        features: np.ndarray,
        seed: int = 0,
        temperature: float = 1.0,
        fine_temperature: float = 1.0,
    ) -> bytes:
        """The speech of an utterance.

        Args:
          features: float [frames, n_features].
          seed: the same seed and features give the same samples.
          temperature: divides the coarse logits; 0 takes the likeliest class.
          fine_temperature: the same of the fine logits.

        Returns:
          A WAV file, 16-bit mono.

        Raises:
          ServingError: with the server's text.
        """
        mel = feature_files.check(np.asarray(features), self.form.n_features)
        return self._wav(mel, seed, temperature, fine_temperature)

    def synthesize(
        self,
        features: np.ndarray,
        seed: int = 0,
        temperature: float = 1.0,
        fine_temperature: float = 1.0,
    ) -> np.ndarray:
        """The same as int16 [samples]; the WAV is smaller on the way than integers are."""
        return read_wav(self.synthesize_wav(features, seed, temperature, fine_temperature))[0]

    def stream(
        self,
        chunks: Iterable[np.ndarray],
        seed: int = 0,
        temperature: float = 1.0,
        fine_temperature: float = 1.0,
    ) -> Iterator[np.ndarray]:
        """Speech while features arrive; joined, the samples of `synthesize`.

        The server keeps nothing between chunks: each answer carries the state that the next
        request sends back, so that any replica may take it.

        Args:
          chunks: float [frames, n_features] each, at least one frame in all.
          seed: see `synthesize_wav`.
          temperature: see `synthesize_wav`.
          fine_temperature: see `synthesize_wav`.

        Yields:
          int16 [samples], less than a chunk's worth at first: the network looks ahead.
        """
        draws = _draws(seed, temperature, fine_temperature)
        state = b""
        for chunk, last in _with_last(chunks):
            mel = feature_files.check(np.asarray(chunk), self.form.n_features)
            outputs = self._ask(
                "stream",
                {
                    **_rows(mel),
                    "final": np.array([last]),
                    **draws,
                    "state": np.array([state], object),
                },
            )
            state = outputs["state"][0]
            audio = np.asarray(outputs["audio"][0], np.int16)
            audio = audio[: int(outputs["audio_lengths"][0])]
            if len(audio):
                yield audio

    def features_of(self, wav: bytes) -> np.ndarray:
        """Compute the features of a WAV file on the server: float32 [frames, n_features]."""
        outputs = self._ask("features", {"wav_bytes": np.array([wav], object)})
        return np.asarray(outputs["features"][0], np.float32)[: int(outputs["lengths"][0])]

    def score(self, features: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """Log-likelihood of a recording.

        Args:
          features: float [frames, n_features].
          audio: int16 [samples], at most frames * hop_length; the rest is scored as silence and
            cut again.

        Returns:
          float32 [samples, 2], of the coarse and the fine byte.
        """
        mel = feature_files.check(np.asarray(features), self.form.n_features)
        missing = len(mel) * self.form.hop_length - len(audio)
        if not 0 <= missing <= self.form.hop_length:
            raise WaveRNNError(
                f"Expected {len(mel)} frames of {self.form.hop_length} samples; got {len(audio)} "
                "samples. Are audio and features of the same recording and rate?"
            )
        whole = np.pad(np.asarray(audio, np.int16), (0, missing))
        outputs = self._ask("score", {**_rows(mel), "audio": whole[None]})
        return np.asarray(outputs["log_likelihood"][0], np.float32)[: len(audio)]

    def _wav(
        self, mel: np.ndarray, seed: int, temperature: float, fine_temperature: float
    ) -> bytes:
        inputs = {**_rows(mel), **_draws(seed, temperature, fine_temperature)}
        return bytes(self._ask("synthesize_wav", inputs)["wav_bytes"][0])

    def _ask(self, signature: str, inputs: Mapping[str, np.ndarray]) -> Tensors:
        outputs = self.connection.predict(signature, inputs)
        status = outputs.get("status")
        if status is not None and status[0]:
            text = bytes(status[0]).decode("utf-8", "replace")
            raise ServingError(
                "INVALID_ARGUMENT", f"{self.connection.target.url} refused the row: {text}"
            )
        return outputs


def read_wav(data: bytes) -> Tuple[np.ndarray, int]:
    """Samples int16 [samples] and rate in Hz of a 16-bit mono WAV file.

    Raises:
      WaveRNNError: if it is anything else.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            form = file.getnchannels(), file.getsampwidth()
            rate = file.getframerate()
            samples = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise WaveRNNError(f"Expected a 16-bit mono WAV file; {error or 'it ends early'}.") from (
            error
        )
    if form != (1, 2):
        raise WaveRNNError(
            f"Expected a 16-bit mono WAV file; got {form[0]} channels of {8 * form[1]} bits."
        )
    return np.frombuffer(samples[: len(samples) // 2 * 2], "<i2").astype(np.int16), rate


def _rows(mel: np.ndarray) -> Tensors:
    return {"features": mel[None], "lengths": np.array([len(mel)], np.int32)}


def _draws(seed: int, temperature: float, fine_temperature: float) -> Tensors:
    return {
        "seed": np.array([seed], np.int64),
        "temperature": np.array([temperature], np.float32),
        "fine_temperature": np.array([fine_temperature], np.float32),
    }


def _with_last(chunks: Iterable[np.ndarray]) -> Iterator[Tuple[np.ndarray, bool]]:
    """Each chunk, and whether it is the last."""
    held: Optional[np.ndarray] = None
    for chunk in chunks:
        if held is not None:
            yield held, False
        held = chunk
    if held is None:
        raise WaveRNNError("Expected at least one chunk of features; got none.")
    yield held, True
