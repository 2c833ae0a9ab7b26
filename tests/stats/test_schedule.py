"""The way a schedule carries a run, and how far a curve sinks, against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.distance_travelled import travelled
from loglens.stats.levels import fell_at_once, sinking


def test_the_integral_of_a_rate() -> None:
    step = np.arange(0, 101, 10)
    assert travelled(step, step, np.full(11, 0.5)) == pytest.approx(0.5 * step)
    assert travelled(step, step, np.linspace(0.0, 2.0, 11)) == pytest.approx(0.01 * step**2)


def test_a_rate_of_other_steps_is_not_known() -> None:
    step = np.arange(100)
    assert travelled(step, np.arange(10), np.ones(10)) is None
    assert travelled(step, step, np.zeros(100)) is None


def test_sinking_from_the_first_to_the_last_fifth() -> None:
    assert sinking(np.linspace(2, 1, 101)) == pytest.approx(0.8 / 1.9, abs=0.02)
    assert sinking(np.append(np.full(99, 3.0), 50.0)) == 0


def test_a_first_point_above_all_others() -> None:
    rest = np.random.default_rng(0).normal(1, 0.01, 50)
    assert fell_at_once(np.append(2.0, rest))
    assert not fell_at_once(np.append(1.05, rest))
    assert not fell_at_once(np.append(2.0, np.random.default_rng(0).normal(1, 0.5, 50)))
