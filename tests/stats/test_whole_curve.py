"""Measures of a whole curve: shares of known curves, whatever their length and unit."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.whole_curve import end_over_start, finite_share, kept, levels
from tests.curves import falling, level


def test_the_share_of_finite_points() -> None:
    assert finite_share(np.array([1.0, np.nan, np.inf, 2.0])) == 0.5
    assert np.isnan(finite_share(np.zeros(0)))


@pytest.mark.parametrize(("length", "count"), [(1, 1), (5, 1), (9, 3), (29, 9), (30, 10), (10_000, 10)])
def test_levels_have_three_points_at_least_and_are_ten_at_most(length: int, count: int) -> None:
    assert len(levels(np.arange(float(length)))) == count


@pytest.mark.parametrize("length", [30, 300, 30_000])
@pytest.mark.parametrize("left", [1.0, 0.5, 0.0, -1.0])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_what_is_left_of_a_gain(length: int, left: float, scale: float) -> None:
    """A reward that rises from 1 to 3 and falls to what leaves that share of its gain of 2."""
    parts = [np.full(length, 1.0), np.full(length, 3.0), np.full(length, 1.0 + 2.0 * left)]
    assert kept(scale * np.concatenate(parts), higher=True) == pytest.approx(left)
    assert kept(-scale * np.concatenate(parts), higher=False) == pytest.approx(left)


def test_nothing_is_kept_where_nothing_was_gained_or_the_end_is_missing() -> None:
    assert np.isnan(kept(np.linspace(1.0, 9.0, 90), higher=False)) and np.isnan(kept(np.zeros(0), higher=True))
    broken = falling(90)
    broken[80:] = np.nan
    assert np.isnan(kept(broken, higher=False)) and np.isnan(end_over_start(broken))


@pytest.mark.parametrize("seed", range(5))
def test_the_end_as_a_multiple_of_the_start_is_not_moved_by_noise(seed: int) -> None:
    curve = level(200, 2.0, noise=0.1, seed=seed) * np.linspace(1.0, 3.0, 200)
    assert end_over_start(curve) == pytest.approx(2.9 / 1.1, rel=0.15)
    assert np.isnan(end_over_start(curve - 9.0)), "a start below zero has no multiples"
