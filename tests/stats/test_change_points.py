"""Changes of level on rows of known truth: found where they are, and seldom where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.stats.arrays import Floats
from loglens.stats.change_points import change_points


def row(*levels: tuple[float, int], noise: float = 0.01, seed: int = 0) -> Floats:
    """Levels, each with how many numbers it lasts, under relative noise."""
    clean = np.concatenate([np.full(count, level) for level, count in levels])
    return clean * (1 + noise * np.random.default_rng(seed).normal(size=len(clean)))


@pytest.mark.parametrize("seed", range(3))
def test_four_percent_at_a_time_are_caught(seed: int) -> None:
    value = row((1.0, 15), (1.04, 15), (1.08, 15), noise=0.01, seed=seed)
    found = change_points(value, min_change=0.02)
    assert [point.at for point in found] == pytest.approx([15, 30], abs=2)
    assert [point.change for point in found] == pytest.approx([0.04, 0.038], abs=0.012)


@pytest.mark.parametrize("length", [8, 25])
def test_noise_alone_is_seldom_a_change(length: int) -> None:
    """40 rows at a chance of 1 % each: more than 3 claims have a chance of 0.1 %."""
    claims = sum(bool(change_points(row((1.0, length), noise=0.05, seed=seed), max_chance=0.01)) for seed in range(40))
    assert claims <= 3


def test_a_change_that_is_undone_is_two() -> None:
    found = change_points(row((1.0, 10), (1.1, 10), (1.0, 10)))
    assert [point.at for point in found] == pytest.approx([10, 20], abs=1)


def test_a_single_outlier_is_no_change() -> None:
    value = row((1.0, 30))
    value[15] = 3.0
    assert change_points(value) == []


def test_a_change_below_what_anybody_minds_is_left_out() -> None:
    value = row((1.0, 20), (1.01, 20), noise=0.001)
    assert [point.at for point in change_points(value)] == [20]
    assert change_points(value, min_change=0.02) == []


def test_a_change_without_any_noise_is_found_and_a_constant_has_none() -> None:
    (point,) = change_points(row((2.0, 15), (1.0, 15), noise=0.0))
    assert (point.at, point.change) == (15, -0.5)
    assert change_points(np.ones(20)) == change_points(np.ones(3)) == change_points(np.empty(0)) == []


@settings(max_examples=5)
@given(st.floats(1e-6, 1e6), st.integers(6, 20))
def test_the_unit_and_the_direction_do_not_matter(unit: float, at: int) -> None:
    value = row((1.0, at), (1.2, 26 - at))
    assert [p.at for p in change_points(unit * value)] == [p.at for p in change_points(value)]
    assert [26 - p.at for p in change_points(value[::-1])] == [p.at for p in change_points(value)]
