"""How deep and how long a curve fell before it came back."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Floats


def deepest_dip(level: Floats) -> float:
    """How deep a curve ever fell below what it had reached. level: n >= 1 values."""
    return float((np.maximum.accumulate(level) - level).max())


def outlasts(below: NDArray[np.bool_], good: NDArray[np.bool_]) -> bool:
    """Whether the last stretch below is twice as long as any that came between two good points.

    below, good: equal length, which points are too low, and which are as good as the best.
    """
    after_good = below[int(np.argmax(good)) :]
    stretches = [len(list(stretch)) for is_below, stretch in groupby(after_good.tolist()) if is_below]
    if not stretches or not after_good[-1]:
        return False
    *before, last = stretches
    return last >= 2 * max(before, default=0)
