"""Curves that a program holds in memory: a data frame, a dict of arrays, a list of dicts.

They go the way of rows of JSON. NaN in a dict or in a list is a value that was logged, None or a missing value of
pandas is none. A wide data frame writes both as NaN; `blank_or_nan` tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from loglens.errors import LoglensError
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.readers.files.json_file import flatten
from loglens.readers.files.values import number
from loglens.readers.jsonl.build_run import build_run
from loglens.readers.jsonl.mmengine import split_validation
from loglens.readers.tables.blank_or_nan import without_blanks
from loglens.readers.tables.several_runs import split_runs
from loglens.readers.tables.step_axis import Axis, is_counter
from loglens.readers.tables.table import Rows, Table
from loglens.readers.tables.tidy import pivot
from loglens.stats.arrays import Floats

FORMAT = "memory"
#: The name of a run that has no file.
NAME = "data"
_MISSING = frozenset({"NoneType", "NAType", "NaTType"})
#: Longer texts name no kind of row.
_MAX_WORD = 80

#: A column: its numbers, whether each row has one, and the texts of those that have none.
Column = tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]], dict[int, str]]


def runs_in_memory(data: Any) -> list[Run]:
    """The runs in a data frame (wide or tidy), a dict of arrays or a list of dicts.

    A column such as `seed` or `run` makes several runs of the rows, as in a file. Raises LoglensError for data of
    another form and for data without a number that changes with a step.
    """
    if hasattr(data, "to_pydict"):  # Arrow, which like polars knows a missing value from NaN
        data = data.to_pydict()
    elif type(data).__module__.partition(".")[0] == "polars":
        data = (data.collect() if hasattr(data, "collect") else data).to_dict(as_series=False)
    elif hasattr(data, "to_pandas"):
        data = data.to_pandas()
    params: dict[str, Any] = {}
    notes: list[Note] = []
    unsure: set[int] = set()
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        frame = list(_frame_columns(data))
        tables = [_table([(name, _column(name, cells)) for name, cells, _ in frame])]
        unsure = {at for at, (_, _, ambiguous) in enumerate(frame) if ambiguous}
    elif isinstance(data, Mapping):
        tables = _tables_of_curves(data, params, notes)
    elif isinstance(data, Sequence) and data and all(isinstance(row, Mapping) for row in data):
        tables = [_table_of_rows(data)]
    else:
        raise LoglensError(
            f"no curves in data of type {type(data).__name__}; give a path, a run, a data frame, "
            "a dict of arrays or a list of dicts"
        )
    runs = list(_runs(tables, unsure, params, notes))
    if not any(len(run.columns) for run in runs):
        raise LoglensError(f"the data ({type(data).__name__}) have no number that changes with a step")
    return runs


def _runs(tables: Sequence[Table], unsure: set[int], params: dict[str, Any], notes: list[Note]) -> Iterator[Run]:
    if len(tables) > 1:  # curves of several lengths, each with the number of its row as step
        yield build_run(NAME, Path(NAME), FORMAT, [(table, None) for table in tables], notes=notes, params=params)
        return
    several = split_runs(tables[0])
    for name, said, table in [(part.name, part.params, part.table) for part in several] or [(NAME, {}, tables[0])]:
        blanks: list[Note] = []
        if unsure and pivot(table) is None:
            table, blanks = without_blanks(table, unsure)
        parts: list[tuple[Table, Axis | None]] = [(table, None)] if several else split_validation(table)
        yield build_run(name, Path(name), FORMAT, parts, notes=[*notes, *blanks], params=params | said)


def _frame_columns(frame: Any) -> Iterator[tuple[str, Any, bool]]:
    """The columns of a pandas frame, named levels of its index first, and whether NaN in each may be a blank."""
    names = [_joined(name) for name in frame.columns]
    for place, level in enumerate(frame.index.names):
        if level is not None and _joined(level) not in names:
            yield _joined(level), frame.index.get_level_values(place).to_numpy(), False
    for place, name in enumerate(names):
        cells = frame.iloc[:, place]
        if isinstance(cells.dtype, np.dtype):
            yield name, cells.to_numpy(), cells.dtype.kind in "fO"
        else:  # an extension type has a missing value of its own
            yield name, cells.astype(object).where(cells.notna(), None).to_numpy(), False


def _joined(name: Any) -> str:
    return "/".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)


def _tables_of_curves(data: Mapping[Any, Any], params: dict[str, Any], notes: list[Note]) -> list[Table]:
    """A table for the curves of each length; single values are parameters."""
    columns = []
    for name, cells in _flat(data):
        if isinstance(cells, str) or np.ndim(_detached(cells)) == 0:
            params[name] = _plain(cells)
        else:
            columns.append((name, _column(name, cells)))
    lengths = dict.fromkeys(len(column[0]) for _, column in columns)
    if len(lengths) > 1:
        if counters := [name for name, _ in columns if is_counter(name)]:
            sizes = ", ".join(f"{name} {len(column[0]):,}" for name, column in columns[:6])
            raise LoglensError(f"curves must be as long as {counters[0]}, which counts their steps; there are {sizes}")
        notes.append(Note("no-step", "curves of several lengths without steps: the points of each are counted from 0"))
    return [_table([each for each in columns if len(each[1][0]) == length]) for length in lengths] or [_table([])]


def _flat(data: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value


def _table_of_rows(rows: Sequence[Mapping[Any, Any]]) -> Table:
    found = Rows()
    for row in rows:
        numbers, texts = flatten(_plain(row), "/")
        found.add(numbers, {key: word for key, word in texts.items() if len(word) < _MAX_WORD})
    return found.table()


def _plain(value: Any) -> Any:
    """A value as JSON would hold it: a Python number for one of numpy or of a tensor, a text for a time."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if type(value).__name__ in _MISSING:
        return None
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    return value


def _detached(cells: Any) -> Any:
    """A tensor of torch as an array: without its graph, from whatever device, from bfloat16 too."""
    return cells.detach().double().cpu().numpy() if hasattr(cells, "detach") else cells


def _column(name: str, cells: Any) -> Column:
    """The cells of a column as numbers and texts. Raises LoglensError for an array that is no curve."""
    array = np.asarray(_detached(cells))
    if array.ndim != 1:
        raise LoglensError(f"{name!r} has {array.ndim} dimensions; a curve is a list of numbers")
    size, kind = len(array), array.dtype.kind
    if kind in "fiu":
        return array.astype(np.float64), np.ones(size, np.bool_), {}
    if kind == "M":
        seconds = array.astype("datetime64[ns]").astype(np.int64) / 1e9
        return seconds, ~np.isnat(array), {}
    texts: dict[int, str] = {}
    value, present = np.full(size, np.nan), np.zeros(size, np.bool_)
    if kind == "b":  # a flag is no measurement, as in JSON
        return value, present, texts
    for at, cell in enumerate(array.tolist()):
        cell = _plain(cell)
        if (found := number(cell)) is not None:
            value[at], present[at] = found, True
        elif isinstance(cell, str):
            texts[at] = cell
    return value, present, texts


def _table(columns: Sequence[tuple[str, Column]]) -> Table:
    """A table, row by row, of columns of one length."""
    if not columns:
        return Rows().table()
    present = np.stack([mask for _, (_, mask, _) in columns], axis=1)
    value = np.stack([numbers for _, (numbers, _, _) in columns], axis=1)
    texts = {at: words for at, (_, (_, _, words)) in enumerate(columns) if words}
    return Table(
        tuple(name for name, _ in columns),
        present.sum(axis=1),
        np.nonzero(present)[1].astype(np.int32),
        value[present],
        texts,
        {at: len(words) for at, words in texts.items()},
    )
