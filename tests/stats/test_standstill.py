"""Curves that stand still and curves that move, of known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats import standstill
from loglens.stats.levels import levels
from tests.curves import falling, level, steps


@pytest.mark.parametrize("n", [12, 100, 3000])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_fall_is_seen_in_any_unit(n: int, unit: float) -> None:
    down, flat = levels(unit * falling(n, noise=0.02)), levels(unit * level(n, 2.3, 0.02))
    assert standstill.falls_by(down, 0.2 * abs(down.start))
    assert not standstill.falls_by(flat, 0.2 * abs(flat.start))


def test_half_of_the_bar_is_enough_for_a_smooth_curve() -> None:
    smooth = levels(np.linspace(2.0, 1.85, 200))
    assert standstill.falls_by(smooth, 0.2) and not standstill.falls_by(smooth, 0.4)
    noisy = levels(np.linspace(2.0, 1.85, 200) + 0.05 * np.random.default_rng(0).normal(size=200))
    assert not standstill.falls_by(noisy, 0.2)


def test_a_constant_norm() -> None:
    assert standstill.is_constant(np.full(10, 3.5))
    assert not standstill.is_constant(np.full(9, 3.5)), "nine equal numbers may be rounding"
    assert not standstill.is_constant(np.zeros(50)), "zero was not measured"
    assert not standstill.is_constant(np.append(np.full(20, 3.5), 3.6))


@pytest.mark.parametrize("seed", range(10))
def test_noise_explains_no_sure_fall(seed: int) -> None:
    flat, down = level(200, 2.3, 0.05, seed), falling(200, noise=0.05, seed=seed)
    assert standstill.fall_by_noise(down, levels(down)) == 0
    assert standstill.fall_by_noise(flat, levels(flat)) < 0.3 * 2.3


def test_a_fall_that_noise_could_hide() -> None:
    assert standstill.excludes_fall(level(2000, 1.0, 0.01), 0.1)
    assert not standstill.excludes_fall(level(40, 1.0, 0.5), 0.1)
    assert not standstill.excludes_fall(np.linspace(1.0, 0.8, 200), 0.1), "it falls by more"


def test_the_highest_start_allows_for_noise_alone() -> None:
    rest = level(97, 2.0, 0.01)
    assert standstill.highest_start(np.append([1.9, 1.9, 1.9], rest), levels(np.append([1.9, 1.9, 1.9], rest))) < 2.05
    far = np.append([0.5, 0.5, 0.5], rest)
    assert standstill.highest_start(far, levels(far)) < 1.0, "a start far below is no noise"


@pytest.mark.parametrize(("first", "last", "covered"), [(0.1, 0.55, True), (0.1, 0.15, False), (0.9, 0.96, True)])
def test_the_way_to_one(first: float, last: float, covered: bool) -> None:
    value = np.append(np.full(10, first), np.full(90, last))
    assert standstill.covers(value, 0.4) is covered
    assert standstill.first_and_last(value) == (first, last)
    assert standstill.since_first(value) == pytest.approx((last - first) / (1 - first))


def test_the_first_tenth_is_one_of_steps() -> None:
    # a hundred points in the first tenth of the steps, eleven after it
    step = np.append(np.arange(100), np.arange(100, 1101, 100))
    found = standstill.after_first_tenth(step, np.where(step < 100, 5.0, 1.0))
    assert found.start == found.end == 1.0
    assert len(standstill.after_first_tenth(steps(5), np.linspace(1, 2, 5)).blocks) == 5, "five points at least"


def test_a_rate_that_still_warms_up() -> None:
    assert standstill.still_grows(np.linspace(0, 1e-3, 50))
    assert not standstill.still_grows(np.append(np.linspace(0, 1e-3, 50), np.full(50, 1e-3)))
    assert not standstill.still_grows(np.array([1e-3]))


def test_when_another_curve_began() -> None:
    assert standstill.point_when_begun(steps(100), np.arange(30, 100, 10)) == 30
    assert standstill.point_when_begun(steps(1000), np.arange(1, 11)) == 100, "epochs: a tenth of the run each"


def test_a_running_mean_goes_quiet() -> None:
    noisy = level(100, 1.0, 0.1)
    assert standstill.goes_quiet(noisy, np.full(10, 0.7))
    assert standstill.goes_quiet(noisy, np.array([0.7]))
    assert standstill.goes_quiet(noisy, np.linspace(1.0, 1.01, 20))
    assert not standstill.goes_quiet(noisy, level(100, 1.0, 0.1, seed=1))
