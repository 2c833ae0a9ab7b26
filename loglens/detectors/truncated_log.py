"""The log ends in the middle of a record.

Why it matters. The writer was killed (out of memory, time limit, power) or is still writing: the run
did not end by itself, and its last values may be missing.

How it is found. The reader met an unfinished record or line at the end of a file.

When it is wrong. A run that is still being written looks the same: read it again later.
"""

from __future__ import annotations

from collections.abc import Iterator

from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series

RULE = Rule("truncated-log", "log", Severity.NOTE)


def detect(loss: Series | None, run: Run) -> Iterator[Finding]:
    cut_off = [note for note in run.notes if note.kind == "truncated"]
    if not cut_off:
        return
    ends = [curve.last_step for curve in run.curves.values() if len(curve) and curve.axis == "step"]
    last = loss.last_step if loss is not None and len(loss) else max(ends, default=None)
    yield Finding(
        f"{cut_off[0].message}" + (f"; the last step in it is {last}" if last is not None else ""),
        Severity.NOTE,
        Confidence.HIGH,
        onset_step=last,
        end_step=last,
        evidence={"files": [note.file for note in cut_off]},
        series=(loss,) if loss is not None else (),
    )
