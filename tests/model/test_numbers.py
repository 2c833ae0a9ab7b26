"""Numbers are written in one way everywhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.model.numbers import estimate, fold, growth, number, plural


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (6950, "6,950"),
        (6950.0, "6,950"),
        (np.int64(67_000), "67,000"),
        (67_000.4, "67,000"),
        (999.96, "1,000"),
        (1e-5, "1e-5"),
        (0.0012345, "0.001234"),
        (0.0005, "0.0005"),
        (1e6, "1e6"),
        (np.float32(0.5), "0.5"),
        (-1234.5, "-1,234"),
        (float("nan"), "NaN"),
        ("LSTM\x1b", r"LSTM\x1b"),
    ],
)
def test_a_value(value: object, said: str) -> None:
    assert number(value) == said


def test_a_factor_is_an_estimate_of_three_digits() -> None:
    assert fold(2570.3) == "2,570-fold"
    assert fold(100.0) == "100-fold"
    assert fold(1.2345e9) == "1.23e9-fold"
    assert estimate(1.051) == "1.05"


def test_slow_growth_is_a_doubling_time_and_fast_growth_a_factor() -> None:
    assert growth(math.log(2) / 14) == "doubles every 14 steps"
    assert growth(math.log(1.0001)) == "doubles every 6,930 steps"
    assert growth(math.log(3.1)) == "grows 3.1-fold per step"
    assert growth(-math.log(2) / 5, "epoch") == "halves every 5 epochs"
    assert "1-fold" not in growth(1e-9)


def test_counts() -> None:
    assert [plural(n, "run") for n in (1, 2, 2000)] == ["1 run", "2 runs", "2,000 runs"]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_reads_as_what_it_was(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=6e-3)
