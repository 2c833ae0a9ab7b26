"""The rule truncated-log: curves with the fault, and curves that only look like it."""

from __future__ import annotations

from pathlib import Path

import loglens
from loglens.model.finding import Severity
from loglens.model.run import Run
from loglens.model.source import Note
from tests.curves import falling, run
from tests.detectors.judging import findings


def test_a_truncated_log_is_a_note_with_its_last_step() -> None:
    base = run({"loss": falling(100)})
    cut_off = Run("x", base.source, "test", base.columns, notes=(Note("truncated", "ends inside record 7", "f"),))
    (found,) = findings("truncated-log", cut_off)
    assert (found.severity, found.onset_step) == (Severity.NOTE, 99)


def test_other_notes_of_a_reader_are_no_truncated_log(tmp_path: Path) -> None:
    rows = "".join(f"{step},{1 / (step + 1):.4f}\n" for step in range(50))
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n" + rows.replace("\n20,0.0476", "\n20,n.a.").rstrip())  # no newline at the end either
    (judged,) = loglens.diagnose(path).runs
    assert [out.outcome for out in judged.outcomes if out.condition == "truncated-log"] == ["clean"]
