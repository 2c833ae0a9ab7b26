"""Gains and losses of curves of known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.gains import gains, loses_after
from tests.curves import autoregressive, level


@pytest.mark.parametrize("n", [10, 100, 3000])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_gains(n: int, unit: float) -> None:
    assert gains(unit * np.linspace(1, 2, n))
    assert gains(unit * np.append(0.1, level(n, 5.0, 0.01))), "rose before its second point"
    assert not gains(unit * np.linspace(2, 1, n))
    assert not gains(unit * level(n, 1.0, 0.05))


@pytest.mark.parametrize("n", [20, 200])
def test_a_lost_gain_has_its_levels(n: int) -> None:
    value = np.where(np.arange(n) < n // 2, np.linspace(0, 10, n), 1.0) + 0.1 * autoregressive(n, 0.5, 0)
    found = loses_after(value, n // 2, 0.33)
    assert found is not None and found[0] == pytest.approx(4.3, abs=0.6) and found[1] == pytest.approx(1.0, abs=0.3)
    assert loses_after(value, 3, 0.33) is None and loses_after(value, n - 3, 0.33) is None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_wandering_loses_nothing(seed: int, rho: float) -> None:
    risen = np.append(0.0, 1 + 0.05 * autoregressive(199, rho, seed))
    assert loses_after(risen, 120, 0.33) is None
