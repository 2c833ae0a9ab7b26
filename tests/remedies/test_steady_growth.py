"""Growth that is steady and slow, and growth that is not."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.remedies.steady_growth import grows_steadily
from tests.curves import growing, level, series

N = 300


@pytest.mark.parametrize("doubling", [10, 40])
@pytest.mark.parametrize("noise", [0.001, 0.1])
def test_a_slow_exponential_is_steady(doubling: int, noise: float) -> None:
    curve = series(growing(N, 100, np.log(2) / doubling, noise=noise))
    assert grows_steadily(curve, 100, 10.0)


def test_a_jump_to_another_level_is_not() -> None:
    assert not grows_steadily(series(np.r_[level(150, 1.0, 0.1), level(150, 100.0, 0.1)]), 150, 10.0)


def test_a_level_and_a_fall_are_not() -> None:
    assert not grows_steadily(series(level(N, 1.0, 0.1)), None, 1.3)
    assert not grows_steadily(series(np.geomspace(10, 0.1, N)), None, 1.3)


def test_an_overshoot_that_doubles_at_every_step_is_not() -> None:
    value = np.r_[level(40, 1.0, 0.1), 2.0 ** np.arange(60)]
    assert not grows_steadily(series(value), 40, 10.0)


def test_growth_must_reach_the_factor_asked_for() -> None:
    curve = series(np.geomspace(1, 2, N))
    assert grows_steadily(curve, None, 1.3)
    assert not grows_steadily(curve, None, 10.0)
