"""The C API through ctypes, as the tests use it."""

import ctypes
from ctypes import (
    POINTER,
    byref,
    c_char_p,
    c_float,
    c_int16,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)

import numpy as np

OK, BAD_ARGUMENT, BAD_FILE, BAD_MODEL, NO_MEMORY, BAD_ORDER = range(6)


class Struct(ctypes.Structure):
    """A struct that begins with its size."""

    def __init__(self, **values):
        super().__init__(size=ctypes.sizeof(type(self)), **values)


class Options(Struct):
    _fields_ = [("size", c_uint32), ("postfilter", c_int32), ("isa", c_char_p)]


class Info(Struct):
    _fields_ = [
        ("size", c_uint32),
        *(
            (name, c_int32)
            for name in "schema sample_rate hop_length n_features frames_after state_size "
            "sub_tensors weights prediction_order pitch mulaw postfilter reserved".split()
        ),
        ("bytes", c_int64),
    ]


class Draw(Struct):
    _fields_ = [
        ("size", c_uint32),
        ("temperature", c_float),
        ("fine_temperature", c_float),
        ("reserved", c_uint32),
        ("seed", c_uint64),
    ]

    def __init__(self, seed=0, temperature=1.0, fine_temperature=1.0):
        super().__init__(
            seed=seed % 2**64, temperature=temperature, fine_temperature=fine_temperature
        )


class Utterance(Struct):
    _fields_ = [
        *Draw._fields_,
        ("features", c_void_p),
        ("frames", c_uint64),
        ("audio", c_void_p),
    ]


class WaveRNNCError(Exception):
    """A call failed: its status and its words."""

    def __init__(self, status, text):
        super().__init__(f"status {status}: {text}")
        self.status = status


def load(path):
    """The library with the types of its functions."""
    library = ctypes.CDLL(str(path))
    for name in ("version", "isas", "last_error", "model_metadata"):
        getattr(library, f"wavernn_{name}").restype = c_char_p
    library.wavernn_stream_ready.restype = c_size_t
    types = {
        "model_load_file": [c_char_p, POINTER(Options), POINTER(c_void_p)],
        "model_load_memory": [c_char_p, c_size_t, POINTER(Options), POINTER(c_void_p)],
        "model_free": [c_void_p],
        "model_info": [c_void_p, POINTER(Info)],
        "model_metadata": [c_void_p],
        "stream_create": [c_void_p, POINTER(Draw), c_size_t, POINTER(c_void_p)],
        "stream_free": [c_void_p],
        "stream_push": [c_void_p, POINTER(c_float), c_size_t, POINTER(c_size_t)],
        "stream_flush": [c_void_p],
        "stream_pull": [c_void_p, POINTER(c_int16), c_size_t, POINTER(c_size_t)],
        "stream_ready": [c_void_p],
        "stream_reset": [c_void_p, POINTER(Draw)],
        "synthesize": [c_void_p, c_void_p, c_size_t],
        "score": [
            c_void_p,
            POINTER(c_float),
            c_size_t,
            POINTER(c_int16),
            c_size_t,
            POINTER(c_float),
        ],
    }
    for name, arguments in types.items():
        getattr(library, f"wavernn_{name}").argtypes = arguments
    return library


def floats(array):
    """A float32 array as C sees it."""
    assert array.dtype == np.float32 and array.flags.c_contiguous
    return array.ctypes.data_as(POINTER(c_float))


def shorts(array):
    """An int16 array as C sees it."""
    assert array.dtype == np.int16 and array.flags.c_contiguous
    return array.ctypes.data_as(POINTER(c_int16))


class Model:
    """A loaded model; failures are exceptions."""

    def __init__(self, library, content, options=None):
        self.library, self.handle = library, c_void_p()
        options = byref(options) if options else None
        self.check(
            library.wavernn_model_load_memory(content, len(content), options, byref(self.handle))
        )
        self.info = Info()
        self.check(library.wavernn_model_info(self.handle, byref(self.info)))

    def __del__(self):
        self.library.wavernn_model_free(self.handle)

    def check(self, status):
        """Raise what a failed call says."""
        if status != OK:
            raise WaveRNNCError(status, self.library.wavernn_last_error().decode())

    def synthesize(self, features, draws):
        """Speak several utterances at once: a list of int16 arrays."""
        audio = [np.zeros(len(mel) * self.info.hop_length, np.int16) for mel in features]
        utterances = (Utterance * len(features))()
        for i, (mel, draw) in enumerate(zip(features, draws)):
            utterances[i] = Utterance(
                temperature=draw.temperature,
                fine_temperature=draw.fine_temperature,
                seed=draw.seed,
                features=mel.ctypes.data,
                frames=len(mel),
                audio=audio[i].ctypes.data,
            )
        self.check(self.library.wavernn_synthesize(self.handle, utterances, len(features)))
        return audio

    def score(self, mel, audio):
        """float32 [samples, 2]."""
        scores = np.zeros([len(audio), 2], np.float32)
        given = floats(mel), len(mel), shorts(audio), len(audio)
        self.check(self.library.wavernn_score(self.handle, *given, floats(scores)))
        return scores


class Stream:
    """A stream of a model."""

    def __init__(self, model, draw=None, capacity=0):
        self.model, self.library, self.handle = model, model.library, c_void_p()
        draw = byref(draw) if draw else None
        model.check(
            self.library.wavernn_stream_create(model.handle, draw, capacity, byref(self.handle))
        )

    def __del__(self):
        self.library.wavernn_stream_free(self.handle)

    def push(self, mel):
        """Push frames; how many were taken."""
        taken = c_size_t()
        self.model.check(
            self.library.wavernn_stream_push(self.handle, floats(mel), len(mel), byref(taken))
        )
        return taken.value

    def flush(self):
        """No more frames."""
        self.model.check(self.library.wavernn_stream_flush(self.handle))

    def pull(self, samples):
        """Up to so many samples."""
        audio, written = np.full(samples, 999, np.int16), c_size_t()
        self.model.check(
            self.library.wavernn_stream_pull(self.handle, shorts(audio), samples, byref(written))
        )
        return audio[: written.value]

    def ready(self):
        """Samples that could be pulled."""
        return self.library.wavernn_stream_ready(self.handle)

    def reset(self, draw=None):
        """Begin anew."""
        draw = byref(draw) if draw else None
        self.model.check(self.library.wavernn_stream_reset(self.handle, draw))
