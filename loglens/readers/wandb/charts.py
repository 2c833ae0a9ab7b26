"""Charts that the pages of W&B (and Trackio) export as CSV: columns "<run> - <metric>", __MIN, __MAX."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglens.model.source import Note
from loglens.readers.tables.columns import Scalars, scalars
from loglens.readers.tables.step_axis import Axis, column_axis, plain, row_axis
from loglens.readers.tables.table import Table

_LOW, _HIGH, _DASH = "__MIN", "__MAX", " - "
_TIMES = frozenset({"wall_time", "relative_time_(process)", "relative_time_(wall)"})
_INDEX = frozenset({"", "unnamed:_0", "index"})
_STEPS = frozenset({"step", "_step", "global_step", "trainer/global_step", "train/global_step"})


@dataclass(frozen=True, slots=True)
class Chart:
    """The curves of one run in one file."""

    run: str
    path: Path
    scalars: Scalars
    notes: tuple[Note, ...] = ()


def charts(table: Table, path: Path) -> list[Chart]:
    """The curves in a chart by run. The first column is the x axis, whatever it is."""
    index = {name: col for col, name in enumerate(table.names)}
    x = int(plain(table.names[0]) in _INDEX and len(table.names) > 1)  # of a copy that pandas saved again
    curves = [col for col, name in enumerate(table.names) if col > x and not name.endswith((_LOW, _HIGH))]
    runs: dict[str, dict[int, str]] = {}
    for col, (run, metric) in _split({col: table.names[col] for col in curves}).items():
        runs.setdefault(run, {})[col] = metric
    counts = table.counts()
    found = []
    for run, tags in runs.items():
        tags = {col: tag for col, tag in tags.items() if counts[col]}
        axis = _axis(table, x, {tag: col for col, tag in tags.items()})
        steps = [col for col, tag in tags.items() if tag == "_step"]
        if not tags:
            continue
        piece = scalars(table, path.name, axis=axis, tags={c: t for c, t in tags.items() if c not in steps})
        if len(piece.columns):
            found.append(Chart(run, path, piece, _bucketed(table, index, tags, path)))
    return found


def _split(names: dict[int, str]) -> dict[int, tuple[str, str]]:
    """Run and metric of every column, split at the last " - " whose right part several columns share.

    Run names may hold " - " themselves, and metrics too; an export of one run has no run name.
    """
    endings = Counter(
        _DASH.join(pieces[at:])
        for pieces in (name.split(_DASH) for name in names.values())
        for at in range(1, len(pieces))
    )
    found = {}
    for col, name in names.items():
        pieces = name.split(_DASH)
        cuts = range(len(pieces) - 1, 0, -1)
        cut = next((at for at in cuts if endings[_DASH.join(pieces[at:])] > 1), len(pieces) - 1)
        found[col] = (_DASH.join(pieces[:cut]).removeprefix("Group: "), _DASH.join(pieces[cut:]))
    return found


def _axis(table: Table, x: int, cols: dict[str, int]) -> Axis:
    """Column x as the axis. Where that is a time, the steps are those of the column _step."""
    name = plain(table.names[x])
    step = "step" if name in _STEPS else name
    if name in _TIMES or column_axis(table, step, x) is None:
        found = column_axis(table, "step", cols["_step"]) if "_step" in cols else None
        return found or row_axis(table, "row")
    return column_axis(table, step, x) or row_axis(table, "row")


def _bucketed(table: Table, index: dict[str, int], tags: dict[int, str], path: Path) -> tuple[Note, ...]:
    """Notes on curves that are means: their minimum and maximum in a bucket differ."""
    found = [tag for col, tag in tags.items() if tag != "_step" and _differs(table, index, col)]
    if not found:
        return ()
    names = ", ".join(found[:4]) + (" ..." if len(found) > 4 else "")
    return (Note("sampled", f"the chart holds bucket means of {names}: spikes are flattened", path.name),)


def _differs(table: Table, index: dict[str, int], col: int) -> bool:
    name = table.names[col]
    if name + _LOW not in index or name + _HIGH not in index:
        return False
    low, high = table.dense(index[name + _LOW]), table.dense(index[name + _HIGH])
    return bool(np.any(high > low))
