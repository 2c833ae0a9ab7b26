"""Which rows of a curve survive restarts, stragglers and ties; runs, series, histograms."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import LoglensError
from loglens.model.columns import Columns, Histogram
from loglens.model.resume import Rewind, surviving_rows
from loglens.model.run import Run
from loglens.model.series import Series


def alive(*step: int, session: list[int] | None = None) -> tuple[list[int], list[tuple[int, int]]]:
    """Indices of the surviving rows, and the rewinds."""
    sessions = None if session is None else np.array(session, np.int32)
    rows, rewinds = surviving_rows(np.array(step, np.int64), sessions)
    return rows.tolist(), [(rewind.last, rewind.first) for rewind in rewinds]


def test_plain_curve_survives_whole() -> None:
    assert alive(0, 1, 5, 9) == ([0, 1, 2, 3], [])


def test_nothing() -> None:
    assert alive() == ([], [])
    assert alive(7) == ([0], [])


def test_resume_replaces_what_came_after_the_checkpoint() -> None:
    assert alive(0, 1, 2, 3, 4, 2, 3, 4, 5) == ([0, 1, 5, 6, 7, 8], [(4, 2)])


def test_resume_at_a_step_between_logged_ones() -> None:
    assert alive(0, 10, 20, 30, 15, 25, 35) == ([0, 1, 4, 5, 6], [(30, 15)])


def test_resume_that_does_not_reach_the_old_end() -> None:
    assert alive(0, 1, 2, 3, 4, 5, 2, 3) == ([0, 1, 6, 7], [(5, 2)])


def test_resume_from_scratch() -> None:
    assert alive(1, 2, 3, 1, 2, 3, 4) == ([3, 4, 5, 6], [(3, 1)])


def test_double_resume() -> None:
    assert alive(0, 1, 2, 3, 2, 3, 4, 1, 2, 3) == ([0, 7, 8, 9], [(3, 2), (4, 1)])
    assert alive(0, 1, 2, 3, 1, 2, 3, 2, 3, 4) == ([0, 4, 7, 8, 9], [(3, 1), (3, 2)])


def test_straggler_is_sorted_in() -> None:
    assert alive(0, 1, 2, 4, 3, 5, 6) == ([0, 1, 2, 4, 3, 5, 6], [])


def test_straggler_at_the_end_and_behind_a_resume() -> None:
    assert alive(0, 1, 3, 2) == ([0, 1, 3, 2], [])
    assert alive(0, 1, 3, 2, 4, 1, 2, 3) == ([0, 5, 6, 7], [(4, 1)])  # replaced with the rest
    assert alive(0, 5, 9, 4, 10, 6, 7, 8) == ([0, 3, 1, 5, 6, 7], [(10, 6)])  # before the resume


def test_two_workers_one_step_apart_lose_nothing() -> None:
    step = [s + d for s in range(1, 50) for d in (0, -1)]
    rows, rewinds = alive(*step)
    assert rewinds == []
    assert sorted(rows) == list(range(len(step)))
    assert [step[row] for row in rows] == sorted(step)


def test_ties_keep_their_order() -> None:
    assert alive(1, 1, 2, 2, 3) == ([0, 1, 2, 3, 4], [])
    assert alive(1, 2, 2, 3, 2, 2, 3) == ([0, 4, 5, 6], [(3, 2)])


def test_new_session_at_a_smaller_step_is_a_resume_even_if_alone() -> None:
    assert alive(0, 1, 2, 3, 1, 9, session=[0, 0, 0, 0, 1, 1]) == ([0, 4, 5], [(3, 1)])
    assert alive(0, 1, 2, 3, 1, 9) == ([0, 1, 4, 2, 3, 5], [])


def test_new_session_at_the_last_step_replaces_it() -> None:
    assert alive(0, 1, 2, 2, 3, session=[0, 0, 0, 1, 1]) == ([0, 1, 3, 4], [])


def test_new_session_that_continues_replaces_nothing() -> None:
    assert alive(0, 1, 2, 3, session=[0, 0, 1, 1]) == ([0, 1, 2, 3], [])


def test_straggler_before_a_new_session() -> None:
    assert alive(0, 8, 9, 5, 7, 8, session=[0, 0, 0, 0, 1, 1]) == ([0, 3, 4, 5], [(9, 7)])


@given(st.lists(st.tuples(st.integers(-5, 12), st.booleans()), max_size=40))
def test_survivors_rise_and_the_last_row_is_among_them(rows: list[tuple[int, bool]]) -> None:
    step = np.array([s for s, _ in rows], np.int64)
    session = np.cumsum([new for _, new in rows]).astype(np.int32)
    kept, rewinds = surviving_rows(step, session)
    assert len(set(kept.tolist())) == len(kept)
    assert (np.diff(step[kept]) >= 0).all()
    assert not rows or len(rows) - 1 in kept
    assert all(rewind.first < rewind.last for rewind in rewinds)


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 29), st.integers(1, 30)), max_size=5))
def test_resumes_as_preemption_has_it(first: int, resumes: list[tuple[int, int]]) -> None:
    """Against RustBoard's rule, step by step, on blocks of at least two steps."""
    blocks = [list(range(first + 2)), *(list(range(at, at + more + 1)) for at, more in resumes)]
    step = [s for block in blocks for s in block]
    session = [i for i, block in enumerate(blocks) for _ in block]
    stack: list[int] = []
    for i, s in enumerate(step):
        while stack and step[stack[-1]] >= s:
            stack.pop()
        stack.append(i)
    assert alive(*step, session=session)[0] == stack


@pytest.mark.parametrize("kind", ["rising", "interleaved", "resumes", "both"])
def test_a_million_rows(kind: str) -> None:
    n = 1_000_000
    step = np.arange(n)
    if kind == "interleaved":
        step[1::2] -= 3
    elif kind == "resumes":
        step %= 1000
    elif kind == "both":
        step = step % 1000
        step[1::50] -= 3
    begun = time.process_time()
    rows, _ = surviving_rows(step)
    assert time.process_time() - begun < 10
    assert (np.diff(step[rows]) >= 0).all()
    assert len(rows) >= 999


def columns() -> Columns:
    return Columns.from_curves(
        {"loss": ([0, 1, 2, 1, 2], [5.0, 4.0, np.nan, 3.0, 2.0]), "lr": ([0, 0, 0], [1.0, 2.0, 3.0])}
    )


def test_a_run_serves_its_curves() -> None:
    run = Run("r", Path(), "test", columns())
    assert run.tags == ("loss", "lr")
    assert run.series("loss").value.tolist() == [5.0, 3.0, 2.0]
    assert run.rewinds == {"loss": [Rewind(2, 1)]}
    assert (run.series("lr").axis, run.series("lr").step.tolist()) == ("arrival", [0, 1, 2])
    with pytest.raises(LoglensError, match="no curve 'gone'"):
        run.series("gone")
    assert run.scalars["value"].isna().sum() == 1  # the table keeps all
    assert list(run.scalars.columns) == ["tag", "step", "time", "value"]
    assert len(run.scalars) == 8


def test_an_empty_run() -> None:
    run = Run("r", Path(), "test")
    assert (run.tags, run.curves, run.norms, len(run.scalars), len(run.histograms)) == ((), {}, {}, 0, 0)


def test_series_are_read_only_and_cut() -> None:
    series = Series("a", np.arange(4), np.array([1.0, np.nan, np.inf, 4.0]), np.zeros(4))
    assert series.nonfinite == 2
    assert series.finite.step.tolist() == [0, 3]
    assert series.before(2).step.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        series.value[0] = 2.0


def test_joined_columns_share_tags_and_keep_sessions() -> None:
    one, two = Columns.from_curves({"a": ([1], [1.0])}), Columns.from_curves({"b": ([1], [2.0]), "a": ([2], [3.0])})
    joined = Columns.join([one, Columns.empty(), two])
    assert joined.tags == ("a", "b")
    assert joined.tag.tolist() == [0, 1, 0]
    assert joined.value.tolist() == [1.0, 2.0, 3.0]


def test_norms_of_histograms_follow_resumes() -> None:
    def summary(step: int, squares: float) -> Histogram:
        edges, counts = np.array([0.0, 1.0]), np.array([1.0])
        return Histogram("w", step, 0.0, 1, 1, squares, 0, 1, 0, edges, counts, True)

    rows = tuple(summary(step, squares) for step, squares in ((0, 1), (1, 4), (2, 9), (1, 16), (2, 25)))
    norm = Run("r", Path(), "test", histogram_rows=rows).norms["w"]
    assert (norm.step.tolist(), norm.value.tolist()) == ([0, 1, 2], [1.0, 4.0, 5.0])
