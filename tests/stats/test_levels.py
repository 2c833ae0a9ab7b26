"""How far a curve comes down, what it loses again, and a first point above all others, against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.levels import fell_at_once, levels, sinking
from tests.curves import falling


def test_levels_of_a_curve_that_loses_half_of_its_gain() -> None:
    value = np.concatenate([np.linspace(4, 2, 100), np.linspace(2, 3, 100)])
    found = levels(value)
    assert found.start == pytest.approx(4, abs=0.1)
    assert found.best == pytest.approx(2, abs=0.05)
    assert found.end == pytest.approx(2.9, abs=0.1)
    assert found.lost == pytest.approx(0.45, abs=0.05)
    assert 90 <= found.best_at <= 105


def test_levels_scale_with_the_unit() -> None:
    value = falling(200)
    one, thousand = levels(value), levels(1000 * value)
    assert thousand.drop == pytest.approx(one.drop) and thousand.lost == pytest.approx(one.lost)


def test_sinking_from_the_first_to_the_last_fifth() -> None:
    assert sinking(np.linspace(2, 1, 101)) == pytest.approx(0.8 / 1.9, abs=0.02)
    assert sinking(np.append(np.full(99, 3.0), 50.0)) == 0


def test_a_first_point_above_all_others() -> None:
    rest = np.random.default_rng(0).normal(1, 0.01, 50)
    assert fell_at_once(np.append(2.0, rest))
    assert not fell_at_once(np.append(1.05, rest))
    assert not fell_at_once(np.append(2.0, np.random.default_rng(0).normal(1, 0.5, 50)))
