"""The nearest curve that never falls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.stats.isotonic import never_falling, way_back


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_it_never_falls_and_keeps_the_mean(values: list[float]) -> None:
    value = np.array(values)
    fit = never_falling(value)
    assert (np.diff(fit) >= 0).all()
    assert fit.mean() == pytest.approx(value.mean(), abs=1e-3)


def test_what_rises_is_its_own_fit_and_what_falls_is_level() -> None:
    rising = np.geomspace(1, 100, 20)
    assert way_back(rising) == 0
    assert np.allclose(never_falling(rising[::-1]), rising.mean())
    assert np.allclose(never_falling(np.array([1.0, 3.0, 2.0, 4.0])), [1, 2.5, 2.5, 4])
    assert way_back(np.zeros(0)) == 0
