"""A voice in the native library alone, through its C API (`export/native/c_api/wavernn.h`)."""

from __future__ import annotations

import ctypes
import weakref
from ctypes import (
    POINTER,
    byref,
    c_char_p,
    c_float,
    c_int16,
    c_int32,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Iterable, Iterator, Optional

import numpy as np

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.export.runtime import library as libraries
from wavernn_tf.export.runtime.vocoder import Vocoder
from wavernn_tf.voice import metadata
from wavernn_tf.voice.base import Draw

_SIGNATURES = {
    "model_load_memory": [c_char_p, c_size_t, c_void_p, POINTER(c_void_p)],
    "model_free": [c_void_p],
    "stream_create": [c_void_p, c_void_p, c_size_t, POINTER(c_void_p)],
    "stream_free": [c_void_p],
    "stream_push": [c_void_p, POINTER(c_float), c_size_t, POINTER(c_size_t)],
    "stream_flush": [c_void_p],
    "stream_pull": [c_void_p, POINTER(c_int16), c_size_t, POINTER(c_size_t)],
    "score": [
        c_void_p,
        POINTER(c_float),
        c_size_t,
        POINTER(c_int16),
        c_size_t,
        POINTER(c_float),
    ],
}
"""Arguments of the functions that return a status or nothing."""


class _Options(ctypes.Structure):
    """`wavernn_options`."""

    _fields_ = [("size", c_uint32), ("postfilter", c_int32), ("isa", c_char_p)]


class _Draw(ctypes.Structure):
    """`wavernn_draw`."""

    _fields_ = [
        ("size", c_uint32),
        ("temperature", c_float),
        ("fine_temperature", c_float),
        ("reserved", c_uint32),
        ("seed", c_uint64),
    ]


class Model:
    """A voice that the library has loaded; threads may share it.

    Args:
      content: of the .tflite file.
      library: path of libwavernn_tf.so; by default the one built with the package.
      isa: instruction set of the kernels; by default the fastest of this machine.
      postfilter: run the pitch postfilter of a voice that has one.

    Attributes:
      version: of the library.

    Raises:
      WaveRNNError: if the library is missing or unfit, or refuses the file or `isa`.
    """

    def __init__(
        self,
        content: bytes,
        library: Optional[str] = None,
        isa: Optional[str] = None,
        postfilter: bool = True,
    ) -> None:
        if isa is not None:
            libraries.check_isa(isa, library)
        self._library = libraries.load_c_library(library)
        for name, arguments in _SIGNATURES.items():
            getattr(self._library, f"wavernn_{name}").argtypes = arguments
        for name, result in (("version", c_char_p), ("last_error", c_char_p)):
            getattr(self._library, f"wavernn_{name}").restype = result
        self._library.wavernn_stream_ready.argtypes = [c_void_p]
        self._library.wavernn_stream_ready.restype = c_size_t
        self.version = self._library.wavernn_version().decode()
        self.handle = c_void_p()
        options = _Options(ctypes.sizeof(_Options), postfilter, isa.encode() if isa else None)
        self.call("model_load_memory", content, len(content), byref(options), byref(self.handle))
        weakref.finalize(self, self._library.wavernn_model_free, self.handle)

    def call(self, name: str, *arguments: object) -> None:
        """Call a function that returns a status.

        Raises:
          WaveRNNError: with the library's words, if it fails.
        """
        if getattr(self._library, f"wavernn_{name}")(*arguments):
            raise WaveRNNError(
                f"The voice was refused: {self._library.wavernn_last_error().decode()}"
            )

    def stream(self, draw: Draw) -> Stream:
        """Start an utterance."""
        return Stream(self, self._library, draw)


class Stream:
    """One utterance: features are pushed, audio is pulled.

    Args:
      model: the voice.
      library: that loaded it.
      draw: how samples are drawn.
    """

    def __init__(self, model: Model, library: ctypes.CDLL, draw: Draw) -> None:
        self._model, self._library, self._handle = model, library, c_void_p()
        given = _Draw(ctypes.sizeof(_Draw), draw.temperature, draw.fine_temperature)
        given.seed = draw.seed % 2**64
        model.call("stream_create", model.handle, byref(given), 0, byref(self._handle))
        weakref.finalize(self, library.wavernn_stream_free, self._handle)

    def push(self, mel: np.ndarray) -> int:
        """Push float32 [frames, n_features]; returns how many frames there was room for."""
        taken = c_size_t()
        given = mel.ctypes.data_as(POINTER(c_float))
        self._model.call("stream_push", self._handle, given, len(mel), byref(taken))
        return taken.value

    def flush(self) -> None:
        """Say that no more features come."""
        self._model.call("stream_flush", self._handle)

    def pull(self) -> np.ndarray:
        """All audio that can be computed now: int16 [samples]."""
        audio = np.empty(self._library.wavernn_stream_ready(self._handle), np.int16)
        made, written = audio.ctypes.data_as(POINTER(c_int16)), c_size_t()
        self._model.call("stream_pull", self._handle, made, len(audio), byref(written))
        return audio[: written.value]


class NativeVocoder(Vocoder):
    """A .tflite voice that the native library reads and runs.

    Args:
      model: the loaded file.
      info: the description in it.
    """

    def __init__(self, model: Model, info: metadata.VoiceInfo) -> None:
        self._model, self.info, self.runtime = model, info, f"native {model.version}"

    def clone(self) -> NativeVocoder:
        """See `Vocoder`."""
        return NativeVocoder(self._model, self.info)

    def _stream(self, chunks: Iterable[np.ndarray], draw: Draw) -> Iterator[np.ndarray]:
        """See `Vocoder`."""
        stream = self._model.stream(draw)
        for chunk in chunks:
            made = []
            while len(chunk):
                chunk = chunk[stream.push(chunk) :]
                made.append(stream.pull())
            audio = np.concatenate(made)
            if len(audio):
                yield audio
        stream.flush()
        audio = stream.pull()
        if len(audio):
            yield audio

    def _score(self, mel: np.ndarray, audio: np.ndarray) -> np.ndarray:
        """See `Voice`."""
        audio = np.ascontiguousarray(audio, np.int16)
        found = np.empty([len(audio), 2], np.float32)
        self._model.call(
            "score",
            self._model.handle,
            mel.ctypes.data_as(POINTER(c_float)),
            len(mel),
            audio.ctypes.data_as(POINTER(c_int16)),
            len(audio),
            found.ctypes.data_as(POINTER(c_float)),
        )
        return found
