"""Pictures and the report, of voices that are made up."""

from __future__ import annotations

import base64
import io
import re
import types
import wave

import numpy as np
import pytest

from wavernn_tf.evaluation import bits, evaluate, pictures, report
from wavernn_tf.evaluation.evaluate import Evaluation
from wavernn_tf.evaluation.held_out import Clip

RATE, HOP = 16000, 200


class Echo:
    """A voice that says the seed."""

    runtime = "made up <1>"

    def __init__(self):
        mel = types.SimpleNamespace(sample_rate=RATE)
        blocks = {"R_u": "16x1"}
        self.info = types.SimpleNamespace(mel=mel, sparsity={"R_u": 0.96}, blocks=blocks)

    def synthesize(self, mel, seed=0, temperature=1.0, fine_temperature=1.0):
        return np.full(len(mel) * HOP, seed, np.int16)


@pytest.fixture
def clip():
    audio = np.int16(np.random.default_rng(0).standard_normal(20 * HOP) * 2000)
    return Clip("a & b", audio, np.zeros([20, 3], np.float32))


@pytest.fixture
def evaluation():
    found = bits.Bits(10.0, 4.0, 6.0, 4000)
    other = bits.Bits(10.1, 4.0, 6.1, 4000)
    trivial = bits.uniform_bits(4000), bits.Bits(12.0, 5.0, 7.0, 4000)
    voices = {"<run>": Echo(), "op": Echo()}
    return Evaluation(RATE, 1, voices, {"<run>": found, "op": other}, *trivial)


def test_comparison(clip, evaluation):
    steps = []
    (made,) = evaluate.compare(evaluation.voices, [clip], seed=7, progress=steps.append)
    assert list(made.tracks) == ["original", "<run>", "op"]
    assert (made.tracks["op"] == 7).all() and steps == [4000, 4000]
    assert made.checks["op"].peak == 7 / 32768
    assert evaluation.difference("op") == pytest.approx(1.0)
    assert evaluation.shown_difference("<run>") == ""


def test_excerpt(clip):
    cut = evaluate.excerpt(clip, 0.05, RATE)
    assert len(cut.mel) == 4 and len(cut.audio) == 4 * HOP
    assert len(evaluate.excerpt(clip, 1e-6, RATE).mel) == 1
    assert len(evaluate.excerpt(clip, 1e6, RATE).mel) == 20


def test_report_holds_everything_and_needs_nothing(clip, evaluation, tmp_path):
    made = evaluate.compare(evaluation.voices, [clip], seed=7)
    scores = {"total": 11.0}
    history = [
        {"step": s, "train": scores, "held_out": scores, "sparsity": {"R_u": s / 20}}
        for s in (10, 20)
    ]
    subscale = evaluation.voices["op"].info  # beside a plain voice
    subscale.sparsity, subscale.blocks = {"R_u": 0.96, "N_u": 0.5}, {"R_u": "16x1", "N_u": "4x4"}
    report.write(tmp_path / "out" / "report.html", evaluation, made, history)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "&lt;run&gt;" in page and "<run>" not in page and "a &amp; b" in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    for number in ("10.0000", "10.1000", "12.0000", "16.0000", "+1.0000 %", "96.00 % of 16x1"):
        assert number in page
    assert page.count("50.00 % of 4x4") == 1
    sounds = re.findall(r'src="data:audio/wav;base64,([^"]+)"', page)
    with wave.open(io.BytesIO(base64.b64decode(sounds[0]))) as file:
        assert file.getframerate() == RATE
        assert np.array_equal(np.frombuffer(file.readframes(10**6), "<i2"), clip.audio)
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(sounds) == 3 and len(images) == 2
    assert all(base64.b64decode(i).startswith(b"\x89PNG") for i in images)


def test_spectrogram_shows_what_is_there(tmp_path):
    """A tone is bright in the band of its frequency."""
    image = pytest.importorskip("matplotlib.image")
    tone = np.int16(8000 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE))
    pictures.spectrogram_png(tmp_path / "a.png", {"tone": tone}, RATE)
    pictures.spectrogram_png(tmp_path / "b.png", {"tone": tone, "again": tone}, RATE)
    one, two = image.imread(tmp_path / "a.png"), image.imread(tmp_path / "b.png")
    assert two.shape[0] > 1.5 * one.shape[0]
    bright = (one[..., 0] > 0.9) & (one[..., 2] < 0.85) & (one[..., 2] > 0.4)
    rows = np.flatnonzero(bright[:, one.shape[1] // 2])
    assert len(rows) and np.ptp(rows) < one.shape[0] // 4
