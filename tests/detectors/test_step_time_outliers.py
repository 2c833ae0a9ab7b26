"""The rule step-time-outliers: curves with the fault, and curves that only look like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglens.model.columns import Columns
from loglens.model.finding import Severity
from loglens.model.run import Run
from tests.curves import Floats, falling, level, steps
from tests.detectors.judging import findings


def timed(seconds: Floats) -> Run:
    """A loss whose points are so many seconds apart."""
    n = len(seconds)
    none = np.zeros(n, np.int32)
    return Run("t", Path("t"), "test", Columns(("loss",), none, steps(n), 1e9 + np.cumsum(seconds), falling(n), none))


def test_single_steps_that_take_a_share_of_the_time() -> None:
    slow = level(400, 0.1, 0.05)
    slow[50::40] = 3.0
    (found,) = findings("step-time-outliers", {"step_time": slow})
    assert found.severity is Severity.NOTE and found.evidence["outliers"] == 9
    assert found.evidence["share_of_time"] == pytest.approx(9 * 2.9 / (9 * 3 + 371 * 0.1), rel=0.05)


def test_noise_two_regimes_and_a_slow_start_are_no_outliers() -> None:
    start = level(400, 0.1, 0.05)
    start[0] = 60.0
    for calm in (level(400, 0.1, 0.4), start, np.append(level(300, 0.1, 0.05), level(100, 0.5, 0.05))):
        assert not findings("step-time-outliers", {"step_time": calm})


def test_a_run_that_stands_still() -> None:
    gaps = np.full(100, 10.0)
    gaps[60] = 7200.0
    (found,) = findings("step-time-outliers", timed(gaps))
    assert (found.onset_step, found.end_step, found.evidence["seconds"]) == (59, 60, 7200.0)
    gaps[60] = 1200.0  # shorter than SageMaker's half an hour
    assert not findings("step-time-outliers", timed(gaps))
    assert not findings("step-time-outliers", timed(np.full(100, 3600.0)))  # one point an hour
