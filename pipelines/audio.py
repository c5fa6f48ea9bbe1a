"""Any audio file to 16-bit mono at one rate: libsndfile decodes, tensorflow-io resamples."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import math
import os
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterator, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt
import soundfile

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import containers, streams
from wavernn_tf.pipelines.containers import Malformed

PathLike = Union[str, "os.PathLike[str]"]

EXTENSIONS = (
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aiff",
    ".aif",
    ".aifc",
    ".w64",
    ".rf64",
)
"""What `read` reads: wav, RF64, W64 and AIFF (integers of 8 to 32 bits, floats of 32 and 64 bits,
A-law, mu-law), FLAC, Ogg with Vorbis, Opus or FLAC, MP3. The contents decide, not the name."""

RATES = (4000, 384000)
"""Lowest and highest rate of a recording, in Hz."""

MOST_CHANNELS = 64

_MOST_SECONDS = 12 * 3600
_BLOCK = 1 << 20
"""Values that are decoded at once."""

_MOST_VALUES_PER_BYTE = 400
"""A file of over ten minutes that holds more is no recording; FLAC packs silence so tightly."""

_FULL_SCALE = 8.0
"""Float samples above this are integers in disguise, not audio in [-1, 1] that overshoots."""

_SPEEX_TAPS = 64
"""Length of the resampler's filter, at the lower of the two rates."""

_FOREIGN = {
    b"ftyp": (4, "MPEG-4 audio (m4a, mp4)"),
    b"\x30\x26\xb2\x75": (0, "Windows Media audio"),
    b"caff": (0, "a Core Audio file"),
    b".snd": (0, "a Sun audio file"),
    b"#!AMR": (0, "AMR audio"),
    b"\x1a\x45\xdf\xa3": (0, "Matroska or WebM"),
    b"MAC ": (0, "Monkey's Audio"),
    b"wvpk": (0, "WavPack"),
}

Floats = npt.NDArray[np.float32]
Resampler = Callable[[Floats, int, int], Floats]
"""Audio, its rate and the wanted rate to audio; see `resample`."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """A recording as the model needs it, and what is remarkable about it.

    Attributes:
      audio: int16 [samples].
      remarks: (kind, text) each; the kinds are those of `REMARKS`.
    """

    audio: npt.NDArray[np.int16]
    remarks: Tuple[Tuple[str, str], ...] = ()


REMARKS = {
    "cancel": "the channels cancel one another when they are averaged",
    "clipped": "clipped",
    "quiet": "very quiet",
    "silent": "nothing but silence",
    "offset": "shifted by a constant (DC offset)",
    "narrow": "recorded at a lower rate than the voice's, and hold no treble",
}
"""What is remarked on recordings, by kind."""


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
    from tensorflow_io.python.ops import core_ops

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


def read(
    path: PathLike, sample_rate: int, resampler: Resampler = resample
) -> npt.NDArray[np.int16]:
    """Read a recording as the model needs it.

    A 16-bit mono file of that rate comes through bit for bit. Channels are averaged.

    Args:
      path: of a file of one of the kinds of `EXTENSIONS`, of any rate and channel count.
      sample_rate: wanted, in Hz.
      resampler: `resample`, or `wavernn_tf.audio.resample.resample`, which needs no TensorFlow.

    Returns:
      int16 [samples]; rounded half to even, clipped.

    Raises:
      WaveRNNError: naming the file, if it is missing, empty, cut off, damaged, not audio, or holds
        NaN.
    """
    return read_remarkably(path, sample_rate, resampler).audio


def read_remarkably(path: PathLike, sample_rate: int, resampler: Resampler = resample) -> Recording:
    """Read a recording, and look at it; see `read`."""
    levels = _Levels()
    blocks: List[Floats] = []

    def take(block: Floats) -> None:
        levels.add(block)
        mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
        blocks.append(mono)

    rate = _decode(Path(path), take)
    mono = np.concatenate(blocks)
    blocks.clear()
    audio = to_int16(resampler(mono, rate, sample_rate))
    return Recording(audio, levels.remarks(rate, sample_rate))


def decode(path: PathLike) -> Tuple[Floats, int]:
    """Decode a file, at its own rate.

    Args:
      path: as for `read`.

    Returns:
      (float32 [samples, channels] with full scale 1.0, rate in Hz).

    Raises:
      WaveRNNError: as `read`.
    """
    blocks: List[Floats] = []
    rate = _decode(Path(path), blocks.append)
    return np.concatenate(blocks), rate


def to_int16(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """float32 [...] with full scale 1.0 to int16 [...]: times 32768, rounded, clipped."""
    return np.clip(np.rint(audio * np.float32(32768)), -32768, 32767).astype(np.int16)


def _decode(path: Path, take: Callable[[Floats], None]) -> int:
    """Hand out the blocks of a file, float32 [samples, channels]; return its rate in Hz."""
    if not path.is_file():
        raise WaveRNNError(f"{path}: no such file.")
    if path.stat().st_size == 0:
        raise WaveRNNError(f"{path}: the file is empty.")
    samples = 0
    try:
        with path.open("rb") as file, _open(file) as source:
            for block in source.blocks():
                samples += len(block)
                _check_values(block, path)
                take(block)
            return source.rate
    except (Malformed, soundfile.SoundFileError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise WaveRNNError(
            f"{path}: not a whole {', '.join(e[1:] for e in EXTENSIONS)} file that can be decoded "
            f"({reason}); convert it (wav of 16, 24 or 32 bits is safe) or remove it."
        ) from error
    except _NoSamples as error:
        raise WaveRNNError(f"{path}: the recording holds no samples.") from error


def _check_values(block: Floats, path: Path) -> None:
    peak = float(np.abs(block).max())
    if not np.isfinite(peak):
        raise WaveRNNError(f"{path}: the recording holds NaN or infinite samples.")
    if peak > _FULL_SCALE:
        raise WaveRNNError(
            f"{path}: expected float samples in [-1, 1]; got a peak of {peak:g}. Divide by the "
            "full scale before you write them."
        )


class _NoSamples(Exception):
    """The header is right, and there is nothing behind it."""


class _Forward(soundfile.SoundFile):
    """A file that is read from its start to its end.

    libsndfile would otherwise seek after every block, which is slow in compressed files, and would
    stop at a length that the header gives.
    """

    def seekable(self) -> bool:
        """Say that it is not."""
        return False


class _Source:
    """An open recording.

    Args:
      sound: the decoder.
      file_bytes: what it reads.
      expected: samples per channel that must come at least; 0 if that is not known.
      flac: what a FLAC file says of itself, or None.
    """

    def __init__(
        self,
        sound: _Forward,
        file_bytes: int,
        expected: int = 0,
        flac: Optional[streams.Flac] = None,
    ) -> None:
        self._sound, self._bytes, self._expected, self._flac = sound, file_bytes, expected, flac
        self.rate, self.channels = sound.samplerate, sound.channels

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *error: Any) -> None:
        self._sound.close()

    def blocks(self) -> Iterator[Floats]:
        """Decode to the end; float32 [samples, channels] each.

        Raises:
          Malformed: for what the header cannot mean, and for samples that are missing.
        """
        if not RATES[0] <= self.rate <= RATES[1]:
            raise Malformed(f"{self.rate} Hz is no rate between {RATES[0]} and {RATES[1]} Hz")
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise Malformed(f"{self.channels} channels are not supported")
        hash_, samples = hashlib.md5(), 0
        most = max(600 * self.rate, self._bytes * _MOST_VALUES_PER_BYTE // self.channels)
        most = min(most, _MOST_SECONDS * self.rate)
        while True:
            frames = max(1, _BLOCK // self.channels)
            kind = "float32" if self._flac is None else "int32"
            block = self._sound.read(frames, dtype=kind, always_2d=True)
            if not len(block):
                break
            samples += len(block)
            if samples > most:
                raise Malformed("it holds more than a file of its size can: split it")
            if self._flac is not None:
                hash_.update(_flac_bytes(block, self._flac.bits))
                block = (block * 2.0**-31).astype(np.float32)
            yield block
        if not samples:
            raise _NoSamples
        if samples < self._expected:
            raise Malformed(
                f"{samples} of {self._expected} samples can be decoded: it is cut off or damaged"
            )
        known = self._flac is not None and self._flac.md5.strip(b"\0")
        if known and self._flac is not None and hash_.digest() != self._flac.md5:
            raise Malformed("the samples are not those that were written: it is damaged")


def _flac_bytes(block: npt.NDArray[np.int32], bits: int) -> bytes:
    """Samples as FLAC's checksum reads them: little-endian, in as few bytes as hold them."""
    width = (bits + 7) // 8
    low = (block >> (32 - bits)).astype("<i4")
    if width in (1, 2, 4):
        return low.astype(f"<i{width}").tobytes()
    return low.view(np.uint8).reshape(*low.shape, 4)[..., :width].tobytes()


def _open(file: BinaryIO) -> _Source:
    """Open a recording by what it holds."""
    size = os.fstat(file.fileno()).st_size
    base = streams.behind_tags(file)
    layout = containers.find(file, base)
    if layout is not None:
        if not 1 <= layout.channels <= MOST_CHANNELS:
            raise Malformed(f"{layout.channels} channels are not supported")
        if not RATES[0] <= layout.rate <= RATES[1]:
            raise Malformed(f"{layout.rate} Hz is no rate between {RATES[0]} and {RATES[1]} Hz")
        if not layout.length:
            raise _NoSamples
        sound = _Forward(
            _Part(file, layout.offset, layout.length),
            samplerate=layout.rate,
            channels=layout.channels,
            subtype=layout.subtype,
            endian=layout.endian,
            format="RAW",
        )
        return _Source(sound, layout.length)
    file.seek(base)
    head = file.read(16)
    if head[:4] == b"fLaC":
        flac = streams.flac(file, base)
        return _Source(_Forward(_Part(file, base, size - base)), size, flac.samples, flac)
    if head[:4] == b"OggS":
        streams.check_ogg(file, base)
        return _Source(_Forward(_Part(file, base, size - base)), size)
    for mark, (at, what) in _FOREIGN.items():
        if head[at : at + len(mark)] == mark:
            raise Malformed(f"it is {what}, which is not supported")
    frames = streams.mp3(file, base)
    if frames is None:
        raise Malformed("it is of no known kind")
    part = _Part(file, frames.start, frames.end - frames.start)
    source = _Source(_Forward(part), size, max(0, frames.samples - _MP3_AROUND))
    if source.rate != frames.rate:
        raise Malformed(f"its frames say {frames.rate} Hz, the decoder {source.rate} Hz")
    return source


_MP3_AROUND = 2 * 1152 + 2 * 1152 + 1105
"""Samples that an encoder puts around a recording and a decoder takes away, at most."""


class _Part(io.RawIOBase):
    """A part of a file, as a file of its own."""

    def __init__(self, file: BinaryIO, offset: int, length: int) -> None:
        super().__init__()
        self._file, self._offset, self._length, self._at = file, offset, length, 0

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        wanted = min(len(buffer), max(0, self._length - self._at))
        self._file.seek(self._offset + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Levels:
    """Sums over a recording that tell what is wrong with it."""

    def __init__(self) -> None:
        self.samples = 0
        self.power: Any = 0.0
        self.mono_power = self.mean = self.peak = 0.0
        self.clipped = 0

    def add(self, block: Floats) -> None:
        """Count a block, float32 [samples, channels]."""
        mono = block.mean(axis=1, dtype=np.float32)
        self.samples += len(block)
        self.power = self.power + np.square(block).sum(axis=0, dtype=np.float64)
        self.mono_power += float(np.square(mono).sum(dtype=np.float64))
        self.mean += float(mono.sum(dtype=np.float64))
        size = np.abs(block).max(axis=1)
        self.peak = max(self.peak, float(size.max()))
        # Two in a row: a single one may be a peak that fits.
        full = size >= _CLIPPED
        self.clipped += int((full[1:] & full[:-1]).sum())

    def remarks(self, rate: int, wanted: int) -> Tuple[Tuple[str, str], ...]:
        """(kind, text) each."""
        found: List[Tuple[str, str]] = []
        power, mono = float(np.mean(self.power)) / self.samples, self.mono_power / self.samples
        mean = abs(self.mean / self.samples)
        if self.peak < _SILENT:
            found.append(("silent", f"peak {_decibels(self.peak):.0f} dB"))
        else:
            if mono < 0.05 * power:
                loss = 10 * math.log10(max(mono / power, 1e-12))
                found.append(("cancel", f"{loss:.0f} dB when averaged"))
            if self.clipped > max(8, _CLIPPED_SHARE * self.samples):
                share = 100 * self.clipped / self.samples
                found.append(("clipped", f"{share:.2g} % of the samples"))
            if self.peak < _QUIET:
                found.append(("quiet", f"peak {_decibels(self.peak):.0f} dB"))
            if mean > 0.02 or mean > max(0.002, 0.5 * math.sqrt(mono)):
                found.append(("offset", f"by {100 * mean:.2g} % of full scale"))
        if rate < wanted:
            found.append(("narrow", f"{rate} Hz"))
        return tuple(found)


_CLIPPED, _CLIPPED_SHARE = 32766.5 / 32768, 2e-4
_QUIET, _SILENT = 0.02, 2.5 / 32768


def _decibels(value: float) -> float:
    return 20 * math.log10(max(value, 1e-6))
