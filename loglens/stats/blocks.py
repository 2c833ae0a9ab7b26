"""Reduce a curve to a few dozen block medians: robust against spikes, O(n), hardly autocorrelated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median, row_medians

#: A normal distribution's standard deviation is this multiple of its median absolute deviation.
MAD_TO_SD = 1.4826
#: A median of m independent normal points has this multiple of the standard error of their mean: sqrt(pi / 2).
MEDIAN_ERROR = 1.25


@dataclass(frozen=True, slots=True)
class Blocks:
    """Consecutive blocks of about equal size: arrays of one entry a block.

    x: middle position. level: median value. start: index of the block's first point in the curve.
    """

    x: Floats
    level: Floats
    start: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.level)


def blocks(x: NDArray[np.generic], value: Floats, *, max_blocks: int = 50, min_points: int = 3) -> Blocks:
    """Compute medians over at most `max_blocks` consecutive blocks of at least `min_points` points each.

    x and value: equal length n >= 1, finite. A curve shorter than two blocks is one block a point.
    """
    n = len(value)
    count = max(1, min(max_blocks, n // min_points))
    if count < 2:
        count = n
    edges = np.linspace(0, n, count + 1).round().astype(np.intp)
    start, size = edges[:-1], np.diff(edges)
    middle = x[start + (size - 1) // 2].astype(np.float64)
    level = np.empty(count)
    for length in set(size.tolist()):  # one, or two that follow each other
        alike = np.flatnonzero(size == length)
        level[alike] = row_medians(value[start[alike, None] + np.arange(length)])
    return Blocks(middle, level, start)


def noise(value: Floats) -> float:
    """Estimate the standard deviation of the point-to-point noise, robust against trends, steps and spikes.

    From the median absolute second difference, which a straight trend leaves at zero; a second
    difference of independent points has six times their variance (Gasser, Sroka and Jennen-Steinmetz
    1986, Biometrika 73:625).
    """
    if len(value) < 4:
        return 0.0
    return float(MAD_TO_SD * median(np.abs(np.diff(value, 2))) / np.sqrt(6.0))


def spread(value: Floats) -> float:
    """Estimate the standard deviation from the median absolute deviation."""
    return float(MAD_TO_SD * median(np.abs(value - median(value)))) if len(value) else 0.0
