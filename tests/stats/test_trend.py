"""Trends: truth recovered, and few false ones under autocorrelation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from loglens.stats.trend import rising_share, trend
from tests.curves import autoregressive


def test_slope_is_theil_sen() -> None:
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 100, 40))
    y = 3 * x + rng.standard_t(2, 40)
    assert trend(x, y).slope == pytest.approx(stats.theilslopes(y, x).slope)


def test_a_quarter_of_outliers_does_not_move_the_slope() -> None:
    x = np.arange(80.0)
    y = 0.5 * x + np.random.default_rng(2).normal(0, 0.1, 80)
    y[::4] += 1000
    assert trend(x, y).slope == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_interval_covers_a_flat_truth_under_autocorrelation(rho: float) -> None:
    """Nominal 99 %; without the correction coverage at rho 0.8 is near 60 %."""
    x = np.arange(50.0)
    covered = sum((line := trend(x, autoregressive(50, rho, seed))).low <= 0 <= line.high for seed in range(300))
    assert covered / 300 >= 0.93


def test_rising_share_of_noise_is_no_evidence() -> None:
    shares = [rising_share(np.random.default_rng(seed).normal(size=200))[1] for seed in range(200)]
    assert np.mean(np.array(shares) < 1e-3) <= 0.01


def test_rising_share_is_the_binomial_test() -> None:
    value = np.array([1, 2, 3, 4, 3, 5, 6, 7, 8, 9.0])
    share, chance = rising_share(value)
    assert share == pytest.approx(8 / 9)
    assert chance == pytest.approx(stats.binomtest(8, 9, alternative="greater").pvalue)


def test_a_constant_has_no_trend() -> None:
    line = trend(np.arange(10.0), np.ones(10))
    assert (line.slope, line.t) == (0, 0)
    assert rising_share(np.ones(10)) == (0.5, 1.0)
