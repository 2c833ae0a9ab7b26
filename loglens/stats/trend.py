"""Fit a robust trend, and test whether a curve rises or falls by more than its noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.blocks import MAD_TO_SD
from loglens.stats.probability import binomial_tail, student_quantile
from loglens.stats.quantiles import median


class Trend(NamedTuple):
    """A straight line through a curve.

    slope: y per x, with its confidence interval low..high. r2: share of the (robust) variance that
    the line explains. rho: lag-1 autocorrelation of the residuals. t: slope over its standard error.
    """

    slope: float
    intercept: float
    low: float
    high: float
    r2: float
    rho: float
    t: float


def trend(x: Floats, y: Floats, *, confidence: float = 0.99) -> Trend:
    """Fit a Theil-Sen line with a confidence interval that allows for autocorrelation.

    x, y: n >= 4 finite values, x rising; n^2/2 slopes are formed, so pass block medians of a long
    curve. The slope is the median of all pairwise slopes (Sen 1968, JASA 63:1379), breakdown 29 %.
    Its standard error is that of least squares with a robust residual scale, widened by
    sqrt((1+rho)/(1-rho)) for AR(1) residuals with lag-1 correlation rho > 0 (Bayley and Hammersley
    1946), with as many fewer degrees of freedom.
    """
    n = len(x)
    i, j = np.triu_indices(n, 1)
    run = x[j] - x[i]
    apart = run > 0
    slope = float(median((y[j] - y[i])[apart] / run[apart])) if apart.any() else 0.0
    intercept = float(median(y - slope * x))
    residual = y - slope * x - intercept
    scale = _scale(residual)
    total = _scale(y - median(y))
    rho = _lag_one(residual)
    effective = max(3.0, n * (1 - rho) / (1 + rho))
    spread_x = float(np.sum((x - x.mean()) ** 2))
    error = scale / np.sqrt(spread_x) * np.sqrt((1 + rho) / (1 - rho)) if spread_x else np.inf
    reach = student_quantile(effective - 2, 0.5 + confidence / 2) * error
    r2 = 1.0 - (scale / total) ** 2 if total else 0.0
    t = slope / error if error > 0 else np.copysign(np.inf, slope) if slope else 0.0
    return Trend(slope, intercept, slope - reach, slope + reach, r2, rho, float(t))


def rising_share(value: Floats) -> tuple[float, float]:
    """The share of rises among the changes of a curve from point to point, and its p-value.

    The p-value is the one-sided binomial sign test. Independent noise makes neighbouring differences
    alternate, so that the test is conservative.
    """
    step = np.diff(value)
    moves = step[step != 0]
    if not len(moves):
        return 0.5, 1.0
    up = int(np.count_nonzero(moves > 0))
    return up / len(moves), binomial_tail(up, len(moves))


def _scale(residual: Floats) -> float:
    """Robust scale; where more than half the residuals are equal, the ordinary one."""
    robust = float(MAD_TO_SD * median(np.abs(residual)))
    return robust or float(np.std(residual))


def _lag_one(residual: Floats) -> float:
    centred = residual - residual.mean()
    power = float(np.dot(centred, centred))
    return float(np.clip(np.dot(centred[1:], centred[:-1]) / power, 0.0, 0.95)) if power else 0.0
