"""The arrays that everything works on: one axis, one entry a point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Smaller sizes count as this one where they divide: far below what any loss is, and its inverse is still a float64.
TINY = 1e-300
#: exp overflows float64 at 709.8.
LARGEST_EXPONENT = 700.0

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def relative(change: float, level: float) -> float:
    """A change as a share of the size of a level; vast where the level is zero."""
    return change / max(abs(level), TINY)


def safe_exp(exponent: float) -> float:
    """The exponential of a number, vast but finite where it would overflow."""
    return float(np.exp(min(exponent, LARGEST_EXPONENT)))
