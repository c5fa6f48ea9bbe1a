"""Pitch: targets on tones, posteriors, lags."""

import numpy as np
import pytest
import tensorflow as tf

from wavernn_tf.generation import predictors
from wavernn_tf.prediction import pitch

RATE = 16000


def tone(frequency, seconds=0.5, rate=RATE, partials=8, amplitude=3000):
    t = np.arange(int(seconds * rate)) / rate
    parts = [np.cos(2 * np.pi * frequency * k * t + k) / k for k in range(1, partials + 1)]
    return np.rint(amplitude * np.sum(parts, axis=0)).astype(np.int16)


@pytest.mark.parametrize("rate, hop", [(16000, 200), (22050, 256), (24000, 300)])
@pytest.mark.parametrize("frequency", [72, 85, 110, 147, 200, 263, 331, 395])
def test_targets_of_tones_are_within_three_percent(frequency, rate, hop):
    audio = tone(frequency, rate=rate)
    found = pitch.frequencies(pitch.targets(audio, rate, hop), rate)
    assert len(found) == -(-len(audio) // hop)
    inner = found[3:-5]  # the windows of the others reach beyond the tone
    np.testing.assert_allclose(inner, frequency, rtol=0.03)


def test_noise_and_silence_are_unvoiced():
    noise = np.random.default_rng(0).standard_normal(RATE) * 1000
    assert np.mean(pitch.targets(noise.astype(np.int16), RATE, 200) == pitch.VOICED) > 0.9
    assert np.all(pitch.targets(np.zeros(RATE, np.int16), RATE, 200) == pitch.VOICED)
    assert np.all(pitch.targets(tone(120, amplitude=2), RATE, 200) == pitch.VOICED)


def test_a_frame_is_the_one_around_its_samples():
    """A tone in the second half of a recording is voiced there, and only there."""
    audio = np.concatenate([np.zeros(8000, np.int16), tone(150)])
    voiced = pitch.targets(audio, RATE, 200) < pitch.VOICED
    assert not voiced[:38].any() and voiced[43:75].all()


def test_a_given_frequency_comes_back_as_its_lag():
    for frequency in (70.0, 81.3, 150.0, 399.0):
        q = pitch.from_frequency(np.full(3, frequency), RATE)
        assert np.count_nonzero(q[0]) <= 2
        np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-6)
        np.testing.assert_allclose(pitch.lags(q, 4, RATE), RATE / frequency, atol=0.6)


def test_beyond_the_scale_the_nearest_class_is_taken():
    q = pitch.from_frequency([20.0, 1000.0, 0.0, -1.0], RATE)
    assert np.argmax(q, axis=1).tolist() == [63, 0, 64, 64]
    assert q.max(axis=1).tolist() == [1, 1, 1, 1]


def test_lags_are_interpolated_between_the_frames_centres():
    """Frames of lags 50 and 200, two steps each: a quarter of the way on a logarithmic scale."""
    q = pitch.from_frequency(RATE / np.array([50.0, 50.0, 200.0, 200.0]), RATE)
    got = pitch.lags(q, 2, RATE)
    expected = [50, 50 * 4**0.25, 50 * 4**0.75, 200]
    np.testing.assert_allclose(got, expected, atol=0.6)
    assert pitch.lags(q, 1, RATE).tolist() == [50, 200]


def test_voicing_is_interpolated_too():
    q = pitch.from_frequency([0.0, 0.0, 100.0, 100.0], RATE)
    np.testing.assert_allclose(pitch.voicing(q, 2), [0, 0.25, 0.75, 1])


def test_far_classes_do_not_move_the_lag():
    q = np.zeros([3, pitch.CLASSES])
    q[:, 10], q[:, 12], q[:, 40] = 0.5, 0.1, 0.4
    lag = np.exp(
        (0.5 * np.log(pitch.class_lags(RATE)[10]) + 0.1 * np.log(pitch.class_lags(RATE)[12])) / 0.6
    )
    assert pitch.lags(q, 1, RATE)[0] == round(lag)


def test_the_tensorflow_twins():
    rng = np.random.default_rng(0)
    frequency = np.where(rng.random(200) < 0.3, 0, rng.uniform(60, 420, 200)).astype(np.float32)
    given = pitch.from_frequency(frequency, RATE)
    np.testing.assert_allclose(predictors.from_frequency(frequency, RATE), given, atol=1e-6)
    soft = tf.nn.softmax(3 * rng.standard_normal([200, 65])).numpy()
    for q in (given, soft):
        expected = pitch.lags(q, 4, RATE)
        assert np.ptp(expected) > 100
        difference = np.abs(predictors.lags(tf.constant(q[None]), 4, RATE)[0] - expected)
        assert difference.max() <= 1 and difference.mean() < 0.01


def test_the_estimator_in_numpy_and_tensorflow():
    rng = np.random.default_rng(1)
    sizes = [(5, 12, 16), (1, 16, 16), (1, 16, 65)]
    layers = [
        (
            rng.standard_normal(s).astype(np.float32) / 3,
            rng.standard_normal(s[2]).astype(np.float32),
        )
        for s in sizes
    ]
    mel = rng.standard_normal([20, 12]).astype(np.float32)
    q = pitch.estimate(mel, layers)
    assert q.shape == (16, 65)
    np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(predictors.estimate(mel[None], layers)[0], q, atol=1e-6)
    layers[1][0][0, 3] += 0.1
    assert np.abs(pitch.estimate(mel, layers) - q).max() > 1e-4
