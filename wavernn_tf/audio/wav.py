"""Writing WAV files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Tuple

import numpy as np

from wavernn_tf import files

WAV_MARK = b"wavernn-tf"
"""Names the package in the files of `write_wav`."""


def write_wav(path: files.PathLike, audio: np.ndarray, sample_rate: int) -> None:
    """Write int16 [samples] as a mono 16-bit WAV file, whole or not at all.

    A chunk behind the samples names this package, so that its files are known again.

    Args:
      path: the file.
      audio: int16 [samples].
      sample_rate: in Hz.
    """
    files.write_bytes(path, wav_bytes(audio, sample_rate))


def wav_bytes(audio: np.ndarray, sample_rate: int) -> bytes:
    """The contents of the file that `write_wav` writes."""
    head, tail = wav_frame(len(audio), sample_rate)
    return head + np.asarray(audio, "<i2").tobytes() + tail


def wav_frame(samples: int, sample_rate: int) -> Tuple[bytes, bytes]:
    """What stands before and behind the samples, for writing them as they come.

    Args:
      samples: how many there will be.
      sample_rate: in Hz.
    """
    form = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    data = b"data" + struct.pack("<I", 2 * samples)
    before = b"WAVE" + _chunk(b"fmt ", form) + data
    tail = _chunk(b"LIST", b"INFO" + _chunk(b"ISFT", WAV_MARK + b"\0"))
    size = len(before) + 2 * samples + len(tail)
    return b"RIFF" + struct.pack("<I", size) + before, tail


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def is_own_wav(path: Path) -> bool:
    """Whether a file was written by `write_wav`."""
    return files.has_text(path, b"ISFT" + struct.pack("<I", len(WAV_MARK) + 1) + WAV_MARK)


def is_whole_wav(path: Path) -> bool:
    """Whether a file was written by `write_wav` and none of it is missing."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            size = file.seek(0, 2)
    except OSError:
        return False
    whole = len(head) == 8 and head[:4] == b"RIFF" and size == 8 + struct.unpack("<I", head[4:])[0]
    return whole and is_own_wav(path)
