"""From where on a curve is one and the same number."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats


def still_from(value: Floats) -> int:
    """The index from which on every point equals the last one: n - 1 where the last step still moves, 0 for n < 2."""
    moves = np.flatnonzero(value[1:] != value[:-1])
    return int(moves[-1]) + 1 if len(moves) else 0


def is_rounded(value: Floats, digits: int = 6) -> bool:
    """Whether every value is one of so few significant digits: what stands still may move below them."""
    return all(float(f"{number:.{digits - 1}e}") == number for number in value.tolist())
