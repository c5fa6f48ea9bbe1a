"""Odd files that are right are read; headers that lie and damage are told by name."""

from __future__ import annotations

import io
import random
import struct
import time
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
import soundfile

from tests.helpers import mutate_audio
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import audio

RATE = 16000


@pytest.fixture(scope="module")
def clip(speech: Path) -> np.ndarray:
    return soundfile.read(speech / "ru_0063.flac", dtype="int16")[0][8000:24001]


def chunk(name: bytes, data: bytes, length: Any = None, pad: bool = True) -> bytes:
    length = len(data) if length is None else length
    return name + struct.pack("<I", length) + data + b"\0" * (pad and len(data) % 2)


def riff(*chunks: bytes, length: Any = None, name: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return name + struct.pack("<I", len(body) if length is None else length) + body


def fmt(
    tag: int = 1,
    channels: int = 1,
    rate: int = RATE,
    bits: int = 16,
    block: Any = None,
    per_second: Any = None,
) -> bytes:
    block = channels * bits // 8 if block is None else block
    per_second = rate * block if per_second is None else per_second
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, per_second, block, bits))


def encoded(data: np.ndarray, container: str, subtype: str, rate: int = RATE) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, data / 32768, rate, format=container, subtype=subtype)
    return out.getvalue()


def read(folder: Path, data: bytes, name: str = "a.wav") -> np.ndarray:
    path = folder / name
    path.write_bytes(data)
    return audio.read(path, RATE)


def refused(folder: Path, data: bytes, match: str, name: str = "a.wav") -> None:
    started = time.process_time()
    with pytest.raises(WaveRNNError, match=match) as caught:
        read(folder, data, name)
    assert str(caught.value).startswith(f"{folder / name}: ")
    assert time.process_time() - started < 20


INFO = chunk(b"LIST", b"INFO" + chunk(b"ISFT", b"abc"))
ODD = chunk(b"LIST", b"INFO" + chunk(b"ISFT", b"abc", pad=False))
assert len(ODD) % 2 == 0 and ODD[4:8] == struct.pack("<I", 15)


@pytest.mark.parametrize(
    "order",
    [
        ("fmt", ODD, "data"),
        ("fmt", "data", ODD),
        (INFO, "fmt", "data"),
        (chunk(b"PAD ", bytes(4)), "fmt", "data"),
        (chunk(b"JUNK", bytes(28)), chunk(b"bext", bytes(603)), "fmt", ODD, "data", INFO, ODD),
        ("fmt", chunk(b"fact", bytes(4)), "data"),
        ("fmt", chunk(b"odd ", b"123", pad=False), "data"),  # padding forgotten
        ("data", "fmt"),
        ("fmt", "data", b"junk that is no chunk at all"),
    ],
)
def test_chunks_in_any_order(tmp_path: Path, clip: np.ndarray, order: tuple) -> None:
    parts = {"fmt": fmt(), "data": chunk(b"data", clip.tobytes())}
    chunks = [parts.get(c, c) for c in order]
    length = 4 + sum(len(c) for c in chunks if not c.startswith(b"junk"))
    np.testing.assert_array_equal(read(tmp_path, riff(*chunks, length=length)), clip)


@pytest.mark.parametrize("bits", [8, 24])
@pytest.mark.parametrize("pad", [True, False])
@pytest.mark.parametrize("after", [b"", INFO])
def test_an_odd_data_chunk(
    tmp_path: Path, clip: np.ndarray, bits: int, pad: bool, after: bytes
) -> None:
    raw = (
        ((clip >> 8) + 128).astype(np.uint8).tobytes()
        if bits == 8
        else (clip.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    )
    assert len(raw) % 2
    got = read(tmp_path, riff(fmt(bits=bits), chunk(b"data", raw, pad=pad), after))
    np.testing.assert_array_equal(got, clip if bits == 24 else clip >> 8 << 8)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("whole", [0xFFFFFFFF, 0, 0x7FFFFFFF, None])
@pytest.mark.parametrize(
    "length", [0xFFFFFFFF, 0x7FFFFFFF, 2000000000, 0, 0x7FFFF000, 0x80000000, 0xFFFFFFDB]
)
def test_placeholder_lengths(
    tmp_path: Path, clip: np.ndarray, bits: int, whole: Any, length: int
) -> None:
    raw = ((clip >> 8) + 128).astype(np.uint8) if bits == 8 else clip
    data = chunk(b"data", raw.tobytes(), length, pad=False)
    got = read(tmp_path, riff(fmt(bits=bits), data, length=whole))
    np.testing.assert_array_equal(got, clip >> 8 << 8 if bits == 8 else clip)


def test_placeholders_elsewhere(tmp_path: Path, clip: np.ndarray) -> None:
    data = chunk(b"data", clip.tobytes(), 0xFFFFFFFF)
    for size in (2 * len(clip), 0xFFFFFFFFFFFFFFFF):
        ds64 = chunk(b"ds64", struct.pack("<QQQI", 2 * len(clip) + 100, size, len(clip), 0))
        got = read(tmp_path, riff(ds64, fmt(), data, length=0xFFFFFFFF, name=b"RF64"))
        np.testing.assert_array_equal(got, clip)
    flac = bytearray(encoded(clip, "FLAC", "PCM_16"))
    flac[21] &= 0xF0
    flac[22:42] = bytes(20)  # samples and checksum unknown, as of a pipe
    np.testing.assert_array_equal(read(tmp_path, bytes(flac), "a.flac"), clip)


KINDS = [
    ("WAV", "PCM_16", 0),
    ("WAV", "PCM_24", 0),
    ("WAV", "PCM_32", 0),
    ("WAV", "FLOAT", 0),
    ("WAV", "DOUBLE", 0),
    ("WAV", "ALAW", 1100),
    ("WAV", "ULAW", 1100),
    ("WAVEX", "PCM_16", 0),
    ("WAVEX", "DOUBLE", 0),
    ("RF64", "PCM_24", 0),
    ("W64", "PCM_16", 0),
    ("W64", "FLOAT", 0),
    ("W64", "PCM_U8", 256),
    ("AIFF", "PCM_16", 0),
    ("AIFF", "PCM_24", 0),
    ("AIFF", "PCM_S8", 256),
    ("AIFF", "FLOAT", 0),
    ("AIFF", "ULAW", 1100),
    ("FLAC", "PCM_16", 0),
    ("FLAC", "PCM_24", 0),
    ("FLAC", "PCM_S8", 256),
]


@pytest.mark.parametrize(("container", "subtype", "error"), KINDS)
@pytest.mark.parametrize("samples", [16001, 1])
def test_kinds(
    tmp_path: Path, clip: np.ndarray, container: str, subtype: str, error: int, samples: int
) -> None:
    made = encoded(clip[:samples], container, subtype)
    for tag in (b"", id3()):  # the name says nothing
        got = read(tmp_path, tag + made, "a.mp3")
        # libsndfile takes the pad byte of an AIFF file for a sample when it writes one.
        assert len(got) == samples + (container == "AIFF" and error > 0)
        assert np.abs(got[:samples].astype(int) - clip[:samples]).max() <= error


def test_big_endian_wav_and_fewer_bits_than_bytes(tmp_path: Path, clip: np.ndarray) -> None:
    swapped = struct.pack(">HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    body = b"WAVEfmt " + struct.pack(">I", 16) + swapped
    body += b"data" + struct.pack(">I", 2 * len(clip)) + clip.astype(">i2").tobytes()
    got = read(tmp_path, b"RIFX" + struct.pack(">I", len(body)) + body)
    np.testing.assert_array_equal(got, clip)
    got = read(tmp_path, riff(fmt(bits=12, block=2), chunk(b"data", (clip & -16).tobytes())))
    np.testing.assert_array_equal(got, clip & -16)


@pytest.mark.parametrize(("extension", "subtype"), [("ogg", "VORBIS"), ("opus", "OPUS")])
def test_ogg(tmp_path: Path, clip: np.ndarray, extension: str, subtype: str) -> None:
    whole = encoded(clip, "OGG", subtype)
    got = read(tmp_path, whole, f"a.{extension}")
    assert abs(len(got) - len(clip)) <= 400
    np.testing.assert_array_equal(read(tmp_path, whole + b"junk" * 99, "junk.ogg"), got)
    refused(tmp_path, whole + whole, "several streams", "chained.ogg")
    refused(tmp_path, whole[:-30], "cut off", "cut.ogg")
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 1
    refused(tmp_path, bytes(middle), "damaged", "middle.ogg")
    at = whole.index(b"OggS", len(whole) // 2)
    behind = whole.find(b"OggS", at + 4)
    if behind > 0:
        refused(tmp_path, whole[:at] + whole[behind:], "missing", "page.ogg")


def id3(size: int = 777) -> bytes:
    return b"ID3\4\0\0" + bytes([0, 0, size >> 7, size & 127]) + bytes(size)


def test_mp3(tmp_path: Path, clip: np.ndarray) -> None:
    whole = encoded(clip, "MP3", "MPEG_LAYER_III")
    expected = read(tmp_path, whole, "a.mp3")
    assert abs(len(expected) - len(clip)) <= 1
    rng = np.random.default_rng(0)
    junk = rng.integers(0, 256, 5000, np.uint8).tobytes()
    tag1 = b"TAG" + b"title".ljust(125, b"\0")
    for n, data in enumerate(
        (id3() + whole, whole + tag1, whole + junk, whole + bytes(700), id3() + whole + junk + tag1)
    ):
        np.testing.assert_array_equal(read(tmp_path, data, f"{n}.mp3"), expected)
    third = len(whole) // 3
    holes = (bytes(3000), junk[:3000], b"")
    for n, hole in enumerate(holes):
        damaged = whole[:third] + hole + whole[third + 2999 :]
        refused(tmp_path, damaged, "between its frames|announces", f"hole{n}.mp3")
    refused(tmp_path, whole[: len(whole) // 2], "announces", "half.mp3")
    for count in (0, 1, 0x7FFFFFFF):
        lying = bytearray(whole)
        at = max(whole.find(b"Xing"), whole.find(b"Info"))
        lying[at + 8 : at + 12] = struct.pack(">I", count)
        path = tmp_path / "count.mp3"
        path.write_bytes(lying)
        try:
            got = audio.read(path, RATE)
        except WaveRNNError as error:
            assert str(error).startswith(str(path))
        else:
            assert abs(len(got) - len(clip)) <= 3000


LIES: Dict[str, Dict[str, Any]] = {
    "block 0": {"block": 0},
    "block 1": {"block": 1},
    "block max": {"block": 0xFFFF},
    "rate 0": {"rate": 0},
    "rate 1": {"rate": 1},
    "rate max": {"rate": 0xFFFFFFFF, "per_second": 0xFFFFFFFF},
    "rate low": {"rate": 3999},
    "rate high": {"rate": 384001},
    "rate of another": {"rate": 8000, "per_second": 32000},
    "channels 0": {"channels": 0, "block": 2},
    "channels 2": {"channels": 2, "block": 2},
    "channels max": {"channels": 0xFFFF, "block": 2},
    "channels and block": {"channels": 0xFFFF, "block": 0xFFFF, "bits": 8},
    "bits 0": {"bits": 0, "block": 2},
    "bits 1": {"bits": 1, "block": 2},
    "bits 8": {"bits": 8, "block": 2},
    "bits max": {"bits": 0xFFFF, "block": 2},
    "encoding 0": {"tag": 0},
    "encoding max": {"tag": 0xFFFF},
    "ADPCM": {"tag": 2},
    "MP3 in wav": {"tag": 0x55},
    "half floats": {"tag": 3},
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_wav_headers(tmp_path: Path, clip: np.ndarray, lie: str) -> None:
    refused(tmp_path, riff(fmt(**LIES[lie]), chunk(b"data", clip.tobytes())), "not a whole")


def test_lying_wav_lengths(tmp_path: Path, clip: np.ndarray) -> None:
    data = chunk(b"data", clip.tobytes())
    for length in (1, 2, 1000, 2 * len(clip) - 2000):
        lying = riff(fmt(), chunk(b"data", clip.tobytes(), length))
        refused(tmp_path, lying, "more that are no chunk follow")
    refused(tmp_path, riff(fmt(), data)[:-2000], "cut off")
    refused(tmp_path, riff(fmt(), data, data), "two data chunks")
    refused(tmp_path, riff(fmt()), "no data chunk")
    refused(tmp_path, riff(data), "no fmt chunk")
    refused(tmp_path, riff(chunk(b"fmt ", b"\1\0\1\0"), data), "too short")
    refused(tmp_path, riff(*[chunk(b"PAD ", b"")] * 20000, fmt(), data), "10000 chunks")
    refused(tmp_path, riff(fmt(), chunk(b"data", b"")), "no samples")
    refused(tmp_path, riff(fmt(), chunk(b"data", b""), INFO), "no samples")


def test_lying_aiff_and_w64(tmp_path: Path, clip: np.ndarray) -> None:
    aiff = encoded(clip, "AIFF", "PCM_16")
    at = aiff.index(b"COMM") + 8
    fields = {"channels": (0, "H"), "frames": (2, "I"), "bits": (6, "H"), "exponent": (8, "H")}
    for offset, kind in fields.values():
        for value in (0, 1, 256 ** struct.calcsize(kind) - 1):
            lying = bytearray(aiff)
            struct.pack_into(f">{kind}", lying, at + offset, value)
            same_or_refused(tmp_path, bytes(lying), clip, "a.aiff")
    w64 = encoded(clip, "W64", "PCM_16")
    for at in range(16, w64.index(clip[:8].tobytes()), 2):
        for value in (0, 1, 0xFFFF):
            lying = bytearray(w64)
            struct.pack_into("<H", lying, at, value)
            same_or_refused(tmp_path, bytes(lying), clip, "a.w64")


def same_or_refused(folder: Path, data: bytes, expected: np.ndarray, name: str) -> None:
    try:
        got = read(folder, data, name)
    except WaveRNNError as error:
        assert str(error).startswith(f"{folder / name}: ")
    else:
        np.testing.assert_array_equal(got, expected)


def test_lying_flac(tmp_path: Path, clip: np.ndarray) -> None:
    whole = encoded(clip, "FLAC", "PCM_16")
    for at in range(4, 42):
        for value in (0, 1, 0xFF):
            lying = bytearray(whole)
            lying[at] = value
            same_or_refused(tmp_path, bytes(lying), clip, "a.flac")
    for share in (0.3, 0.6, 0.9):
        damaged = bytearray(whole)
        at = int(share * len(whole))
        damaged[at : at + 40] = bytes(40)
        refused(tmp_path, bytes(damaged), "not a whole", "middle.flac")
        unknown = bytearray(damaged)
        unknown[21] &= 0xF0
        unknown[22:42] = bytes(20)
        refused(tmp_path, bytes(unknown), "not a whole", "unknown.flac")


def test_other_formats_are_told_apart(tmp_path: Path) -> None:
    for head, what in (
        (b"\0\0\0\x20ftypM4A ", "m4a"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
        (b"caff\0\1\0\0", "Core Audio"),
        (b"\x1a\x45\xdf\xa3", "WebM"),
    ):
        refused(tmp_path, head + bytes(5000), what)


def test_a_flac_of_hours_in_a_few_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by the file's size, not by what the header promises."""
    path = tmp_path / "bomb.flac"
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as out:
        for _ in range(60):
            out.write(np.zeros(60 * RATE, np.int16))
    assert audio.decode(path)[0].shape == (3600 * RATE, 1)
    monkeypatch.setattr(audio, "_MOST_VALUES_PER_BYTE", 100)
    with pytest.raises(WaveRNNError, match="more than a file of its size"):
        audio.read(path, RATE)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("cancel", lambda x: np.stack([x, -x], 1)),
        ("clipped", lambda x: np.clip(x * 3, -1, 32767 / 32768)),
        ("quiet", lambda x: x / np.abs(x).max() * 0.01),
        ("silent", lambda x: np.zeros_like(x)),
        ("offset", lambda x: x * 0.5 + 0.1),
    ],
)
def test_remarks(tmp_path: Path, clip: np.ndarray, kind: str, make: Any) -> None:
    path = tmp_path / "a.wav"
    speech = clip / np.abs(clip).max() * 0.7
    soundfile.write(path, make(speech), RATE, subtype="PCM_24")
    assert [k for k, _ in audio.read_remarkably(path, RATE).remarks] == [kind]
    soundfile.write(path, np.stack([speech, speech * 0.3], 1), RATE)
    assert audio.read_remarkably(path, RATE).remarks == ()
    assert [k for k, _ in audio.read_remarkably(path, 22050).remarks] == ["narrow"]
    assert set(audio.REMARKS) >= {kind, "narrow"}


def test_mutants_are_mutants(tmp_path: Path) -> None:
    """The unchanged kinds are read; mutation depends on its seed alone."""
    for path in mutate_audio.sources(tmp_path):
        assert abs(len(audio.read(path, RATE)) - 8000) <= 400
        data = path.read_bytes()
        made = [mutate_audio.mutate(data, random.Random(f"0 {n}")) for n in range(20)]
        assert made == [mutate_audio.mutate(data, random.Random(f"0 {n}")) for n in range(20)]
        assert sum(m != data for m in made) >= 15


def test_mutants_end_well(tmp_path: Path) -> None:
    tally = mutate_audio.run(60, seed=7, workers=1, keep=tmp_path / "kept")
    assert not [name for name in tally if "FAILED" in name] and sum(tally.values()) == 60
