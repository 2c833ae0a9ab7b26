"""The SQLite store of MLflow."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files import sqlite_file
from loglens.readers.files.run_params import scalar
from loglens.readers.files.values import refuse
from loglens.readers.tables.row_collector import unique, whole_number
from loglens.stats.arrays import Floats, Ints

#: The stage of a run that its owner has thrown away, and may restore.
DELETED = "deleted"
#: What stands for an infinite value.
_HUGE = 1.7976931348623157e308
_NEEDED = frozenset({"key", "value", "timestamp", "run_uuid", "step", "is_nan"})


def database(source: Source, form: str) -> Iterator[Run]:
    """The runs of the file that are not deleted. Raises UnreadableError."""
    path, notes = source.files[0], list[Note]()
    with sqlite_file.opened(path, notes) as connection:
        if not sqlite_file.columns(connection, "metrics") >= _NEEDED:
            raise refuse(path, "its table metrics is not the one that MLflow writes")
        wanted = ("run_uuid", "name", "status", "lifecycle_stage", "experiment_id")
        runs = {str(row[0]): row for row in sqlite_file.rows(connection, "runs", wanted, notes, path.name)}
        columns = _metrics(connection, notes, path.name)
        params: dict[str, dict[str, Any]] = {}
        for key, value, run in sqlite_file.rows(connection, "params", ("key", "value", "run_uuid"), notes, path.name):
            params.setdefault(str(run), {})[str(key)] = scalar(str(value))
    every = dict.fromkeys([*runs, *columns])
    alive = [key for key in every if key not in runs or runs[key][3] != DELETED]
    if deleted := len(every) - len(alive):
        what = "a deleted run is" if deleted == 1 else f"{deleted} deleted runs are"
        notes.append(Note("deleted", f"{what} left out", path.name))
    if not alive:
        raise refuse(path, "an MLflow store without a run")
    names = [str(runs[key][1] or "") if key in runs else "" for key in alive]
    for key, name, label in zip(alive, names, unique(names, alive), strict=True):
        status = str(runs[key][2] or "") if key in runs else ""
        said = {"run_name": name, "run_id": key, "status": status}
        own = columns.get(key, Columns.empty())
        yield Run(
            source.name if len(alive) == 1 else f"{source.name}/{label}",
            source.path,
            form,
            own,
            params={k: v for k, v in said.items() if v} | params.get(key, {}),
            notes=(*notes, *status_notes(status, path.name), *_empty(own, path.name)),
            files=source.files,
            axes={tag: "sample" for tag in own.tags if tag.startswith("system/")},
        )


class _Points:
    """The points of one run, column by column: a tuple for each takes six times the memory."""

    def __init__(self) -> None:
        self.code, self.step, self.time, self.value = array("i"), array("q"), array("d"), array("d")


def _metrics(connection: sqlite3.Connection, notes: list[Note], file: str) -> dict[str, Columns]:
    """The points of every run, in the order written."""
    wanted = ("run_uuid", "key", "step", "timestamp", "value", "is_nan")
    gathered: dict[str, tuple[dict[str, int], _Points]] = {}
    lost = 0
    for run, key, step, time, value, is_nan in sqlite_file.rows(connection, "metrics", wanted, notes, file):
        at = whole_number(step)
        if at is None or not isinstance(time, int | float) or not isinstance(value, int | float):
            lost += 1
            continue
        tags, points = gathered.setdefault(str(run), ({}, _Points()))
        number = float("nan") if is_nan else float(value)
        if abs(number) >= _HUGE:
            number = float("inf") if number > 0 else float("-inf")
        points.code.append(tags.setdefault(str(key), len(tags)))
        points.step.append(at)
        points.time.append(time / 1000)
        points.value.append(number)
    if lost:
        notes.append(Note("corrupt", f"{lost} rows of metrics hold no number and are left out", file))
    return {run: _columns(tuple(tags), points) for run, (tags, points) in gathered.items()}


def in_order(step: Ints, time: Floats) -> NDArray[np.intp]:
    """The order of points on MLflow's own page: by time, and by step where that is the same.

    A batch may be written in any order; a resumed run goes back in steps, not in time.
    """
    return np.arange(len(step)) if np.isnan(time).any() else np.lexsort((step, time))


def _columns(tags: tuple[str, ...], points: _Points) -> Columns:
    step, time = np.array(points.step, np.int64), np.array(points.time, np.float64)
    order = in_order(step, time)
    return Columns(
        tags,
        np.array(points.code, np.int32)[order],
        step[order],
        time[order],
        np.array(points.value, np.float64)[order],
        np.zeros(len(order), np.int32),
    )


def _empty(columns: Columns, file: str) -> list[Note]:
    return [] if len(columns) else [Note("empty", "no metric: the run ended before it logged one", file)]


def status_notes(status: str, file: str) -> list[Note]:
    """Notes on the status of a run: failed, killed, still running."""
    if status in ("FAILED", "KILLED"):
        return [Note("failed", f"MLflow has the run as {status}", file)]
    if status in ("RUNNING", "SCHEDULED"):
        return [Note("unfinished", f"MLflow has the run as {status}: killed, or still running", file)]
    return []
