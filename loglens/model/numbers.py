"""The one way in which all outputs write numbers: values, factors, growth, and counts.

A value has 4 significant digits, thousands are separated by commas ("6,950"), large and small ones are written as
1.2e8 and 1e-5, without the padding of Python's exponents.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from loglens.model.plain_text import safe
from loglens.stats.arrays import TINY

#: Significant digits of a value, and of a factor, which is an estimate.
DIGITS, FACTOR_DIGITS = 4, 3
#: From here on, and below here, a number has an exponent.
LARGE, SMALL = 1e6, 1e-4
#: Growth slower than to twice the size in so many steps is said as a doubling time.
FAST = 2.0


def number(value: Any, digits: int = DIGITS) -> str:
    """A value for people: so many significant digits, all of them before the decimal point, integers in full."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if not isinstance(value, float | np.floating):
        return safe(str(value))
    if not math.isfinite(value):
        return "NaN" if value != value else "Inf" if value > 0 else "-Inf"
    value = value + 0.0  # no "-0"
    rounded = float(f"{value:.{digits}g}")
    if value == 0 or SMALL <= abs(rounded) < LARGE:
        return f"{value:,.0f}" if abs(rounded) >= 10 ** min(digits - 1, 3) else f"{rounded:.{digits}g}"
    mantissa, exponent = f"{value:.{min(digits, FACTOR_DIGITS) - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"


def estimate(value: float) -> str:
    """A ratio with the digits that an estimate deserves: "1.05", "14.2", "2,570", "1.2e8"."""
    rounded = float(f"{value:.{FACTOR_DIGITS}g}")
    return number(rounded, FACTOR_DIGITS)


def fold(ratio: float) -> str:
    """How many times as large: "2,570-fold"."""
    return f"{estimate(ratio)}-fold"


def growth(rate: float, axis: str = "step") -> str:
    """Exponential growth by `rate` (natural logarithm) per step: "doubles every 14 steps", "grows 3.1-fold per step".

    A shrinking curve "halves every 14 steps" or "shrinks 3.1-fold per step".
    """
    time = math.log(2) / max(abs(rate), TINY)
    if time < FAST:
        return f"{'grows' if rate > 0 else 'shrinks'} {fold(math.exp(min(abs(rate), 700.0)))} per {axis}"
    return f"{'doubles' if rate > 0 else 'halves'} every {estimate(time)} {axis}s"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 run", "3 runs", "2,000 points"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
