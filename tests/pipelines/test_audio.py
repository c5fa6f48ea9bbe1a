"""Reading every format, rate and width; levels; the resampler by numbers; broken files."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavernn_tf.errors import WaveRNNError
from wavernn_tf.pipelines import audio


def _tone(rate: int, hz: float, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


def _snr(got: np.ndarray, expected: np.ndarray, edge: int = 400) -> float:
    """Signal over error, in dB, without the edges."""
    error = got[edge:-edge] - expected[edge:-edge]
    return 10 * np.log10(np.square(expected[edge:-edge]).mean() / np.square(error).mean())


LOSSLESS = [
    ("wav", "PCM_16", 2**-15),
    ("wav", "PCM_24", 2**-23),
    ("wav", "PCM_32", 2**-23),  # handed over in float32
    ("wav", "FLOAT", 2**-23),
    ("wav", "PCM_U8", 2**-7),
    ("flac", "PCM_16", 2**-15),
    ("flac", "PCM_24", 2**-23),
]


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(("extension", "subtype", "step"), LOSSLESS)
def test_lossless(tmp_path: Path, extension: str, subtype: str, step: float, channels: int) -> None:
    path = tmp_path / f"a b é.{extension}"
    signal = _tone(16000, 440, 0.25)[:, None] * [[1.0, -0.5, 0.25][i] for i in range(channels)]
    soundfile.write(path, signal, 16000, subtype=subtype)
    got, rate = audio.decode(path)
    assert rate == 16000 and got.shape == signal.shape and got.dtype == np.float32
    assert np.abs(got - signal).max() <= step
    mono = audio.read(path, 16000)
    assert mono.dtype == np.int16
    assert np.abs(mono - 32768 * signal.mean(1)).max() <= 32768 * step + 0.51


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("extension", "subtype", "rate"),
    [
        ("ogg", "VORBIS", 16000),
        ("ogg", "VORBIS", 44100),
        ("mp3", "MPEG_LAYER_III", 16000),
        ("mp3", "MPEG_LAYER_III", 48000),
    ],
)
def test_lossy(
    tmp_path: Path, speech: Path, extension: str, subtype: str, rate: int, channels: int
) -> None:
    """Level, and alignment with the original (MP3's delay is taken out by the decoder)."""
    clip, _ = soundfile.read(speech / "ru_0063.flac", dtype="float32")
    wide = audio.resample(clip, 16000, rate)
    path = tmp_path / f"clip.{extension}"
    soundfile.write(path, np.stack([wide] * channels, 1), rate, subtype=subtype)
    got = audio.read(path, 16000)
    assert abs(len(got) - len(clip)) <= 1
    n = min(len(got), len(clip))
    lowest, original = _lowpass(got[:n] / 32768), _lowpass(clip[:n])
    assert _snr(lowest, original) > 12
    assert abs(20 * np.log10(lowest.std() / original.std())) < 0.3
    assert _snr(lowest[20:], original[:-20]) < 6  # canary: 1.25 ms late


def _lowpass(x: np.ndarray) -> np.ndarray:
    """Below 2 kHz, where the lossy codecs keep the waveform."""
    spectrum = np.fft.rfft(x)
    spectrum[len(spectrum) // 4 :] = 0
    return np.fft.irfft(spectrum, len(x))


def test_sixteen_bit_comes_through_bit_for_bit(speech: Path) -> None:
    for path in sorted(speech.glob("*.flac")):
        expected, rate = soundfile.read(path, dtype="int16")
        np.testing.assert_array_equal(audio.read(path, rate), expected)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 24000, 44100, 48000, 96000, 44101])
@pytest.mark.parametrize("wanted", [16000, 22050, 24000])
@pytest.mark.parametrize("hz", [200.0, 3000.0])
def test_resampler_keeps_level_and_time(rate: int, wanted: int, hz: float) -> None:
    made = audio.resample(_tone(rate, hz).astype(np.float32), rate, wanted)
    assert len(made) == -(-rate * wanted // rate) == wanted
    expected = _tone(wanted, hz)
    assert _snr(made, expected) > 75
    # The very ends are there, up to what the missing neighbours leave open.
    assert np.abs(made - expected).max() < 0.35
    if rate != wanted:  # canary: a hundredth of a sample late
        late = 0.5 * np.sin(2 * np.pi * hz * (np.arange(wanted) - 0.01) / wanted)
        assert _snr(made, late) < 75


@pytest.mark.parametrize(("rate", "wanted"), [(44100, 16000), (48000, 16000), (48000, 22050)])
@pytest.mark.parametrize("beyond", [1.02, 1.1, 1.5])
def test_resampler_does_not_alias(rate: int, wanted: int, beyond: float) -> None:
    tone = _tone(rate, beyond * wanted / 2).astype(np.float32)
    made = audio.resample(tone, rate, wanted)[400:-400]
    assert 20 * np.log10(made.std() / tone.std()) < -60


@pytest.mark.parametrize(("rate", "wanted"), [(44100, 16000), (16000, 24000)])
def test_resampled_impulse_is_where_it_was(rate: int, wanted: int) -> None:
    for second in (0.25, 0.5, 1.0):
        impulse = np.zeros(rate + 1, np.float32)
        impulse[int(rate * second)] = 1.0
        made = audio.resample(impulse, rate, wanted)
        assert int(np.abs(made).argmax()) == round(int(rate * second) * wanted / rate)


@pytest.mark.parametrize("samples", [1, 2, 7, 100])
def test_resample_a_few_samples(samples: int) -> None:
    made = audio.resample(np.ones(samples, np.float32), 44100, 16000)
    assert len(made) == -(-samples * 160 // 441) and np.isfinite(made).all()


def test_to_int16_rounds_and_clips() -> None:
    values = np.float32([1.0, -1.0, 1.5, -7.0, 0.5 / 32768, 1.5 / 32768, -2.5 / 32768])
    assert audio.to_int16(values).tolist() == [32767, -32768, 32767, -32768, 0, 2, -2]


def test_threads_do_not_mix_files_up(speech: Path) -> None:
    paths = sorted(speech.glob("*.flac"))
    alone = [audio.read(p, 16000) for p in paths]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda p: audio.read(p, 16000), paths * 4))
    for n, got in enumerate(together):
        np.testing.assert_array_equal(got, alone[n % len(paths)])


def _broken(folder: Path, kind: str) -> Path:
    tone = _tone(16000, 440)
    if kind == "empty.wav":
        (folder / kind).write_bytes(b"")
    elif kind.startswith("text"):
        (folder / kind).write_text("not audio at all\n" * 100)
    elif kind == "nan.wav":
        tone[500] = np.nan
        soundfile.write(folder / kind, tone, 16000, subtype="FLOAT")
    elif kind == "integers.wav":
        soundfile.write(folder / kind, tone * 32768, 16000, subtype="FLOAT")
    elif kind == "none.wav":
        soundfile.write(folder / kind, tone[:0], 16000)
    elif kind == "folder.wav":
        (folder / kind).mkdir()
    elif kind != "missing.wav":
        extension = kind.split(".")[1]
        whole = folder / f"whole.{extension}"
        soundfile.write(whole, tone, 16000)
        data = whole.read_bytes()
        (folder / kind).write_bytes(
            data[:20] if kind.startswith("head") else data[: len(data) // 2]
        )
    return folder / kind


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing.wav", "no such file"),
        ("folder.wav", "no such file"),
        ("empty.wav", "the file is empty"),
        ("none.wav", "no samples"),
        ("nan.wav", "NaN"),
        ("integers.wav", r"in \[-1, 1\]"),
        *[(f"text.{e}", "not a whole") for e in ("wav", "flac", "ogg", "mp3")],
        *[(f"half.{e}", "not a whole") for e in ("wav", "flac", "ogg", "mp3")],
        *[(f"head.{e}", "not a whole") for e in ("wav", "flac", "ogg", "mp3")],
    ],
)
def test_broken_files_are_named(tmp_path: Path, kind: str, message: str) -> None:
    path = _broken(tmp_path, kind)
    with pytest.raises(WaveRNNError, match=message) as caught:
        audio.read(path, 16000)
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and "{{" not in text and "Op:" not in text


def test_float_is_not_taken_for_integers(tmp_path: Path) -> None:
    """32-bit integers and floats differ in the header only; both with extra chunks."""
    for subtype in ("PCM_32", "FLOAT"):
        path = tmp_path / f"{subtype}.wav"
        with soundfile.SoundFile(path, "w", 16000, 1, subtype) as file:
            file.title = "odd"
            file.write(_tone(16000, 440))
        assert np.abs(audio.decode(path)[0][:, 0] - _tone(16000, 440)).max() < 1e-6
        path = tmp_path / f"{subtype}x.wav"
        soundfile.write(path, _tone(16000, 440), 16000, subtype=subtype, format="WAVEX")
        assert np.abs(audio.decode(path)[0][:, 0] - _tone(16000, 440)).max() < 1e-6
