"""The rule restart: curves with the fault, and curves that only look like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from loglens.model.columns import Columns
from loglens.model.run import Run
from tests.curves import falling
from tests.detectors.judging import findings


def test_a_row_that_is_late_is_no_restart_and_steps_that_continue_from_there_are() -> None:
    late = np.append(np.arange(50), [48, *range(50, 100)])
    again = np.append(np.arange(50), np.arange(40, 100))
    for steps, restarts in ((late, 0), (again, 1)):
        what = Run("r", Path("r"), "test", Columns.from_curves({"loss": (steps, falling(len(steps)))}))
        assert len(findings("restart", what)) == restarts
