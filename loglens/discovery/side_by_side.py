"""Event files that several processes wrote into one folder at the same time: the curves are those of the first."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note

#: More sessions are not compared with each other.
_MAX_FILES = 64
_NAMED = 4


class _Writer(NamedTuple):
    """The rows of one session by tag, and its time from first to last row."""

    rows: dict[int, NDArray[np.intp]]
    begin: float
    end: float


def first_writer(run: Run) -> Run:
    """The run without the curves that a session logged at the same time and at the same steps as an earlier one.

    A resume begins after the session before it has ended. Where the writers differ, a note says from which step on.
    """
    columns = run.columns
    numbers = columns.sessions
    if run.format != "tensorboard" or not 2 <= len(numbers) <= _MAX_FILES:
        return run
    writers = [_writer(columns, int(number)) for number in numbers]
    keep = np.ones(len(columns), np.bool_)
    parted: dict[str, int] = {}
    for place, writer in enumerate(writers):
        for earlier in writers[:place]:
            if earlier.begin <= writer.end and writer.begin <= earlier.end:
                for tag in writer.rows.keys() & earlier.rows.keys():
                    _compare(columns, tag, earlier.rows[tag], writer.rows[tag], keep, parted)
    if keep.all():
        return run
    left = len(np.unique(columns.tag[~keep]))
    text = f"{left} curves were logged by several processes at once: judged on the first"
    if parted:
        named = ", ".join(f"{tag} from step {at}" for tag, at in sorted(parted.items())[:_NAMED])
        text += f"; the others differ in {named}" + (" ..." if len(parted) > _NAMED else "")
    kept = {name: getattr(columns, name)[keep] for name in ("tag", "step", "time", "value", "session")}
    return replace(run, columns=replace(columns, **kept), notes=(*run.notes, Note("ranks", text, str(run.source))))


def _writer(columns: Columns, number: int) -> _Writer:
    rows = np.flatnonzero(columns.session == number)
    order = rows[np.argsort(columns.tag[rows], kind="stable")]
    tags, first = np.unique(columns.tag[order], return_index=True)
    time = columns.time[rows]
    time = time[np.isfinite(time)]
    begin, end = (float(time.min()), float(time.max())) if len(time) else (np.nan, np.nan)
    return _Writer(dict(zip(tags.tolist(), np.split(order, first[1:]), strict=True)), begin, end)


def _compare(
    columns: Columns,
    tag: int,
    one: NDArray[np.intp],
    two: NDArray[np.intp],
    keep: NDArray[np.bool_],
    parted: dict[str, int],
) -> None:
    """Leave out the rows of the second writer where most of them stand at steps of the first."""
    steps, first, second = np.intersect1d(columns.step[one], columns.step[two], return_indices=True)
    if len(one) < 2 or 2 * len(steps) <= len(np.unique(columns.step[two])):
        return
    keep[two] = False
    a, b = columns.value[one][first], columns.value[two][second]
    differ = np.flatnonzero(~np.isclose(a, b, rtol=1e-3, atol=0, equal_nan=True))
    if len(differ):
        name = columns.tags[tag]
        parted[name] = min(parted.get(name, int(steps[differ[0]])), int(steps[differ[0]]))
