"""Any audio file to 16-bit mono at one rate, with tensorflow-io."""

from __future__ import annotations

import math
import os
import struct
import threading
from pathlib import Path
from typing import Tuple, Union

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_io as tfio
from tensorflow_io.python.ops import core_ops

from wavernn_tf.errors import WaveRNNError

PathLike = Union[str, "os.PathLike[str]"]

EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3")
"""What `read` reads: wav (8, 16, 24, 32-bit integer, 32-bit float), FLAC, Ogg Vorbis, MP3."""

_FULL_SCALE = 8.0
"""Float samples above this are integers in disguise, not audio in [-1, 1] that overshoots."""

_READING = threading.Lock()
"""All AudioIOTensors of a process share one decoder: a thread could get another's file."""

_SPEEX_TAPS = 64
"""Length of the resampler's filter, at the lower of the two rates."""


def read(path: PathLike, sample_rate: int) -> npt.NDArray[np.int16]:
    """Read a recording as the model needs it.

    A 16-bit mono file of that rate comes through bit for bit. Channels are averaged.

    Args:
      path: wav, flac, ogg or mp3, of any rate and channel count.
      sample_rate: wanted, in Hz.

    Returns:
      int16 [samples]; rounded half to even, clipped.

    Raises:
      WaveRNNError: naming the file, if it is missing, empty, cut off, not audio, or holds NaN.
    """
    audio, rate = decode(path)
    mono = audio[:, 0] if audio.shape[1] == 1 else audio.mean(axis=1, dtype=np.float32)
    return to_int16(resample(mono, rate, sample_rate))


def decode(path: PathLike) -> Tuple[npt.NDArray[np.float32], int]:
    """Decode a file, at its own rate.

    Args:
      path: wav, flac, ogg or mp3.

    Returns:
      (float32 [samples, channels] with full scale 1.0, rate in Hz).

    Raises:
      WaveRNNError: as `read`.
    """
    path = Path(path)
    if not path.is_file():
        raise WaveRNNError(f"{path}: no such file.")
    if path.stat().st_size == 0:
        raise WaveRNNError(f"{path}: the file is empty.")
    try:
        with _READING:
            tensor = tfio.audio.AudioIOTensor(str(path.absolute()))
            raw, rate = tensor.to_tensor(), int(tensor.rate)
    except tf.errors.OpError as error:
        reason = error.message.split("}} ")[-1].split(" [Op:")[0].replace(str(path.absolute()), "")
        raise WaveRNNError(
            f"{path}: not a whole {', '.join(e[1:] for e in EXTENSIONS)} file that can be decoded "
            f"({reason.strip(' :;')}); convert it (wav of 16, 24 or 32 bits is safe) or remove it."
        ) from error
    audio = _scale(raw, path)
    if audio.shape[0] == 0:
        raise WaveRNNError(f"{path}: the recording holds no samples.")
    if not np.isfinite(audio).all():
        raise WaveRNNError(f"{path}: the recording holds NaN or infinite samples.")
    peak = float(np.abs(audio).max())
    if peak > _FULL_SCALE:
        raise WaveRNNError(
            f"{path}: expected float samples in [-1, 1]; got a peak of {peak:g}. Divide by the "
            "full scale before you write them."
        )
    return audio, rate


def resample(
    audio: npt.NDArray[np.float32], rate_in: int, rate_out: int
) -> npt.NDArray[np.float32]:
    """Resample, with no delay.

    tensorflow-io's resampler (a windowed sinc) delays by half its filter; the delay is taken out
    exactly, by zeros in front that make it a whole number of samples at both rates.

    Args:
      audio: float32 [samples].
      rate_in: its rate, in Hz.
      rate_out: wanted, in Hz.

    Returns:
      float32 [ceil(samples * rate_out / rate_in)]; sample n is at the time n / rate_out.
    """
    if rate_in == rate_out:
        return audio
    unit = rate_in // math.gcd(rate_in, rate_out)
    delay = _SPEEX_TAPS // 2
    if rate_in > rate_out:
        taps = _SPEEX_TAPS * rate_in // rate_out
        delay = (((taps - 1) & ~7) + 8) // 2
    front = -delay % unit
    skip = (front + delay) * rate_out // rate_in
    length = -(-len(audio) * rate_out // rate_in)
    # One more unit behind, so that the last sample is there whatever the op rounds.
    padded = np.pad(audio, (front, delay + unit + 2))
    # The op itself: its public wrapper, tfio.audio.resample, traces anew at every call.
    made = core_ops.io_audio_resample(padded[:, None], rate_in=rate_in, rate_out=rate_out)
    return made.numpy()[skip : skip + length, 0]


def to_int16(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """float32 [...] with full scale 1.0 to int16 [...]: times 32768, rounded, clipped."""
    return np.clip(np.rint(audio * np.float32(32768)), -32768, 32767).astype(np.int16)


def _scale(raw: tf.Tensor, path: Path) -> npt.NDArray[np.float32]:
    """Decoded samples of any type to float32 with full scale 1.0."""
    if raw.dtype == tf.float32 and _is_pcm32(path):
        # tensorflow-io hands the bytes of 32-bit integers out as floats.
        raw = tf.bitcast(raw, tf.int32)
    values = raw.numpy()
    if values.dtype == np.float32:
        return values
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128.0) / 128.0
    bits = {np.dtype(np.int16): 15, np.dtype(np.int32): 31}.get(values.dtype)
    if bits is None:
        raise WaveRNNError(f"{path}: samples of type {values.dtype} are not supported.")
    return (values * np.float64(2.0**-bits)).astype(np.float32)


def _is_pcm32(path: Path) -> bool:
    """Whether a file is a wav of 32-bit integers."""
    with path.open("rb") as file:
        riff, _, wave = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if riff != b"RIFF" or wave != b"WAVE":
            return False
        while True:
            name, size = struct.unpack("<4sI", file.read(8).ljust(8, b"\0"))
            if name == b"fmt ":
                chunk = file.read(size).ljust(26, b"\0")
                tag, bits = struct.unpack("<H", chunk[:2])[0], struct.unpack("<H", chunk[14:16])[0]
                if tag == 0xFFFE:  # extensible: the tag begins the sub-format
                    tag = struct.unpack("<H", chunk[24:26])[0]
                return bool(tag == 1 and bits == 32)
            if size == 0 and name == b"\0\0\0\0":
                return False
            file.seek(size + size % 2, os.SEEK_CUR)
