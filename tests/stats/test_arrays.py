"""Arithmetic that neither overflows nor divides by zero."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from loglens.stats.arrays import relative, safe_exp


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.floats(-1e30, 1e30))
def test_a_share_of_any_level_is_a_number(change: float, of: float) -> None:
    assert not math.isnan(relative(change, of))


def test_a_share_of_a_level() -> None:
    assert relative(0.5, -2.0) == 0.25


@given(st.floats(-1e6, 1e6))
def test_an_exponential_stays_finite(exponent: float) -> None:
    assert math.isfinite(safe_exp(exponent))
    if exponent < 700:
        assert safe_exp(exponent) == math.exp(exponent)
