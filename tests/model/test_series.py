"""Parts of a curve: its start, its end, what is finite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import Skip
from loglens.model.series import as_share, present, require
from tests.curves import level, series


@given(st.integers(1, 500), st.floats(0, 1), st.integers(1, 20))
def test_head_and_tail_are_the_ends(n: int, share: float, points: int) -> None:
    curve = series(np.arange(n, dtype=float))
    head, tail = curve.head(share, points), curve.tail(share, points)
    assert len(head) == len(tail) == min(n, max(points, int(n * share + 1e-9)))
    assert head[0] == 0 and tail[-1] == n - 1


def test_a_tenth_of_thirty_points_is_three() -> None:
    assert series(np.arange(30.0)).tail(0.1, 1).tolist() == [27, 28, 29]


def test_too_few_finite_points_are_a_reason_to_skip() -> None:
    curve = series(np.array([1.0, np.nan, 2.0, np.inf]))
    assert require(curve, 2, "losses").value.tolist() == [1.0, 2.0]
    with pytest.raises(Skip, match=r"needs 3 losses, has 2"):
        require(curve, 3, "losses")


def test_curves_that_were_logged() -> None:
    one = series(level(3, 1.0))
    assert present(None, one, None) == (one,) and present(None) == ()


def test_per_cent_becomes_a_share() -> None:
    assert as_share(series(np.array([10.0, 50.0]))).value.tolist() == [0.1, 0.5]
    assert as_share(series(np.array([0.1, 1.0]))).value.tolist() == [0.1, 1.0]
    assert as_share(series(np.array([np.nan, 0.5]))).value[1] == 0.5
