"""Every measure: perfect for the original against itself, worse with noise, absent extras told."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.helpers.sounds import RATE, harmonics, needs, noise, noisy, speech
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import (
    intrusive,
    log_mel,
    measures,
    mos,
    packages,
    recognition,
    signal_checks,
)
from wavernn_tf.evaluation.measures import Pair, Track

EXTRA = {
    "mos": ("torch", "distillmos"),
    "pesq": ("pesq",),
    "stoi": ("pystoi",),
    "words": ("pocketsphinx",),
}
PERFECT = {"pesq": 4.64, "stoi": 1.0, "log_mel": 0.0, "voiced": 100.0, "f0": 100.0, "words": 100.0}


def of(key, original, copy):
    (measure,) = [m for m in measures.MEASURES if m.key == key]
    return measure.of(Pair(Track(original), Track(copy)))


@pytest.mark.parametrize("key", [pytest.param(k, marks=needs(*EXTRA.get(k, ()))) for k in PERFECT])
def test_the_original_is_perfect(key):
    assert of(key, speech(), speech()) == pytest.approx(PERFECT[key], abs=0.005)


@pytest.mark.parametrize(
    "measure",
    [
        pytest.param(m, marks=needs(*EXTRA.get(m.key, ())), id=m.key)
        for m in measures.MEASURES
        if m.key != "clicks"
    ],
)
def test_noise_makes_it_worse(measure):
    audio = speech()
    level = 3000 if measure.key in ("voiced", "f0", "words") else 600
    same = measure.of(Pair(Track(audio), Track(audio)))
    worse = measure.of(Pair(Track(audio), Track(noisy(audio, level))))
    rises = measure.key in ("log_mel", "pauses")
    assert worse > same + 1 if rises else worse < same - 0.01


@pytest.mark.parametrize(
    "key", [pytest.param(m.key, marks=needs(*EXTRA.get(m.key, ()))) for m in measures.MEASURES]
)
@pytest.mark.parametrize(
    "audio",
    [np.zeros(RATE, np.int16), np.ones(10, np.int16), noise(0.05)],
    ids=["silence", "ten samples", "short noise"],
)
def test_nothing_to_measure_is_no_failure(key, audio):
    found = of(key, audio, audio)
    assert found is None or np.isfinite(found)


def test_log_mel_distance_of_a_gain():
    """Twice the amplitude is 6 dB in every band that is not below the floor."""
    audio = noise(1.0, 1000)
    assert log_mel.distance(audio, audio * 2, RATE) == pytest.approx(20 * np.log10(2), abs=0.01)
    quiet = np.zeros_like(audio)
    assert 40 < log_mel.distance(audio, quiet, RATE) < log_mel.RANGE_DB
    with pytest.raises(WaveRNNError, match="at least one sample"):
        log_mel.distance(audio, audio[:0], RATE)


def test_clicks_are_counted():
    audio = np.int16(noise(60.0, 20) + harmonics(200, 60.0, up_to=600) // 2)
    assert signal_checks.clicks(audio, RATE) == 0
    at = np.arange(1, 31) * 2 * RATE - 500
    clicked = audio.copy()
    clicked[at] += 4000
    assert signal_checks.clicks(clicked, RATE) == 30
    clicked[at + 2] += 4000  # of the same click
    assert signal_checks.clicks(clicked, RATE) == 30
    assert of("clicks", audio, clicked) == pytest.approx(30.0)
    for short in (0, 1, 2, 3):
        assert signal_checks.clicks(np.zeros(short, np.int16), RATE) == 0


def test_pauses():
    audio = np.concatenate([harmonics(200, 0.5), np.zeros(RATE // 2, np.int16)])
    assert of("pauses", audio, audio) == pytest.approx(-120)
    rms = 50 / 32768
    assert of("pauses", audio, noisy(audio, 50)) == pytest.approx(20 * np.log10(rms), abs=0.3)
    assert of("pauses", harmonics(200), harmonics(200)) is None


def test_agreement_by_hand():
    words = "press one to switch".split()
    assert recognition.agreement(words, words) == 100
    assert recognition.agreement(words, "press nine to switch".split()) == 75
    assert recognition.agreement(words, "press to switch".split()) == 75
    assert recognition.agreement(words, "press one to to switch".split()) == 75
    assert recognition.agreement(words, []) == 0
    assert recognition.agreement(words, ["oh"] * 9) == 0
    assert recognition.agreement([], words) is None


@needs("pocketsphinx")
def test_words_are_heard_whatever_came_before():
    first = recognition.words(speech("en_vm-intro"))
    assert {"message", "mailbox"} & set(first) and len(first) > 8
    recognition.words(noise(1.0))
    assert recognition.words(speech("en_vm-intro")) == first


@needs("torch", "distillmos")
def test_distill_mos(capsys):
    """Recordings get 4 and more, noise little; the level has no effect, nor does the order."""
    clip = speech("en_vm-intro")
    good = mos.distill_mos(clip)
    assert good > 4 and mos.distill_mos(noise(8.0)) < 2
    assert mos.distill_mos(clip // 2) == pytest.approx(good, abs=0.05)
    assert mos.distill_mos(clip) == good
    assert not capsys.readouterr().out
    assert "torchaudio" not in sys.modules or sys.modules["torchaudio"].__file__
    with pytest.raises(WaveRNNError, match="at least 0.1 s"):
        mos.distill_mos(clip[:100])


def test_missing_packages_are_named(monkeypatch):
    mos._model.cache_clear()
    recognition._decoder.cache_clear()
    for name in ("torch", "pesq", "pystoi", "pocketsphinx"):
        monkeypatch.setitem(sys.modules, name, None)
    kept, left_out = measures.choose()
    assert {m.key for m in measures.MEASURES} - {m.key for m in kept} == set(EXTRA)
    assert len(left_out) == len(EXTRA)
    for message, what in zip(left_out, ("DistillMOS", "PESQ", "STOI", "The share of words")):
        assert message.startswith(f"{what} is not measured") and "wavernn-tf[quality]" in message
    with pytest.raises(packages.MissingPackage, match="pesq"):
        intrusive.pesq_wb(speech(), speech())
    with pytest.raises(WaveRNNError, match=r"Nothing is left.*DistillMOS.*\[quality\]"):
        measures.choose(["mos", "pesq"])


def test_choice():
    kept, _ = measures.choose(["f0", "hnr", "log_mel"])
    assert [m.key for m in kept] == ["log_mel", "f0", "hnr"]
    with pytest.raises(WaveRNNError, match="Unknown measure 'mso'; there are mos, pesq"):
        measures.choose(["mso"])
    with pytest.raises(WaveRNNError, match="Nothing is left.*'ru'"):
        measures.choose(["words"], "ru")
