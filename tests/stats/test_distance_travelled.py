"""How far a learning rate carries a run, against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.distance_travelled import travelled


def test_the_integral_of_a_rate() -> None:
    step = np.arange(0, 101, 10)
    assert travelled(step, step, np.full(11, 0.5)) == pytest.approx(0.5 * step)
    assert travelled(step, step, np.linspace(0.0, 2.0, 11)) == pytest.approx(0.01 * step**2)


def test_a_rate_of_other_steps_is_not_known() -> None:
    step = np.arange(100)
    assert travelled(step, np.arange(10), np.ones(10)) is None
    assert travelled(step, step, np.zeros(100)) is None
