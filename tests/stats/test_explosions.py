"""Growth and jumps of a norm, and what the loss makes of them, on curves of known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats import explosions
from loglens.stats.explosive_growth import explosive_growth
from tests.curves import Floats, falling, growing, level, steps

FIT = {"t_value": 4.0, "r2": 0.7, "factor": 10.0}


@pytest.mark.parametrize("n", [60, 400, 4000])
def test_the_growing_window_begins_where_the_growth_does(n: int) -> None:
    begin = n // 2
    value = growing(n, begin, rate=np.log(1e4) / (n - begin))
    found = explosions.growing_window(steps(n), value, **FIT)
    assert found is not None and found.factor > 100
    assert explosions.band_exit(value, found.start) == pytest.approx(begin, abs=n / 10)
    assert explosions.growing_window(steps(n), level(n, 0.5, 0.1), **FIT) is None


@pytest.mark.parametrize("n", [100, 1000])
def test_the_peak_of_a_growth_that_ends(n: int) -> None:
    value = np.append(growing(n, n // 2, rate=np.log(1e4) / (n / 2)), level(n // 2, 0.1))
    assert explosions.peak_end(value) == pytest.approx(n, abs=n / 10)
    assert explosions.peak_end(np.linspace(0, 1, n)) == n


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_a_loss_that_is_worse_afterwards(unit: float) -> None:
    good = unit * falling(200)
    assert explosions.is_worse_after(np.append(good[:100], unit * level(100, 5.0)), 100)
    assert explosions.is_worse_after(np.append(good[:199], np.nan), 100), "not finite at its end"
    assert not explosions.is_worse_after(good, 100)
    assert not explosions.is_worse_after(good, 199), "one point says nothing"


def test_a_loss_that_improves_or_is_hurt_meanwhile() -> None:
    down = np.append(level(100, 2.0), level(100, 1.0))
    bump = np.concatenate([level(100, 1.0), level(30, 3.0), level(70, 1.0)])
    assert explosions.improves_between(down, 100, 200) and not explosions.is_hurt_between(down, 100, 200)
    assert explosions.is_hurt_between(bump, 100, 200) and not explosions.improves_between(bump, 100, 200)
    assert not explosions.improves_between(down, 1, 200), "two points show no level"


def test_a_classifier_that_starts_absurdly() -> None:
    accuracy = np.linspace(0.1, 0.6, 50)
    loss = np.append([800.0, 500.0, 300.0], level(97, 1.2))
    assert explosions.starts_absurdly(loss, accuracy)
    assert not explosions.starts_absurdly(falling(100), accuracy)
    assert not explosions.starts_absurdly(loss, np.linspace(0.1, 0.99, 50)), "it solved its task"


def test_a_norm_far_above_the_loss() -> None:
    loss = level(50, 2.0)
    assert explosions.is_far_above(steps(100), level(100, 50.0), 2 * steps(50), loss, 10.0, 5.0)
    assert not explosions.is_far_above(steps(100), level(100, 5.0), 2 * steps(50), loss, 10.0, 5.0)
    assert not explosions.is_far_above(steps(100), np.append(level(99, 50.0), 1.0), 2 * steps(50), loss, 10.0, 5.0)


@pytest.mark.parametrize("n", [100, 2000])
def test_a_loss_that_learned_is_not_poor(n: int) -> None:
    assert explosions.is_poor(level(n, 2.3))
    assert not explosions.is_poor(falling(n, start=2.3, floor=0.001))


def jump(n: int, at: int, back: bool) -> Floats:
    """A loss that leaves its level two points after `at`, and comes back after twenty or never."""
    value = level(n, 1.0, 0.02)
    value[at + 2 : at + 22 if back else n] *= 6
    return value


@pytest.mark.parametrize("n", [400, 4000])
def test_a_jump_of_the_norm_is_answered_by_a_loss_that_stays_up(n: int) -> None:
    at = n // 2
    grad = level(n, 0.5, 0.05)
    grad[at] = 50.0
    assert explosions.LossAfter(jump(n, at, back=False)).leaves_level(at)
    assert not explosions.LossAfter(jump(n, at, back=True)).leaves_level(at)
    found = explosions.answered_jump(steps(n), grad, steps(n), jump(n, at, back=False), 10.0)
    assert found == at
    assert explosions.answered_jump(steps(n), grad, steps(n), level(n, 1.0), 10.0) is None


@pytest.mark.parametrize("n", [200, 2000])
def test_explosive_growth_is_dated_and_answered(n: int) -> None:
    begin = n // 2
    grad = growing(n, begin, rate=np.log(1e5) / (n - begin))
    hurt = np.append(level(begin + n // 5, 1.0), level(n - begin - n // 5, 8.0))
    found = explosive_growth(steps(n), grad, steps(n), hurt, vast=1000.0, **FIT)
    assert found is not None and found.answered and found.onset == pytest.approx(begin, abs=n / 10)
    calm = explosive_growth(steps(n), grad, steps(n), falling(n), vast=1000.0, **FIT)
    assert calm is not None and not calm.answered
    assert explosive_growth(steps(n), level(n, 1.0, 0.1), steps(n), falling(n), vast=1000.0, **FIT) is None
