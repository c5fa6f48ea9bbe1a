"""Copies judged side by side: library, report, command, and the fast helper."""

from __future__ import annotations

import json
import re
import sys
import types

import numpy as np
import pytest
from click.testing import CliRunner

from tests.cli.conftest import (  # noqa: F401 (fixtures)
    config,
    data,
    invoke,
    recordings,
    run,
    tflite,
)
from tests.helpers.sounds import RATE, SPEECH, harmonics, noisy, speech
from wavernn_tf.cli import cli
from wavernn_tf.config import MelRecipe
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import measures, quality, quality_of, quality_report
from wavernn_tf.evaluation.held_out import Clip
from wavernn_tf.export.runtime import write_wav

FREE = ["log_mel", "voiced", "f0", "hnr", "hnr_0_1k", "pauses", "clicks"]


class Noisy:
    """A voice that knows the recording of features whose first value is its number."""

    runtime = "made up"

    def __init__(self, audio, recipe=None):
        self.audio = audio
        self.info = types.SimpleNamespace(mel=recipe or MelRecipe())

    def synthesize(self, mel, seed=0, temperature=1.0, recipe=None, progress=None, **fine):
        return noisy(self.audio[int(mel[0, 0])], 600 * temperature, seed)


@pytest.fixture(scope="module")
def clips():
    audio = [speech()[:32000], harmonics(200, 2.0, snr=30)]
    return [Clip(f"<{n}>", x, np.full([160, 80], n, np.float32)) for n, x in enumerate(audio)]


@pytest.fixture(scope="module")
def judged(clips):
    voice = Noisy([c.audio for c in clips])
    made, _ = quality.syntheses({"voice": voice}, MelRecipe())
    steps = []
    kept, _ = measures.choose(FREE)
    made = {k: made[k] for k in ("original", "voice", "mu-law, 8 bit")}
    found = quality.judge(
        made, clips, RATE, kept, seed=3, keep=1, keep_seconds=0.5, progress=steps.append
    )
    assert steps == [1] * 6
    return found


def test_tracks_and_estimates(judged):
    assert list(judged.estimates) == ["original", "voice", "mu-law, 8 bit"]
    original, voice = judged.estimates["original"], judged.estimates["voice"]
    assert (original["log_mel"].value, original["f0"].value) == (0.0, 100.0)
    assert voice["log_mel"].value > 1 and voice["hnr"].value < original["hnr"].value - 3
    values = judged.values["voice"]["log_mel"]
    assert len(values) == 2 and voice["log_mel"].value == pytest.approx(np.median(values))
    assert judged.values["voice"]["pauses"][1] is None and voice["pauses"].count == 1
    assert list(judged.tracks) == ["<0>"] and len(judged.tracks["<0>"]["voice"]) == 8000
    assert judged.seconds == pytest.approx(4.0)


def test_seed_and_temperature(clips, judged):
    kept, _ = measures.choose(["log_mel"])
    voices = {"voice": Noisy([c.audio for c in clips])}

    def values(temperature, seed):
        made, _ = quality.syntheses(voices, MelRecipe(), temperature)
        made = {k: made[k] for k in ("original", "voice")}
        return quality.judge(made, clips, RATE, kept, seed).values["voice"]["log_mel"]

    assert values(1.0, 3) == judged.values["voice"]["log_mel"]
    assert values(1.0, 4) != values(1.0, 3)
    assert values(0.1, 3)[0] < values(1.0, 3)[0]


def test_other_rates_are_judged_at_16_khz():
    audio = harmonics(200, 2.0, rate=24000)
    kept, _ = measures.choose(["f0", "hnr", "log_mel"])
    made = {"original": lambda c, s: c.audio, "up": lambda c, s: harmonics(220, 2.0, rate=24000)}
    clip = Clip("a", audio, np.zeros([1, 80], np.float32))
    found = quality.judge(made, [clip], 24000, kept)
    assert found.values["original"]["hnr"][0] > 20
    assert found.values["up"]["f0"] == [0.0]
    assert len(quality.resampled(audio, 24000)) == 32000


def test_nothing_to_judge_by():
    with pytest.raises(WaveRNNError, match="at least one recording"):
        quality.judge({}, [], RATE, [])


def test_voices_of_two_recipes_are_refused():
    voices = {"a": Noisy([]), "b": Noisy([], MelRecipe(fmin=50.0))}
    with pytest.raises(WaveRNNError, match="a and b take different features.*fmin"):
        quality.recipe_of(voices, None)
    assert quality.recipe_of({}, None) == MelRecipe()


def test_report(judged, tmp_path):
    quality_report.write(tmp_path / "q.html", judged)
    page = (tmp_path / "q.html").read_text(encoding="utf-8")
    assert "&lt;0&gt;" in page and "<0>" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert len(re.findall(r"data:audio/wav", page)) == 3
    assert len(re.findall(r"data:image/png", page)) == 1
    cell = quality.shown(judged.estimates["voice"]["log_mel"], 2)
    assert re.fullmatch(r"\d\.\d\d \[\d\.\d\d, \d\.\d\d\]", cell) and cell in page


def test_narrow_band_spectrogram_shows_harmonics(tmp_path):
    """Lines 200 Hz apart up to 5 kHz: 25 of them in the left picture, none in that of noise."""
    image = pytest.importorskip("matplotlib.image")
    from wavernn_tf.evaluation import pictures

    tracks = {"original": harmonics(200), "noise": noisy(np.zeros(RATE, np.int16), 2000)}
    (tmp_path / "a.png").write_bytes(pictures.narrow_band(tracks, RATE))
    picture = image.imread(tmp_path / "a.png")[..., :3].sum(axis=2)
    height, width = picture.shape
    left = picture[:, width // 4]
    dark = np.flatnonzero(left < 0.1)
    inside = left[dark[0] : dark[-1]] > 1.2
    assert 23 <= np.sum(np.diff(inside.astype(int)) == 1) <= 26
    assert (picture[height // 3 : height // 2, 3 * width // 4] > 0.3).mean() > 0.9


@pytest.fixture
def command():
    try:
        runner = CliRunner(mix_stderr=False)  # click < 8.2
    except TypeError:
        runner = CliRunner()
    return lambda *a: runner.invoke(cli, [str(x) for x in a], prog_name="wavernn-tf")


def test_command_without_a_voice(command, tmp_path):
    clip = SPEECH / "en_vm-forward-multiple.flac"
    arguments = ["evaluate", "--quality", "--recording", clip, "--measures", "f0,log_mel,hnr"]
    result = command(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["clips"] == ["en_vm-forward-multiple"]
    assert found["tracks"]["original"]["f0"]["estimate"]["value"] == 100
    assert found["tracks"]["Griffin-Lim"]["log_mel"]["values"][0] > 0.5
    assert "20 or more" in result.stderr
    result = command(*arguments, "--report", tmp_path / "q.html")
    assert result.exit_code == 0, result.stderr
    assert "F0 right within 6 %" in result.stdout and "100.0 [100.0, 100.0]" in result.stdout
    assert (tmp_path / "q.html").is_file()


def test_command_without_the_extra(command, monkeypatch):
    for name in ("pesq", "pyworld"):
        monkeypatch.setitem(sys.modules, name, None)
    arguments = ["evaluate", "--quality", "--recording", SPEECH / "en_agent-alreadyon.flac"]
    result = command(*arguments, "--measures", "pesq,f0", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert list(found["measures"]) == ["f0"] and "WORLD" not in found["tracks"]
    assert result.stderr.count("wavernn-tf[quality]") == 2
    result = command(*arguments, "--measures", "pesq")
    assert result.exit_code == 2
    assert "Nothing is left" in result.stderr and "wavernn-tf[quality]" in result.stderr


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["evaluate"], "VOICES"),
        (["evaluate", "--quality"], "--data"),
        (["evaluate", "x.tflite", "--measures", "f0"], "go with --quality"),
        (["evaluate", "--quality", "--recording", SPEECH, "--data", SPEECH], "exclude"),
        (["evaluate", "--quality", "--recording", SPEECH.parent / "no"], "does not exist"),
        (["evaluate", "--quality", "--recording", SPEECH / "held_out.txt"], "held_out.txt"),
        (["evaluate", "no.tflite", "--quality", "--recording", SPEECH], "does not exist"),
        (
            ["evaluate", "--quality", "--recording", SPEECH, "--min-seconds", 99],
            "at least one recording",
        ),
    ],
)
def test_bad_input(command, arguments, message):
    result = command(*arguments)
    assert result.exit_code == 2 and message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_command_with_voices(invoke, run, tflite, data, tmp_path):  # noqa: F811
    """A run and its .tflite file, untrained, on prepared held-out speech."""
    result = invoke(
        "evaluate", run, tflite, "--quality", "--measures", "f0,log_mel,clicks", "--json",
        "--report", tmp_path / "q.html", "--temperature", "0.8",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert list(found["tracks"])[:3] == ["original", "run", "voice.tflite"]
    worst = found["tracks"]["voice.tflite"]["log_mel"]["estimate"]["value"]
    assert worst > found["tracks"]["Griffin-Lim"]["log_mel"]["estimate"]["value"] + 3


def test_quality_of(tmp_path, capsys, monkeypatch):
    audio = speech()
    for folder, copies in {"a": [audio, audio], "b": [audio, noisy(audio)]}.items():
        (tmp_path / folder).mkdir()
        for name, samples in zip(("same", "worse"), copies):
            write_wav(tmp_path / folder / f"{name}.wav", samples, RATE)
    write_wav(tmp_path / "a" / "alone.wav", audio, RATE)
    monkeypatch.setattr(quality_of.mos, "check", lambda: None)
    monkeypatch.setattr(quality_of.mos, "distill_mos", lambda x: 4.0)
    assert quality_of.main([str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    head, same, worse, median = capsys.readouterr().out.splitlines()
    assert "alone" not in same + worse and head.split()[:2] == ["MOS", "MOS"]
    numbers = [[float(x) for x in line.split()[1:]] for line in (same, worse)]
    assert numbers[0][-3:] == [100.0, 100.0, 0.0] and numbers[0][2] == numbers[0][3]
    assert numbers[1][-1] > 1 and numbers[1][2] < numbers[1][3] - 3
    assert median.startswith("median of 2")
    assert quality_of.main([str(tmp_path / "a"), str(tmp_path / "b"), "--medians"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_quality_of_without_the_extra(tmp_path, capsys, monkeypatch):
    write_wav(tmp_path / "a.wav", speech(), RATE)
    quality_of.mos._model.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)
    assert quality_of.main([str(tmp_path), str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert "MOS" not in shown.out and "wavernn-tf[quality]" in shown.err
    (tmp_path / "empty").mkdir()
    assert quality_of.main([str(tmp_path), str(tmp_path / "empty")]) == 2
    assert "no name is in both" in capsys.readouterr().err
