"""A statistic with its 95 % interval (numpy only)."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Optional, Sequence

import numpy as np

_RESAMPLES = 2000
_STATISTICS: Dict[str, Any] = {"median": np.median, "mean": np.mean}


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A statistic of a sample.

    Attributes:
      value: of the sample.
      low: lower end of the 95 % interval.
      high: upper end.
      count: how many values it rests on.
    """

    value: float
    low: float
    high: float
    count: int

    def as_dict(self) -> Dict[str, Any]:
        """A plain mapping, for JSON."""
        return dataclasses.asdict(self)


def estimate(
    values: Sequence[Optional[float]], statistic: str = "median", seed: int = 0
) -> Optional[Estimate]:
    """Median or mean, with the percentile bootstrap's interval.

    Args:
      values: None is left out.
      statistic: "median" or "mean".
      seed: of the resampling; the same values and seed give the same interval.

    Returns:
      The estimate; None if no value is left.
    """
    x = np.array([v for v in values if v is not None], np.float64)
    if not len(x):
        return None
    of = _STATISTICS[statistic]
    rng = np.random.default_rng(seed)
    drawn = of(x[rng.integers(0, len(x), [_RESAMPLES, len(x)])], axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(of(x)), float(low), float(high), len(x))
