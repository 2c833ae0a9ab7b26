"""Fit a curve that never falls."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats


def never_falling(value: Floats) -> Floats:
    """The curve that never falls and is nearest to n values in least squares, by pooling adjacent violators.

    Barlow, Bartholomew, Bremner and Brunk, Statistical Inference under Order Restrictions, 1972.
    """
    level: list[float] = []
    count: list[int] = []
    for one in value.tolist():
        level.append(one)
        count.append(1)
        while len(level) > 1 and level[-2] > level[-1]:
            both = count[-2] + count[-1]
            level[-2:] = [(level[-2] * count[-2] + level[-1] * count[-1]) / both]
            count[-2:] = [both]
    return np.repeat(np.array(level, np.float64), count)


def way_back(value: Floats) -> float:
    """Standard deviation of n values from the nearest curve that never falls: how far they fall back on their way."""
    return float(np.sqrt(np.mean((value - never_falling(value)) ** 2))) if len(value) else 0.0
