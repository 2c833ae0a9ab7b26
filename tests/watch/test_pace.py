"""After how long without a record a run stands still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.watch.pace import MIN_PATIENCE, MIN_PATIENCE_UNSEEN, UNKNOWN, Pace, rate
from tests.curves import falling, series


def pace(*writes: float) -> Pace:
    found = Pace()
    found.writes.extend(writes)
    return found


@pytest.mark.parametrize(
    ("gap", "patience"), [(0.1, MIN_PATIENCE), (5.9, MIN_PATIENCE), (30.0, 300.0), (600.0, 6000.0)]
)
def test_ten_times_the_usual_gap_and_at_least_a_minute(gap: float, patience: float) -> None:
    assert pace(gap, gap, gap, gap).patience() == patience


def test_a_long_evaluation_that_has_been_seen_is_waited_for_again() -> None:
    assert pace(*[1.0] * 20, 400.0).patience() == 800.0


def test_a_writer_that_holds_records_back_is_not_taken_for_one_that_stands_still() -> None:
    """TensorBoard writes every 120 s what was logged every 0.1 s."""
    found = Pace()
    found.read(replace(series(falling(100)), time=np.linspace(1e9, 1e9 + 9.9, 100)))
    assert found.patience() == MIN_PATIENCE_UNSEEN
    found.writes.extend([120.0] * 3)
    assert found.patience() == 1200.0


def test_without_any_time_it_waits_for_long_and_the_user_may_say_for_how_long() -> None:
    found = Pace()
    found.read(series(falling(100)))
    assert found.patience() == UNKNOWN
    assert found.patience(3.0) == 3.0


def test_steps_a_second_are_those_of_the_last_tenth() -> None:
    time = np.concatenate([np.arange(900.0), 900 + 0.5 * np.arange(100)])
    assert rate(replace(series(falling(1000)), time=time)) == pytest.approx(2.0)
    assert rate(series(falling(100))) is None and rate(None) is None
