"""Reduce a curve to the columns of a plot, and scale its values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.model.series import Series
from loglens.stats.arrays import Floats

#: A curve that spans more than this ratio is drawn on a logarithmic scale.
LOG_RATIO = 100.0
#: An axis spans at least this share of the level of its curve, so that a flat curve looks flat.
MIN_SPAN = 0.05


class Buckets(NamedTuple):
    """A curve in columns: lowest, highest, first and last finite value of each (NaN: none), and whether
    a value in it is not finite."""

    low: Floats
    high: Floats
    first: Floats
    last: Floats
    bad: NDArray[np.bool_]


class Scale(NamedTuple):
    """A linear or logarithmic scale from values to 0..1; the logarithmic one puts values <= 0 at the bottom."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, values: Floats) -> Scale:
        finite = values[np.isfinite(values)]
        if not len(finite):
            return cls(0.0, 0.0, False)
        low, high, positive = float(finite.min()), float(finite.max()), finite[finite > 0]
        log = low >= 0 and len(positive) > 0 and high > LOG_RATIO * float(positive.min())
        if log:
            return cls(float(positive.min()), high, True)
        lacking = MIN_SPAN * max(abs(low), abs(high)) - (high - low)
        if 0 < lacking < MIN_SPAN * max(abs(low), abs(high)):  # a constant has no span at all, and stays so
            low, high = low - lacking / 2, high + lacking / 2
        return cls(low, high, False)

    def __call__(self, values: Floats) -> Floats:
        if self.high <= self.low:
            return np.where(np.isfinite(values), 0.5, np.nan)
        if self.log:
            values = np.where(values > 0, values, np.where(np.isfinite(values), self.low, np.nan))
            low, high = float(np.log(self.low)), float(np.log(self.high))
            return np.asarray((np.log(values) - low) / (high - low))
        unit = max(abs(self.low), abs(self.high))  # so that a range over all floats can't overflow
        return np.asarray((values / unit - self.low / unit) / (self.high / unit - self.low / unit))


def columns(step: NDArray[np.int64], span: tuple[int, int], width: int) -> NDArray[np.intp]:
    """The column that each step falls into; the first step is in column 0, the last in the last one."""
    first, last = float(span[0]), float(span[1])
    share = (step.astype(np.float64) - first) / max(last - first, 1.0)
    return np.clip(np.rint(share * (width - 1)), 0, width - 1).astype(np.intp)


def buckets(curve: Series, width: int) -> Buckets:
    """The curve in `width` columns of equal numbers of steps."""
    where = columns(curve.step, _span(curve), width)
    finite = np.isfinite(curve.value)
    at, value = where[finite], curve.value[finite]
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    np.minimum.at(low, at, value)
    np.maximum.at(high, at, value)
    first, last = np.full(width, np.nan), np.full(width, np.nan)
    last[at] = value
    first[at[::-1]] = value[::-1]
    bad = np.zeros(width, np.bool_)
    bad[where[~finite]] = True
    empty = np.isinf(low)
    low[empty], high[empty] = np.nan, np.nan
    return Buckets(low, high, first, last, bad)


def _span(curve: Series) -> tuple[int, int]:
    return (int(curve.step[0]), int(curve.step[-1])) if len(curve) else (0, 0)
