"""Good runs are diagnosed first: one that has failed cannot be a reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loglens.compare.curves import Curves, Entry
from loglens.errors import LoglensError
from loglens.model.numbers import plural
from loglens.model.report import Diagnosis
from loglens.model.run import Run


def judged(runs: Sequence[tuple[Run, Curves]], judge: Callable[[Run], Diagnosis]) -> list[Entry]:
    """Every run with its curves and its verdict."""
    found = []
    for run, curves in runs:
        diagnosis = judge(run)
        found.append(Entry(run, curves, diagnosis.verdict, diagnosis.summary))
    return found


def references(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The runs that can be a reference, and those that have failed. Raises LoglensError where none can."""
    failed = [entry for entry in entries if entry.verdict == "failed"]
    sound = [entry for entry in entries if entry.verdict != "failed"]
    if entries and not sound:
        (first, *others) = failed
        more = f" and {plural(len(others), 'other run')} failed as well" if others else ""
        raise LoglensError(
            f"{first.run.name} failed itself ({first.summary}){more}: no reference to compare with; name a good run"
        )
    return sound, failed
