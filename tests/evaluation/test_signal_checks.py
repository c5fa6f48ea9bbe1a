"""Signal checks against signals whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from wavernn_tf.evaluation import signal_checks

RATE = 16000


def sine(seconds=1.0, amplitude=8192.0, hz=200.0):
    return np.int16(amplitude * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE))


def test_levels():
    found = signal_checks.measure(sine(), RATE)
    assert found.peak == pytest.approx(0.25, abs=1e-4)
    assert found.rms_dbfs == pytest.approx(20 * np.log10(0.25 / np.sqrt(2)), abs=0.01)
    assert found.clipped == 0 and found.silence_dbfs is None


def test_clipped_share():
    audio = np.zeros(100, np.int16)
    audio[:3], audio[3] = 32767, -32768
    assert signal_checks.measure(audio, RATE).clipped == pytest.approx(0.04)


def test_noise_is_measured_where_the_original_is_silent():
    original = np.concatenate([sine(0.5), np.zeros(RATE // 2, np.int16)])
    silent = signal_checks.silent_frames(original, RATE)
    assert silent.sum() == 25 and silent[25:].all()
    noise = np.int16(np.random.default_rng(0).integers(-100, 101, RATE))
    found = signal_checks.measure(np.int16(original + noise), RATE, silent)
    expected = 20 * np.log10(np.sqrt((200**2 + 2 * 200) / 12) / 32768)
    assert found.silence_dbfs == pytest.approx(expected, abs=0.2)
    shorter = signal_checks.measure(original[:4000], RATE, silent)
    assert shorter.silence_dbfs is None  # no silent frame is that early


def test_a_click_is_found_where_it_is():
    audio = sine()
    smooth = signal_checks.measure(audio, RATE).click
    audio[7000] += 3000
    found = signal_checks.measure(audio, RATE)
    assert found.click > 10 * smooth and found.click > 100
    assert found.click_at == pytest.approx(7000 / RATE, abs=1 / RATE)


def test_noise_and_tiny_signals_have_no_click():
    noise = np.int16(np.random.default_rng(0).standard_normal(RATE) * 1000)
    assert signal_checks.measure(noise, RATE).click < 7
    for length in (1, 2, 3, 50):
        assert np.isfinite(signal_checks.measure(np.ones(length, np.int16), RATE).click)
