"""Harmonics-to-noise ratios, of tones in noise of a known level."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.sounds import RATE, harmonics, noise, noisy, speech
from wavernn_tf.evaluation import autocorrelation, f0, periodicity


def pitch(hz, seconds=1.0):
    return np.full(int(seconds * 100) + 1, float(hz))


@pytest.mark.parametrize("hz", [90, 150, 300])
@pytest.mark.parametrize("snr", [0, 10, 20])
def test_hnr_is_the_ratio_of_powers(hz, snr):
    found = periodicity.hnr(harmonics(hz, 2.0, snr=snr), pitch(hz, 2.0), RATE)
    assert found["all"] == pytest.approx(snr, abs=0.8)


@pytest.mark.parametrize("label, band", [(k, b) for k, b in periodicity.BANDS.items() if b])
def test_a_band_sees_its_own_noise_alone(label, band):
    """Noise in one band takes from that band, to the ratio of powers there."""
    hz, seconds = 200.0, 2.0
    clean = harmonics(hz, seconds).astype(np.float64)
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(len(clean)))
    frequencies = np.fft.rfftfreq(len(clean), 1 / RATE)
    inside = (frequencies >= band[0]) & (frequencies < band[1])
    share = np.fft.irfft(np.where(inside, np.fft.rfft(clean), 0)).std()
    hiss = np.fft.irfft(np.where(inside, spectrum, 0))
    audio = np.int16(np.rint(clean + hiss * share / hiss.std() * 10 ** (-10 / 20)))
    found = periodicity.hnr(audio, pitch(hz, seconds), RATE)
    before = periodicity.hnr(np.int16(clean), pitch(hz, seconds), RATE)
    assert found[label] == pytest.approx(10, abs=1.5)
    for other in ("0-1 kHz", "1-2 kHz", "2-4 kHz", "4-8 kHz"):
        assert before[other] > 20
        if other != label:
            assert found[other] > 18


def test_noise_has_none():
    found = periodicity.hnr(noise(2.0), pitch(150, 2.0), RATE)
    assert all(value < -5 for value in found.values())


def test_pure_tone_and_bounds():
    found = periodicity.hnr(harmonics(200), pitch(200), RATE)
    assert 25 < found["all"] <= 40.001
    silent = periodicity.hnr(np.zeros(RATE, np.int16), pitch(200), RATE)
    assert all(value == pytest.approx(-20, abs=0.1) for value in silent.values())


def test_nothing_voiced_and_narrow_signals():
    assert set(periodicity.hnr(noise(), np.zeros(101), RATE).values()) == {None}
    low = periodicity.hnr(harmonics(200, up_to=3900, rate=8000), pitch(200), 8000)
    assert low["4-8 kHz"] is None and low["2-4 kHz"] > 15


def test_another_pitch_is_no_harmony():
    """A tone a third higher than the original is not periodic at the original's pitch."""
    off = periodicity.hnr(harmonics(260), pitch(200), RATE)["all"]
    assert off < periodicity.hnr(harmonics(205), pitch(200), RATE)["all"] - 20


def test_speech_loses_by_noise():
    audio = speech()
    track = f0.track(audio, RATE)
    clean = periodicity.hnr(audio, track, RATE)
    worse = periodicity.hnr(noisy(audio, 600), track, RATE)
    assert 8 < clean["all"] < 25
    assert all(worse[k] < clean[k] for k in clean)
    assert worse["all"] < clean["all"] - 3


def test_autocorrelation_of_a_cosine():
    """It is the cosine of the lag, whatever the resolution."""
    time = np.arange(RATE) / RATE
    audio = np.int16(8000 * np.cos(2 * np.pi * 500 * time))
    x = autocorrelation.frames(audio, RATE)[10:-10]
    for finer in (1, 4):
        r = autocorrelation.normalised(x, 160, finer)
        lags = np.arange(r.shape[1]) / (finer * RATE)
        assert r.shape[1] == 160 * finer + 1
        assert np.abs(r - np.cos(2 * np.pi * 500 * lags)).max() < 0.03
