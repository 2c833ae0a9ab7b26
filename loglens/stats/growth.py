"""Fit exponential growth: rate, confidence interval, and the step at which it would overflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from loglens.stats.arrays import Floats, Ints
from loglens.stats.blocks import blocks
from loglens.stats.trend import Trend, trend

LN_FLOAT32_MAX = float(np.log(np.finfo(np.float32).max))


class Growth(NamedTuple):
    """A log-linear fit ln(value) = a + rate * step over the points from index `start` on.

    rate, low, high: per step, with the confidence interval. factor: growth over the whole window.
    doubling: steps in which the value doubles. overflow_step: where float32 overflows if it continues.
    """

    start: int
    points: int
    rate: float
    low: float
    high: float
    r2: float
    t: float
    factor: float
    doubling: float
    overflow_step: float

    def evidence(self) -> dict[str, float]:
        """The numbers that a report shows, the rates as factors per step."""
        return {
            "growth_per_step": float(np.exp(self.rate)),
            "growth_per_step_low": float(np.exp(self.low)),
            "growth_per_step_high": float(np.exp(self.high)),
            "growth_factor": self.factor,
            "doubling_steps": self.doubling,
            "overflow_step": self.overflow_step,
            "r2": self.r2,
        }


def fit_growth(step: Ints, value: Floats, start: int = 0) -> Growth | None:
    """Fit ln(value) = a + rate * step from point `start` to the end; None where fewer than 8 values are positive.

    step, value: equal length, value finite. Fitted by Theil-Sen on block medians, so that a few
    spikes do not make a trend; the interval allows for autocorrelation (see `trend`).
    """
    window, level = step[start:].astype(np.float64), value[start:]
    positive = level > 0
    if np.count_nonzero(positive) < 8:
        return None
    window, log = window[positive], np.log(level[positive])
    block = blocks(window, log, max_blocks=50, min_points=1 if len(log) < 50 else 2)
    line: Trend = trend(block.x, block.level)
    span = float(window[-1] - window[0])
    end = line.intercept + line.slope * float(window[-1])
    return Growth(
        start=start,
        points=len(log),
        rate=line.slope,
        low=line.low,
        high=line.high,
        r2=line.r2,
        t=line.t,
        factor=float(np.exp(min(line.slope * span, 700.0))),
        doubling=float(np.log(2) / line.slope) if line.slope else float("inf"),
        overflow_step=float(window[-1] + (LN_FLOAT32_MAX - end) / line.slope) if line.slope > 0 else float("inf"),
    )


def trailing_fits(step: Ints, value: Floats, min_points: int = 20) -> Iterator[Growth]:
    """Yield fits over trailing windows: the last 20, 40, 80 ... points up to the whole curve, shortest first."""
    n, size = len(value), min_points
    while size < n:
        if fit := fit_growth(step, value, n - size):
            yield fit
        size *= 2
    if n >= min_points and (fit := fit_growth(step, value)):
        yield fit
