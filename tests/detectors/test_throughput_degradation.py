"""The rule throughput-degradation: curves with the fault, and curves that only look like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglens.model.columns import Columns
from loglens.model.finding import Severity
from loglens.model.run import Run
from tests.curves import level
from tests.detectors.judging import findings, skip_reason


def test_steps_that_take_longer() -> None:
    slow = level(200, 0.1)
    slow[120:] *= 4
    (found,) = findings("throughput-degradation", {"step_time": slow})
    assert found.onset_step == pytest.approx(120, abs=4) and found.evidence["factor"] == pytest.approx(4, rel=0.05)
    assert findings("throughput-degradation", {"samples_per_sec": 1 / slow})
    assert not findings("throughput-degradation", {"step_time": level(200, 0.1, 0.4)})


@pytest.mark.parametrize("n", [54, 200, 2000])
@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_a_speed_that_falls_steadily(n: int, noise: float) -> None:
    speed = np.linspace(900, 400, n) * level(n, 1.0, noise)
    (found,) = findings("throughput-degradation", {"samples_per_sec": speed})
    assert found.severity is Severity.WARNING
    assert not findings("throughput-degradation", {"samples_per_sec": np.linspace(900, 750, n)}), "a sixth slower"


@pytest.mark.parametrize("begin", [0.2, 0.4])
def test_a_stretch_that_costs_half_of_the_time(begin: float) -> None:
    slow = level(300, 0.05, 0.1)
    first = int(begin * 300)
    slow[first : first + 100] *= 10
    (found,) = findings("throughput-degradation", {"step_time": slow})
    assert found.onset_step == pytest.approx(first, abs=8) and found.end_step == pytest.approx(first + 100, abs=8)
    slow[first + 6 : first + 100] = 0.05  # six slow points
    assert not findings("throughput-degradation", {"step_time": slow})


def test_an_iteration_that_holds_more_is_not_slower() -> None:
    held = np.linspace(1, 6, 200)
    times = level(200, 0.05, 0.05) * held
    assert findings("throughput-degradation", {"step_time": times})
    steady = {"step_time": times, "samples_per_sec": level(200, 640.0, 0.05)}
    assert not findings("throughput-degradation", steady), "as many samples a second as ever"
    axis = np.cumsum(1000 * held).astype(np.int64)  # each point covers more steps of the environment
    columns = Columns.from_curves({"time_this_iter_s": (axis, times)})
    assert not findings("throughput-degradation", Run("r", Path("r"), "test", columns))


def test_a_clock_is_no_step_time() -> None:
    """One that goes evenly is judged by its differences; in one that does not, they may be anything."""
    even, slower = level(200, 0.05, 0.1), np.repeat([0.05, 0.5], 100)
    assert not findings("throughput-degradation", {"step_time": np.cumsum(even)})
    assert "adds up" in skip_reason("throughput-degradation", {"step_time": np.cumsum(slower)})
