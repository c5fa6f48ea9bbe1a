"""Bits per sample, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wavernn_tf.config import SignalConfig
from wavernn_tf.errors import WaveRNNError
from wavernn_tf.evaluation import bits
from wavernn_tf.export import parity

PLAIN = SignalConfig(pre_emphasis=0.0, sample_offset=0)


class Half:
    """A voice that gives every byte one chance in two."""

    def score(self, mel, audio):
        return np.full([len(audio), 2], math.log(0.5), np.float32)


class Clip:
    mel = np.zeros([2, 3], np.float32)
    audio = np.zeros(20, np.int16)


def test_from_scores_by_hand():
    scores = np.log(np.array([[1 / 2, 1 / 8], [1 / 4, 1 / 16]], np.float32))
    found = bits.from_scores([scores[:1], scores[1:]])
    assert found.samples == 2
    assert found.coarse == pytest.approx((1 + 2) / 2, rel=1e-6)
    assert found.fine == pytest.approx((3 + 4) / 2, rel=1e-6)
    assert found.total == pytest.approx(5, rel=1e-6)


def test_long_sums_lose_nothing():
    scores = np.full([2_000_000, 2], -3.3, np.float32)
    exact = float(np.float32(3.3)) / math.log(2)
    assert bits.from_scores([scores]).fine == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("scores", [[], [np.full([1, 2], np.nan)], [np.full([1, 2], -np.inf)]])
def test_nothing_and_nonsense_are_refused(scores):
    with pytest.raises(WaveRNNError):
        bits.from_scores(scores)


def test_score_voice():
    steps = []
    found = bits.score_voice(Half(), [Clip(), Clip()], steps.append)
    assert (found.coarse, found.fine, found.samples) == pytest.approx((1.0, 1.0, 40), rel=1e-6)
    assert steps == [20, 20]


def test_uniform():
    assert bits.uniform_bits(3) == bits.Bits(16.0, 8.0, 8.0, 3)


def test_histogram_of_two_values():
    """Two equal heaps of one value each cost one bit, all of it where their bytes differ."""
    rng = np.random.default_rng(0)
    for apart, coarse, fine in ((256, 1.0, 0.0), (1, 0.0, 1.0)):
        audio = np.int16(rng.integers(0, 2, 60000) * apart)
        found = bits.histogram_bits([audio[:50000]], [audio[50000:]], PLAIN)
        assert found.samples == 10000
        assert found.coarse == pytest.approx(coarse, abs=2e-3)
        assert found.fine == pytest.approx(fine, abs=2e-3)


def test_histogram_of_uniform_noise_is_sixteen_bits():
    rng = np.random.default_rng(1)
    audio = rng.integers(-32768, 32768, 400_000).astype(np.int16)
    found = bits.histogram_bits([audio[:380_000]], [audio[380_000:]], PLAIN)
    assert 15.99 < found.total < 16.05


def test_histogram_reaches_the_entropy_of_a_known_density():
    """Gaussian samples, sigma = 1000: the entropy is log2(sigma sqrt(2 pi e))."""
    rng = np.random.default_rng(2)
    audio = np.int16(np.rint(rng.standard_normal(200_000) * 1000))
    entropy = math.log2(1000 * math.sqrt(2 * math.pi * math.e))
    found = bits.histogram_bits([audio[:180_000]], [audio[180_000:]], PLAIN)
    assert entropy - 0.02 < found.total < entropy + 0.03


def test_histogram_counts_what_the_network_predicts():
    """A constant signal is all zeros after pre-emphasis by nearly 1, but for its first sample."""
    audio = np.full(20000, 1000, np.int16)
    config = SignalConfig(pre_emphasis=0.999, sample_offset=128)
    assert bits.histogram_bits([audio], [audio], config).total < 0.02


def test_unseen_values_have_mass_and_probabilities_sum_to_one():
    counts = np.zeros(65536, int)
    counts[[5, 300]] = [10, 20]
    for width in (1, 3, 243):
        model = bits._smooth(counts, width, 1e-4)
        assert model.min() > 0
        assert model.sum() == pytest.approx(1, rel=1e-12)
    assert bits._smooth(counts, 1, 1e-4).argmax() == 300
    loud, quiet = np.full(100, 30000, np.int16), np.zeros(1000, np.int16)
    assert 16 < bits.histogram_bits([quiet], [loud], PLAIN).total < 64


@pytest.mark.parametrize(
    "weight_type, allowed, advice",
    [
        ("float32", 0.01, "report"),  # 0.1 %
        ("bfloat16", 0.005, "--weights float32"),
        ("int16", 0.005, "--weights float32"),
        ("int8", 0.03, "--weights int16, bfloat16 or float32"),
    ],
)
def test_parity(weight_type, allowed, advice):
    assert parity.limit(10.0, weight_type) == pytest.approx(allowed)
    for sign in (-1, 1):
        passed = parity.check(10.0, 10.0 + 0.9 * sign * allowed, weight_type)
        assert passed == pytest.approx(0.9 * allowed)
    message = f"Keras gives 10.000000 .*{weight_type} weights .*allowed: {allowed}.*{advice}"
    for wrong in (10 + 1.1 * allowed, 10 - 1.1 * allowed, math.nan, math.inf):
        with pytest.raises(WaveRNNError, match=message):
            parity.check(10.0, wrong, weight_type)
