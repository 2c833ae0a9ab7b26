"""The date of an event: where the curve left its band."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.explosions import band_exit
from loglens.stats.levels import levels, onset_of_rise
from loglens.stats.onsets import exit_point


@pytest.mark.parametrize("begin", [40, 50, 55, 70])
def test_the_exit_is_found_from_either_side(begin: int) -> None:
    outside = np.arange(100) >= 50
    assert exit_point(outside, begin) == 50


def test_a_point_that_was_outside_by_itself_is_not_the_exit() -> None:
    outside = np.arange(100) >= 50
    outside[45] = True
    assert exit_point(outside, 52) == 50


def test_where_nothing_is_outside_the_place_stays() -> None:
    assert exit_point(np.zeros(10, bool), 4) == 4
    assert exit_point(np.ones(10, bool), 4) == 0


@pytest.mark.parametrize("n", [100, 400, 3000])
@pytest.mark.parametrize("share", [0.3, 0.613, 0.9])
def test_a_sudden_rise_is_dated_to_the_point(n: int, share: float) -> None:
    rng = np.random.default_rng(n)
    at = int(share * n)
    loss = np.exp(-np.arange(n) / (n / 20)) + 0.1 + 0.005 * rng.normal(size=n)
    loss[at:] = 50 + rng.normal(size=n - at)
    assert onset_of_rise(loss, levels(loss)) == pytest.approx(at, abs=max(2, n // 200))


@pytest.mark.parametrize("n", [100, 400, 3000])
def test_a_norm_that_jumps_is_dated_to_the_point(n: int) -> None:
    rng = np.random.default_rng(n)
    at = int(0.613 * n)
    norm = np.exp(0.2 * rng.normal(size=n))
    norm[at:] *= 1000
    assert band_exit(norm, at + n // 50) == at
