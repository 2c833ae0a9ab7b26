"""Periods that were put into a curve, and noise that has none."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.period import periodicity


@pytest.mark.parametrize("period", [5, 12, 40])
@pytest.mark.parametrize("n", [400, 4000])
def test_a_period_is_found(period: int, n: int) -> None:
    draws = np.random.default_rng(0).normal(size=n)
    peak, lag = periodicity(np.sin(2 * np.pi * np.arange(n) / period) + 0.3 * draws)
    assert peak > 0.5 and min(lag % period, period - lag % period) <= 1


@pytest.mark.parametrize("seed", range(20))
def test_noise_has_no_period(seed: int) -> None:
    assert periodicity(np.random.default_rng(seed).normal(size=400))[0] < 0.5


def test_too_few_points_or_none_that_vary() -> None:
    assert periodicity(np.sin(np.arange(31.0))) == (0.0, 0)
    assert periodicity(np.zeros(100)) == (0.0, 0)
