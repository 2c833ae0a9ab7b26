"""Measures of a whole curve that a bound can be put on: how much of it is finite, what it kept, where it ends."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Share of a curve that counts as its start, its end or one level in between, and the fewest points of one.
LEVEL_SHARE, MIN_POINTS = 0.1, 3


def finite_share(values: Floats) -> float:
    """Share of the values that are neither NaN nor infinite; NaN where there are none."""
    return float(np.isfinite(values).mean()) if len(values) else float("nan")


def levels(values: Floats) -> Floats:
    """Medians of consecutive tenths of a curve, of at least three points each where there are so many."""
    count = max(1, min(round(1 / LEVEL_SHARE), len(values) // MIN_POINTS))
    return np.array([median(part) for part in np.array_split(values, count) if len(part)])


def kept(values: Floats, *, higher: bool) -> float:
    """Share of a curve's gain that is left at its end: 1 where it ends at its best, 0 where it is back at its start.

    higher: whether higher values are better. NaN where the curve never gained, or where a level is not finite.
    """
    level = levels(values if higher else -values)
    if not len(level):
        return float("nan")
    gain = float(level.max() - level[0])
    return float(level[-1] - level[0]) / gain if gain > 0 else float("nan")


def end_over_start(values: Floats) -> float:
    """Median of the last tenth as a multiple of that of the first; NaN where the first is zero or below."""
    level = levels(values)
    return float(level[-1] / level[0]) if len(level) and level[0] > 0 else float("nan")
