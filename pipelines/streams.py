"""Whether a FLAC, Ogg or MP3 file is whole.

Decoders go on behind damage without a word: a page or a frame is left out, and the recording is
shorter. So the frames and pages are walked here, before and beside decoding.
"""

from __future__ import annotations

import dataclasses
import os
import struct
import zlib
from typing import BinaryIO, List, Optional, Tuple

from wavernn_tf.pipelines.containers import Malformed

_REVERSED = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))
_FLAC_RATES = {
    1: 88200,
    2: 176400,
    3: 192000,
    4: 8000,
    5: 16000,
    6: 22050,
    7: 24000,
    8: 32000,
    9: 44100,
    10: 48000,
    11: 96000,
}
_SEARCHED = 1 << 16
"""Bytes in front of the first MP3 frame that may be something else."""


def behind_tags(file: BinaryIO) -> int:
    """Where a file begins, behind ID3 tags."""
    at = 0
    for _ in range(8):
        file.seek(at)
        head = file.read(10)
        if head[:3] != b"ID3" or len(head) < 10 or any(byte & 0x80 for byte in head[6:]):
            break
        at += 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
        at += 10 if head[5] & 0x10 else 0  # a footer
    return at


@dataclasses.dataclass(frozen=True)
class Flac:
    """What a FLAC file says of itself.

    Attributes:
      samples: per channel; 0 if unknown.
      bits: per sample.
      md5: of the samples; zeros if unknown.
    """

    samples: int
    bits: int
    md5: bytes


def flac(file: BinaryIO, base: int) -> Flac:
    """Read the header of a FLAC file.

    Raises:
      Malformed: if it contradicts the first frame.
    """
    file.seek(base)
    head = file.read(42)
    if len(head) < 42 or head[4] & 0x7F or head[5:8] != b"\0\0\x22":
        raise Malformed("its stream header is damaged")
    word = int.from_bytes(head[18:26], "big")
    rate, bits = word >> 44, (word >> 36 & 31) + 1
    at, last = base + 42, head[4] & 0x80
    for _ in range(1000):
        if last:
            break
        file.seek(at)
        block = file.read(4)
        if len(block) < 4:
            raise Malformed("it is cut off in its header")
        last, at = block[0] & 0x80, at + 4 + int.from_bytes(block[1:], "big")
    file.seek(at)
    frame = file.read(4)
    if len(frame) == 4 and frame[0] == 0xFF and frame[1] & 0xFE == 0xF8:
        code = frame[2] & 15
        if _FLAC_RATES.get(code, rate) != rate:
            raise Malformed(f"its header says {rate} Hz, its first frame {_FLAC_RATES[code]} Hz")
    return Flac(word & (1 << 36) - 1, bits, head[26:42])


def check_ogg(file: BinaryIO, base: int) -> None:
    """Check every page of an Ogg file: checksums, numbers, and the end.

    Raises:
      Malformed: if a page is damaged or missing, or the file holds several streams.
    """
    file.seek(base)
    serial: Optional[bytes] = None
    number, ended, pages = 0, False, 0
    while True:
        head = file.read(27)
        if head[:4] != b"OggS" or len(head) < 27:
            if ended:
                return  # junk behind
            raise Malformed(
                f"it is cut off behind page {pages}"
                if len(head) < 27
                else f"page {pages} is damaged"
            )
        flags, this = head[5], head[14:18]
        if serial is not None and flags & 2:
            raise Malformed("it holds several streams, which are not supported: split it")
        sizes = file.read(head[26])
        body = file.read(sum(sizes))
        if len(sizes) < head[26] or len(body) < sum(sizes):
            raise Malformed(f"it is cut off in page {pages}")
        page = head[:22] + b"\0\0\0\0" + head[26:] + sizes + body
        if _ogg_checksum(page) != struct.unpack("<I", head[22:26])[0]:
            raise Malformed(f"page {pages} is damaged")
        if serial is None:
            serial, number = this, struct.unpack("<I", head[18:22])[0]
        elif this != serial or struct.unpack("<I", head[18:22])[0] != (number + 1) & 0xFFFFFFFF:
            raise Malformed(f"a page is missing before page {pages}")
        else:
            number = (number + 1) & 0xFFFFFFFF
        ended = bool(flags & 4)
        pages += 1


def _ogg_checksum(page: bytes) -> int:
    """The CRC of Ogg: that of zlib with all bits the other way round, from 0."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


@dataclasses.dataclass(frozen=True)
class Mp3:
    """The frames of an MP3 file.

    Attributes:
      start: of the first frame.
      end: of the last frame.
      samples: per channel that the frames make; a decoder may cut what the encoder put around.
      rate: in Hz.
    """

    start: int
    end: int
    samples: int
    rate: int


_V1_RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V2_RATES = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def _frame(head: bytes) -> Optional[Tuple[int, int, int, bool]]:
    """A layer III frame: (bytes, samples, rate, whether mono); None if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bit_rate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bit_rate in (0, 15) or rate == 3:
        return None
    hertz = (44100, 48000, 32000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    per_second = 125 * (_V1_RATES if version == 3 else _V2_RATES)[bit_rate]
    samples = 1152 if version == 3 else 576
    length = samples * per_second // hertz + (head[2] >> 1 & 1)
    return length, samples, hertz, head[3] >> 6 == 3


def mp3(file: BinaryIO, base: int) -> Optional[Mp3]:
    """Walk the frames of an MP3 file.

    Args:
      file: open for reading.
      base: where to begin, behind tags.

    Returns:
      Its frames, or None if it is no MP3.

    Raises:
      Malformed: if there is something else between the frames, or fewer frames than are announced.
    """
    size = os.fstat(file.fileno()).st_size
    start = _first_frame(file, base)
    if start is None:
        return None
    at, frames, first = start, 0, None
    while True:
        file.seek(at)
        frame = _frame(file.read(4))
        if frame is None:
            break
        if first is None:
            first = frame
        elif frame[1:] != first[1:]:
            break
        if at + frame[0] > size:
            break
        at, frames = at + frame[0], frames + 1
    assert first is not None
    announced = _announced(file, start)
    resumes = _first_frame(file, at + 1, size - at, chain=4)
    if resumes is not None:
        raise Malformed(f"something else lies between its frames, at byte {at}")
    spoken = frames - (announced is not None)  # the header is a frame of its own
    if announced is not None and announced > spoken + 1:
        raise Malformed(f"it announces {announced} frames and has {spoken}: is it cut off?")
    if size - at > max(size // 2, 1 << 16):
        raise Malformed(f"its frames end at byte {at} of {size}")
    return Mp3(start, at, spoken * first[1], first[2])


def _announced(file: BinaryIO, start: int) -> Optional[int]:
    """Frames that a Xing or Info header announces; None without one, 0 if it does not say."""
    file.seek(start)
    head = file.read(64)
    for mark in (b"Xing", b"Info"):
        at = head.find(mark)
        if at >= 0 and len(head) >= at + 12:
            flags, frames = struct.unpack(">II", head[at + 4 : at + 12])
            return frames if flags & 1 else 0
    return None


def _first_frame(file: BinaryIO, at: int, within: int = _SEARCHED, chain: int = 2) -> Optional[int]:
    """Where frames begin that follow one another; None if there are none."""
    window, overlap = 1 << 20, 4
    stop = at + within
    while at < stop:
        file.seek(at)
        data = file.read(min(window, stop - at + overlap))
        found = data.find(b"\xff")
        while found >= 0 and found < within:
            if _frame(data[found : found + 4]) and _chained(file, at + found, chain):
                return at + found
            found = data.find(b"\xff", found + 1)
        if len(data) < window:
            return None
        at += len(data) - overlap
    return None


def _chained(file: BinaryIO, at: int, chain: int) -> bool:
    size = os.fstat(file.fileno()).st_size
    kinds: List[Tuple[int, int, bool]] = []
    for _ in range(chain):
        if at == size and kinds:
            return len(kinds) > 1
        file.seek(at)
        frame = _frame(file.read(4))
        if frame is None or (kinds and frame[1:] != kinds[0]):
            return False
        kinds.append(frame[1:])
        at += frame[0]
    return True
