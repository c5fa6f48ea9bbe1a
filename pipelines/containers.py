"""Where the samples of a wav, W64 or AIFF file lie, and what they are.

libsndfile decodes the samples; the header is read here, because it is here that files lie. What a
header says twice must agree. A length that is a placeholder of a program that wrote to a pipe (0,
0xFFFFFFFF, 0x7FFFFFFF and the like, or one that the RIFF size contradicts) means the rest of the
file; a length that the RIFF size confirms and the file has not means that the file is cut off.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from typing import BinaryIO, Callable, Dict, Iterator, NamedTuple, Optional, Tuple

_MOST_CHUNKS = 10000
_PLACEHOLDER = 0x7FFF0000
"""32-bit lengths from here on are no lengths if the file is shorter."""
_SURELY_PLACEHOLDER = 10**9
"""As is a length from here on that is more than twice the file's."""

_PCM = {1: "PCM_U8", 2: "PCM_16", 3: "PCM_24", 4: "PCM_32"}
_FLOAT = {4: "FLOAT", 8: "DOUBLE"}
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_W64 = {
    b"riff": bytes.fromhex("726966662e91cf11a5d628db04c10000"),
    b"wave": bytes.fromhex("77617665f3acd3118cd100c04f8edb8a"),
}


class Malformed(Exception):
    """The header cannot be right; the text says why."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Samples in a file.

    Attributes:
      subtype: libsndfile's name of their type.
      endian: "LITTLE" or "BIG".
      rate: in Hz.
      channels: interleaved.
      offset: of the first byte.
      length: in bytes, whole frames.
    """

    subtype: str
    endian: str
    rate: int
    channels: int
    offset: int
    length: int


class _Chunk(NamedTuple):
    name: bytes
    at: int
    """Of its contents."""
    length: int


class _Form(NamedTuple):
    """How chunks are written."""

    header: int
    align: int
    parse: Callable[[bytes], Tuple[bytes, int]]


def _riff(order: str) -> _Form:
    return _Form(8, 2, struct.Struct(f"{order}4sI").unpack)


def _w64_chunk(header: bytes) -> Tuple[bytes, int]:
    guid, length = header[:16], struct.unpack("<Q", header[16:])[0]
    name = guid[:4] if guid[4:] in (_W64[b"wave"][4:], _W64[b"riff"][4:]) else b"\0\0\0\0"
    return name, max(0, length - 24)


_W64_FORM = _Form(24, 8, _w64_chunk)


def find(file: BinaryIO, base: int = 0) -> Optional[Layout]:
    """Find the samples of a file.

    Args:
      file: open for reading.
      base: where the file begins, behind tags that are not its own.

    Returns:
      Where they lie, or None if the file is no wav, W64 or AIFF.

    Raises:
      Malformed: if the header contradicts itself or the file, or is of a kind that is not read.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(base)
    head = file.read(40)
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") and head[8:12] == b"WAVE":
        order = ">" if head[:4] == b"RIFX" else "<"
        end = base + 8 + struct.unpack(f"{order}I", head[4:8])[0]
        return _wave(file, size, base + 12, end, _riff(order), order)
    if head[:16] == _W64[b"riff"] and head[24:40] == _W64[b"wave"]:
        end = base + struct.unpack("<Q", head[16:24])[0]
        return _wave(file, size, base + 40, end, _W64_FORM, "<")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        end = base + 8 + struct.unpack(">I", head[4:8])[0]
        return _aiff(file, size, base + 12, end, head[8:12] == b"AIFC")
    return None


def _wave(file: BinaryIO, size: int, start: int, end: int, form: _Form, order: str) -> Layout:
    found: Dict[bytes, _Chunk] = {}
    for chunk in _chunks(file, size, start, end, form, b"data"):
        if chunk.name == b"data" and b"data" in found:
            raise Malformed("it has two data chunks")
        if chunk.name in (b"fmt ", b"data"):
            found.setdefault(chunk.name, chunk)
    for name in (b"fmt ", b"data"):
        if name not in found:
            raise Malformed(f"it has no {name.decode().strip()} chunk")
    fmt, data = found[b"fmt "], found[b"data"]
    subtype, rate, channels, block = _format(_read(file, fmt.at, min(fmt.length, 40)), order)
    length = data.length - data.length % block
    return Layout(subtype, "BIG" if order == ">" else "LITTLE", rate, channels, data.at, length)


def _format(raw: bytes, order: str) -> Tuple[str, int, int, int]:
    """A fmt chunk: (subtype, rate, channels, bytes of a frame)."""
    if len(raw) < 16:
        raise Malformed("its fmt chunk is too short")
    tag, channels, rate, per_second, block, bits = struct.unpack(f"{order}HHIIHH", raw[:16])
    if tag == 0xFFFE:
        if len(raw) < 40 or raw[26:40] != _GUID_TAIL:
            raise Malformed("its sub-format is unknown")
        tag = struct.unpack(f"{order}H", raw[24:26])[0]
    if not channels or not block or block % channels:
        raise Malformed(f"its header says {channels} channels in frames of {block} bytes")
    width = block // channels
    kinds = {1: _PCM, 3: _FLOAT, 6: {1: "ALAW"}, 7: {1: "ULAW"}}
    if tag not in kinds:
        raise Malformed(f"its encoding, number {tag:#x}, is not supported")
    subtype = kinds[tag].get(width)
    # Fewer bits than the bytes hold are the highest ones.
    if subtype is None or not 8 * (width - 1) < bits <= 8 * width or (tag == 3 and bits % 32):
        raise Malformed(
            f"its header says {bits} bits per sample, in frames of {block} bytes of {channels} "
            "channels"
        )
    other = per_second // block
    if per_second % block == 0 and other != rate and 4000 <= other <= 384000:
        raise Malformed(f"its header says {rate} Hz, and bytes per second that make {other} Hz")
    return subtype, rate, channels, block


def _aiff(file: BinaryIO, size: int, start: int, end: int, compressed: bool) -> Layout:
    found: Dict[bytes, _Chunk] = {}
    for chunk in _chunks(file, size, start, end, _riff(">"), b"SSND"):
        if chunk.name == b"SSND" and b"SSND" in found:
            raise Malformed("it has two SSND chunks")
        if chunk.name in (b"COMM", b"SSND"):
            found.setdefault(chunk.name, chunk)
    for name in (b"COMM", b"SSND"):
        if name not in found:
            raise Malformed(f"it has no {name.decode()} chunk")
    comm, data = found[b"COMM"], found[b"SSND"]
    if comm.length < (22 if compressed else 18) or data.length < 8:
        raise Malformed("its COMM or SSND chunk is too short")
    raw = _read(file, comm.at, 22 if compressed else 18)
    channels, frames, bits = struct.unpack(">HIH", raw[:8])
    kind = raw[18:22] if compressed else b"NONE"
    laws = {b"alaw": "ALAW", b"ulaw": "ULAW", b"raw ": "PCM_U8"}
    if kind.lower() in laws:
        subtype, width = laws[kind.lower()], 1
    elif kind.lower() in (b"fl32", b"fl64"):
        width = 4 if kind.lower() == b"fl32" else 8
        subtype = _FLOAT[width]
    elif kind in (b"NONE", b"twos", b"sowt", b"in24", b"in32"):
        width = (bits + 7) // 8
        subtype = {**_PCM, 1: "PCM_S8"}.get(width, "")
    else:
        raise Malformed(f"its encoding {kind!r} is not supported")
    if not subtype or not channels:
        raise Malformed(f"its header says {bits} bits per sample and {channels} channels")
    block = width * channels
    skip = struct.unpack(">I", _read(file, data.at, 4))[0]
    length = data.length - 8 - skip
    if length < 0:
        raise Malformed("its SSND chunk begins behind its own end")
    held = length // block
    if frames == held - 1 and block == 1 and frames % 2:
        held = frames  # some programs count the padding as samples
    if frames != held and not (frames in (0, 0xFFFFFFFF) or frames >= _PLACEHOLDER):
        raise Malformed(f"its header says {frames} frames; there are {held}")
    rate = _extended(raw[8:18])
    endian = "LITTLE" if kind == b"sowt" else "BIG"
    return Layout(subtype, endian, rate, channels, data.at + 8 + skip, held * block)


def _extended(raw: bytes) -> int:
    """An 80-bit float that should be a rate, as an integer; 0 for anything else."""
    exponent, mantissa = struct.unpack(">HQ", raw)
    shift = 16383 + 63 - exponent
    return round(mantissa / 2**shift) if 0 <= shift < 64 else 0


def _chunks(
    file: BinaryIO,
    size: int,
    at: int,
    end: int,
    form: _Form,
    data: bytes,
) -> Iterator[_Chunk]:
    """The chunks of a file, the length of the one with the samples put right."""
    long_length: Optional[int] = None  # of RF64
    for _ in range(_MOST_CHUNKS):
        if at + form.header > size:
            return
        name, length = form.parse(_read(file, at, form.header))
        if not _is_name(name):
            return  # junk behind
        inside = at + form.header
        if name == b"ds64":
            long_length = struct.unpack("<Q", _read(file, inside, 16)[8:])[0]
        if name == data:
            if long_length is not None and length == 0xFFFFFFFF:
                length = long_length
            length = _data_length(file, size, inside, length, end, form)
        yield _Chunk(name, inside, min(length, max(0, size - inside)))
        at = _behind(file, size, inside, length, form)
    raise Malformed(f"it has more than {_MOST_CHUNKS} chunks")


def _data_length(file: BinaryIO, size: int, inside: int, length: int, end: int, form: _Form) -> int:
    """Bytes of samples that there are, by what the header says and by what follows."""
    left = size - inside
    if length > left:
        placeholder = form.header == 8 and length >= _PLACEHOLDER
        placeholder = placeholder or (length >= _SURELY_PLACEHOLDER and length > 2 * left)
        if end < inside + length or placeholder:
            return left
        raise Malformed(f"it is cut off: {length} bytes of samples are announced, {left} are there")
    behind = _behind(file, size, inside, length, form)
    if length and behind == end:
        return length  # whatever lies behind the file's own end
    if _is_chain(file, size, behind, form):
        return length
    if length == 0:
        return left
    if form.header == 8 and left >> 32:  # beyond 4 GB the length has lost its upper bits
        return length + ((left - length) >> 32 << 32)
    raise Malformed(
        f"its header says {length} bytes of samples; {size - behind} more that are no chunk follow"
    )


def _behind(file: BinaryIO, size: int, inside: int, length: int, form: _Form) -> int:
    """Where the next chunk begins; some programs forget the padding."""
    behind = inside + length
    padded = behind + -length % form.align
    if padded != behind and not _is_chunk(file, size, padded, form):
        if _is_chunk(file, size, behind, form):
            return behind
    return padded


def _is_chunk(file: BinaryIO, size: int, at: int, form: _Form) -> bool:
    if at + form.header > size:
        return False
    name, length = form.parse(_read(file, at, form.header))
    return _is_name(name) and at + form.header + length <= size + form.align


def _is_chain(file: BinaryIO, size: int, at: int, form: _Form) -> bool:
    """Whether chunks follow to the end of the file, or nothing does."""
    for _ in range(_MOST_CHUNKS):
        if at + form.header > size:
            return True  # a few bytes are no chunk, and no samples that one would miss
        if not _is_chunk(file, size, at, form):
            return False
        inside = at + form.header
        at = _behind(file, size, inside, form.parse(_read(file, at, form.header))[1], form)
    return False


def _is_name(name: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in name)


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    raw = file.read(length)
    if len(raw) < length:
        raise Malformed("it is cut off in its header")
    return raw
