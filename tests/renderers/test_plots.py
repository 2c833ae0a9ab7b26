"""Sparklines and plots: extremes, NaN and the onset are where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loglens.model.series import Series
from loglens.renderers.shared.buckets import Scale, buckets, columns
from loglens.renderers.terminal.plots import Line, plot, sparkline
from tests.curves import falling, level, series


def drawn(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def test_a_spike_of_one_step_in_a_hundred_thousand_is_kept() -> None:
    value = level(100_000, 1.0, 0.0)
    value[70_000] = 50.0
    assert sparkline(series(value), 20) == "▁" * 13 + "█" + "▁" * 6
    tall = [[x for x, c in enumerate(row) if 0x2800 < ord(c) < 0x2900] for row in drawn(plot(series(value)))[:4]]
    assert len(tall[0]) == 1 and tall == [tall[0]] * 4, "one column, from the top to the level of the others"


def test_a_dip_of_one_step_is_kept() -> None:
    value = level(10_000, 10.0, 0.0)
    value[5_000] = 0.1
    assert sparkline(series(value), 20).count("▁") == 1


def test_a_single_nan_is_kept() -> None:
    value = falling(10_000)
    value[6_000] = np.nan
    assert sparkline(series(value), 20).count("×") == 1
    axis = drawn(plot(series(value)))[-2]
    assert axis.count("×") == 1


def test_ascii_draws_the_same_without_block_characters() -> None:
    value = falling(1_000)
    value[500:] = np.nan
    page = "\n".join([sparkline(series(value), 20, False), *drawn(plot(series(value), 500, unicode=False))])
    assert page.isascii() and "x" in page and "^ step 500" in page


@pytest.mark.parametrize("onset", [0, 1, 37, 500, 733, 990, 999])
@pytest.mark.parametrize("width", [40, 80])
def test_the_caret_stands_under_the_column_of_the_onset(onset: int, width: int) -> None:
    curve = series(falling(1_000))
    *rows, axis, feet = drawn(plot(curve, onset, width=width))
    cells = len(axis) - axis.index("└") - 1
    expected = axis.index("└") + 1 + int(columns(np.array([onset]), (0, 999), cells)[0])
    assert feet.index("▲") == expected
    assert f"step {onset}" in feet
    assert all("┊" not in row or row.index("┊") == expected for row in rows)
    assert max(map(len, [*rows, axis, feet])) <= width


def test_nan_marks_begin_at_the_onset_of_the_nan() -> None:
    value = falling(1_000)
    value[600:] = np.nan
    *_, axis, feet = drawn(plot(series(value), 600, width=80))
    assert axis.index("×") == feet.index("▲")


def test_highest_and_lowest_are_labelled() -> None:
    value = np.linspace(3.0, 0.5, 100)
    rows = drawn(plot(series(value)))
    assert rows[0].startswith("  3 ┤") and rows[4].startswith("0.5 ┤")


def test_more_than_two_decades_are_drawn_on_a_log_scale() -> None:
    assert Scale.of(np.array([1.0, 101.0])).log
    assert not Scale.of(np.array([1.0, 99.0])).log
    assert not Scale.of(np.array([-1.0, 1000.0])).log
    middle = Scale.of(np.array([1e-4, 1e4]))(np.array([1.0, 0.0, np.nan]))
    assert middle[0] == pytest.approx(0.5) and np.isnan(middle[2])


def test_zeros_on_a_log_scale_are_at_the_bottom() -> None:
    scale = Scale.of(np.array([0.0, 1e-6, 1.0]))
    assert scale.log and scale(np.array([0.0]))[0] == 0


def test_a_constant_curve_has_one_label() -> None:
    rows = drawn(plot(series(np.full(50, 3.0))))
    assert sum("┤" in row for row in rows) == 1


def test_a_curve_without_a_finite_value_is_drawn_as_crosses() -> None:
    rows = drawn(plot(series(np.full(50, np.nan)), 0))
    assert "×" in rows[-2] and not any(0x2800 < ord(c) < 0x2900 for row in rows for c in row)
    assert set(sparkline(series(np.full(50, np.nan)), 10)) == {"×"}


def test_an_empty_curve_and_one_of_one_point() -> None:
    assert sparkline(series(np.zeros(0)), 10) == ""
    assert len(drawn(plot(series(np.zeros(0))))) == 7
    assert len(drawn(plot(series(np.ones(1)), 0))) == 7


@given(
    arrays(np.float64, st.integers(1, 300), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.integers(2, 60),
)
def test_any_curve_can_be_drawn_and_no_extreme_is_lost(value: np.ndarray, width: int) -> None:
    curve = series(value)
    parts = buckets(curve, width)
    finite = value[np.isfinite(value)]
    if len(finite):
        assert np.nanmin(parts.low) == finite.min() and np.nanmax(parts.high) == finite.max()
    assert parts.bad.any() == (len(finite) < len(value))
    assert len(sparkline(curve, width)) == min(width, len(value))
    rows = drawn(plot(curve, int(curve.step[-1]), width=max(width, 40)))
    assert max(map(len, rows)) <= max(width, 40)


def test_steps_of_any_size_fall_into_columns() -> None:
    step = np.array([-(2**62), 0, 2**62], np.int64)
    curve = Series("loss", step, np.arange(3.0), np.full(3, np.nan))
    assert columns(step, (-(2**62), 2**62), 11).tolist() == [0, 5, 10]
    assert len(plot(curve, 0)) == 7
