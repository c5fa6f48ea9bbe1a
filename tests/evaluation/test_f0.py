"""The pitch tracker, on tones whose pitch is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.sounds import RATE, harmonics, noise, noisy, speech
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import f0


@pytest.mark.parametrize("snr, within", [(None, 0.002), (20, 0.004), (10, 0.01)])
@pytest.mark.parametrize("hz", [80, 123.4, 220, 400])
def test_pitch_of_harmonics(hz, snr, within):
    found = f0.track(harmonics(hz, snr=snr), RATE)
    assert len(found) == 101
    assert np.mean(found > 0) > 0.95
    assert np.abs(found[found > 0] / hz - 1).max() < within


def test_rate_has_no_effect():
    for rate in (22050, 24000):
        found = f0.track(harmonics(200, rate=rate), rate)
        assert np.median(found) == pytest.approx(200, rel=2e-3)


def test_pitch_follows_a_glide():
    """From 100 Hz by an octave up in two seconds."""
    time = np.arange(2 * RATE) / RATE
    hz = 100 * 2 ** (time / 2)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    audio = np.int16(4000 * sum(np.sin(k * phase) / k for k in range(1, 20)))
    found = f0.track(audio, RATE)[2:-2]
    expected = 100 * 2 ** (np.arange(2, 2 + len(found)) * 0.01 / 2)
    assert np.abs(found / expected - 1).max() < 0.01


def test_noise_and_silence_are_unvoiced():
    assert np.mean(f0.track(noise(2.0), RATE) > 0) < 0.02
    assert not f0.track(np.zeros(RATE, np.int16), RATE).any()
    assert not f0.track(np.zeros(1, np.int16), RATE).any()
    with pytest.raises(WaveRNNError, match="at least one sample"):
        f0.track(np.zeros(0, np.int16), RATE)


def test_voicing_ends_where_the_tone_does():
    audio = np.concatenate([harmonics(150, 0.5), noise(0.5, 30)])
    found = f0.track(audio, RATE)
    assert (found[:48] > 0).all() and not found[53:].any()


def test_shares_by_hand():
    a = np.array([100.0, 100, 100, 100, 0, 0])
    b = np.array([100.0, 105.9, 106.1, 0, 100, 0, 77])
    assert f0.voiced_kept(a, b) == pytest.approx(75.0)
    assert f0.right(a, b) == pytest.approx(100 * 2 / 3)
    silent = np.zeros(6)
    assert (f0.voiced_kept(a, silent), f0.right(a, silent)) == (0.0, 0.0)
    assert f0.voiced_kept(silent, a) is None and f0.right(silent, a) is None


def test_speech():
    """A woman's voice; noise hides voiced frames, an octave of another pitch is wrong."""
    audio = speech()
    found = f0.track(audio, RATE)
    assert 0.4 < np.mean(found > 0) < 0.9
    assert 150 < np.median(found[found > 0]) < 250
    assert (f0.voiced_kept(found, found), f0.right(found, found)) == (100.0, 100.0)
    buried = f0.track(noisy(audio, 3000), RATE)
    assert f0.voiced_kept(found, buried) < 80
    assert f0.right(found, found * 2) == 0.0
