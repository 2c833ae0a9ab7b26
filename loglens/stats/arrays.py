"""Array types (one axis, one entry a point), and arithmetic that neither divides by zero nor overflows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Smallest divisor: far below any loss, and its inverse is still a finite float64.
TINY = 1e-300
#: exp overflows float64 at 709.8.
MAX_EXPONENT = 700.0

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def relative(change: float, level: float) -> float:
    """A change relative to the size of a level; very large, but finite, where the level is zero."""
    return change / max(abs(level), TINY)


def safe_exp(exponent: float) -> float:
    """exp of a number; very large, but finite, where it would overflow."""
    return float(np.exp(min(exponent, MAX_EXPONENT)))
