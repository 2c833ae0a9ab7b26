"""Growth fits against curves whose rate is known."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.growth import fit_growth, trailing_fits
from tests.curves import growing, level, steps


def test_rate_doubling_and_overflow_of_a_known_exponential() -> None:
    fit = fit_growth(steps(300), growing(300, 0, 0.05, at=2.0, noise=0.1))
    assert fit is not None
    assert fit.rate == pytest.approx(0.05, rel=0.01)
    assert fit.doubling == pytest.approx(np.log(2) / 0.05, rel=0.01)
    assert fit.overflow_step == pytest.approx((np.log(np.finfo(np.float32).max) - np.log(2.0)) / 0.05, rel=0.02)
    assert fit.low < 0.05 < fit.high and fit.r2 > 0.9 and fit.t > 4


def test_rate_is_per_step_not_per_point() -> None:
    fit = fit_growth(steps(300, every=10), growing(300, 0, 0.05))
    assert fit is not None and fit.rate == pytest.approx(0.005, rel=0.02)


def test_a_level_does_not_grow() -> None:
    fits = [fit_growth(steps(200), level(200, 3.0, 0.3, seed)) for seed in range(50)]
    assert sum(fit is not None and fit.low > 0 for fit in fits) <= 2


def test_spikes_make_no_growth() -> None:
    value = level(200, 1.0, 0.1)
    value[150::10] = 1e6
    fit = fit_growth(steps(200), value)
    assert fit is not None and fit.factor < 2


def test_trailing_windows_end_with_the_whole_curve() -> None:
    starts = [fit.start for fit in trailing_fits(steps(100), level(100, 1.0))]
    assert starts == [80, 60, 20, 0]


def test_too_few_positive_values() -> None:
    assert fit_growth(steps(20), np.zeros(20)) is None
