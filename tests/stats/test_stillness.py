"""From where on a curve stands still, and whether it was rounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.stats.stillness import is_rounded, still_from


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_all_points_from_there_on_are_equal_and_the_one_before_is_not(values: list[int]) -> None:
    value = np.array(values, float)
    first = still_from(value)
    assert (value[first:] == value[-1]).all() and (first == 0 or value[first - 1] != value[-1])


@pytest.mark.parametrize(("value", "rounded"), [([3.1416, 2.0], True), ([np.pi], False), ([0.0, 1e-9], True)])
def test_rounded(value: list[float], rounded: bool) -> None:
    assert is_rounded(np.array(value)) is rounded
