"""Curves that are averages of all values so far."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Fewer points show no course of an average.
MIN_POINTS = 8
#: An average that begins at 0 starts below this share of the level that it climbs to.
LOW_START = 0.2


def is_climbing_average(value: Floats) -> bool:
    """Whether a curve is an average that starts at 0 and climbs to its level, ever more slowly.

    value: finite points. An average of all values so far, begun at 0, cannot jump: its moves shrink. What
    diverges moves more the later it is, and single batches move by a good part of their level to the end.
    """
    if len(value) < MIN_POINTS or not 0 <= value[0] < LOW_START * median(value[-3:]):
        return False
    moves = np.abs(np.diff(value))
    quarter = max(1, len(moves) // 4)
    if median(moves[-quarter:]) > LOW_START * median(value[-3:]):
        return False
    return bool(moves[:quarter].max() >= moves.max() and median(moves[:quarter]) > 2 * median(moves[-quarter:]))
