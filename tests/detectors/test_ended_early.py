"""The rule ended-early: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from loglens.model.finding import Severity
from tests.curves import falling, run
from tests.detectors.judging import findings


def test_a_run_that_ends_before_its_plan() -> None:
    loss = {"loss": falling(50), "epoch": np.arange(50.0)}
    (found,) = findings("ended-early", run(loss, params={"max_epochs": 100}))
    assert found.severity is Severity.NOTE and found.evidence["reached"] == 50
    assert not findings("ended-early", run(loss, params={"max_epochs": 50}))
    assert findings("ended-early", run({"loss": falling(50)}, params={"max_steps": 1000, "global_step": 500}))
    # fifty rows of a run that logs every twentieth step say nothing of its length
    assert not findings("ended-early", run({"loss": falling(50)}, params={"max_steps": 1000}))
    assert not findings("ended-early", run(loss, params={"max_epochs": -1, "scheduler/max_epochs": 400}))
