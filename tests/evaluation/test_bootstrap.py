"""Medians, means and their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from wavernn_tf.evaluation import bootstrap


def test_values_by_hand():
    found = bootstrap.estimate([3.0, None, 1.0, 2.0, 10.0])
    assert (found.value, found.count) == (2.5, 4)
    assert found.low >= 1.0 and found.high <= 10.0
    assert bootstrap.estimate([3.0, 1.0, 2.0, 10.0], "mean").value == 4.0
    assert bootstrap.estimate([None, None]) is None and bootstrap.estimate([]) is None
    assert bootstrap.estimate([2.0]) == bootstrap.Estimate(2.0, 2.0, 2.0, 1)


def test_seed():
    values = list(np.random.default_rng(0).standard_normal(30))
    assert bootstrap.estimate(values, seed=1) == bootstrap.estimate(values, seed=1)
    assert bootstrap.estimate(values, seed=1) != bootstrap.estimate(values, seed=2)


@pytest.mark.parametrize("statistic", ["median", "mean"])
def test_interval_holds_the_truth_nearly_always(statistic):
    """Of 200 samples of 25 normal values, 95 % of the intervals hold 0: 190 of them, give or take
    three standard deviations of 3.1, and some for the bootstrap being too narrow at 25 values."""
    rng = np.random.default_rng(0)
    held, widths = 0, []
    for n in range(200):
        found = bootstrap.estimate(list(rng.standard_normal(25)), statistic, seed=n)
        held += found.low <= 0 <= found.high
        widths.append(found.high - found.low)
    assert 174 <= held < 200
    expected = 2 * 1.96 * {"mean": 1.0, "median": 1.2533}[statistic] / 5
    assert np.mean(widths) == pytest.approx(expected, rel=0.2)
