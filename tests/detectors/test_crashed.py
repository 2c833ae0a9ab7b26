"""crashed: each kind of end, and what is no end."""

from __future__ import annotations

import pytest

from loglens.model.finding import Severity
from loglens.model.source import Note
from tests.curves import falling
from tests.detectors.judging import judged, only

LOSS = {"loss": falling(100)}


@pytest.mark.parametrize(
    ("message", "kind", "severity"),
    [
        ("line 9: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "memory", Severity.ERROR),
        ("line 9: slurmstepd: error: Detected 1 oom-kill event(s)", "memory", Severity.ERROR),
        ("line 9: FloatingPointError: Loss became infinite or NaN at iteration=637!", "numeric", Severity.ERROR),
        ("line 9: Exception: Current loss scale already at minimum - cannot decrease", "numeric", Severity.ERROR),
        ("line 9: Watchdog caught collective operation timeout: WorkNCCL(...)", "communication", Severity.ERROR),
        ("line 9: RuntimeError: CUDA error: device-side assert triggered", "labels", Severity.ERROR),
        ("line 9: Killed", "killed", Severity.ERROR),
        ("line 9: AttributeError: 'NoneType' object has no attribute 'shape'", "other", Severity.ERROR),
        ("the process ended with exit code 1", "other", Severity.ERROR),
        ("slurmstepd: *** JOB 9 CANCELLED AT 2026-01-01 DUE TO TIME LIMIT ***", "scheduler", Severity.WARNING),
        ("line 9: KeyboardInterrupt", "person", Severity.NOTE),
        ("the process ended with exit code 255", "person", Severity.NOTE),
    ],
)
def test_the_severity_of_an_end_depends_on_its_kind(message: str, kind: str, severity: Severity) -> None:
    found = only("crashed", LOSS, (Note("crash", message),))
    assert (found.evidence["kind"], found.severity) == (kind, severity)
    assert found.onset_step == 99 and message in found.message
    assert found.remedies[-1].action == "resume_from" and found.remedies[-1].params["step"] == 99


def test_the_most_telling_of_several_lines_is_named() -> None:
    notes = (Note("crash", "line 8: RuntimeError: stop"), Note("crash", "line 9: CUDA out of memory"))
    assert only("crashed", LOSS, notes).evidence["kind"] == "memory"


@pytest.mark.parametrize(
    "note",
    [
        Note("crash", "line 3: CUDA out of memory; training went on after it"),
        Note("unfinished", "no exit record: the run was killed, crashed, or is still running"),
        Note("truncated", "file ends inside a record"),
    ],
)
def test_what_is_no_end_in_an_error(note: Note) -> None:
    found, outcome = judged("crashed", LOSS, (note,))
    assert not found and outcome.outcome == "skipped"


def test_a_run_that_died_before_its_first_value() -> None:
    found = only("crashed", {}, (Note("failed", "MLflow has the run as FAILED"),))
    assert found.onset_step is None and found.severity is Severity.ERROR
