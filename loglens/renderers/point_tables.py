"""The points of runs as tables: CSV, JSON Lines and Parquet, tidy or wide.

Tidy is one row a point, as written, with the columns run, tag, step, time and value. Wide is one row a
run and step with a column a tag: of a resumed run the surviving curve, of several values of a tag at
one step the last, and where all points of a tag have one step, their number in its place. A logged NaN
is a value (`nan` in CSV, "NaN" in JSON); no value is a blank in CSV, an absent key in JSON, a null in
Parquet.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.errors import LoglensError
from loglens.model.limits import LIMITS, raise_hint
from loglens.model.run import Run
from loglens.stats.arrays import Floats, Ints

TIDY = ("run", "tag", "step", "time", "value")
SUFFIXES = (".csv", ".parquet", ".jsonl")
#: A cell that begins so is a formula to a spreadsheet; a name of a run or curve may begin with anything.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Rows turned into text at once, so that memory stays bounded.
CHUNK = 1 << 15


class Count(NamedTuple):
    """What was written: runs, points, and points that have no cell of their own in a wide table."""

    runs: int
    points: int
    left_out: int


class Wide:
    """The cells of a run's wide table in the order of its rows."""

    def __init__(self, run: Run) -> None:
        self.name = run.name
        self.points = len(run.columns)
        self.tags = tuple(f"scalar/{tag}" if tag in ("run", "step") else tag for tag in run.curves)
        curves = run.curves.values()
        step = np.concatenate([np.zeros(0, np.int64), *(curve.step for curve in curves)])
        value = np.concatenate([np.zeros(0), *(curve.value for curve in curves)])
        tag = np.repeat(np.arange(len(self.tags)), [len(curve) for curve in curves])
        order = np.lexsort((tag, step))  # stable: of equal steps the later stays behind the earlier
        step, tag, value = step[order], tag[order], value[order]
        last = np.append((step[1:] != step[:-1]) | (tag[1:] != tag[:-1]), True)[: len(step)]
        self.step: Ints = step[last]
        self.tag: NDArray[np.int64] = tag[last]
        self.value: Floats = value[last]

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Where each row's cells begin, and at last where they end."""
        starts = np.flatnonzero(np.diff(self.step)) + 1
        return np.concatenate([[0], starts, [len(self.step)]]) if len(self.step) else np.zeros(1, np.int64)

    def rows(self) -> Iterator[tuple[int, list[int], list[float]]]:
        """Step, tag numbers and values of each row."""
        for begin in range(0, len(self.first) - 1, CHUNK):
            edges = self.first[begin : begin + CHUNK + 1].tolist()
            low, high = edges[0], edges[-1]
            step, tag, value = (part[low:high].tolist() for part in (self.step, self.tag, self.value))
            for a, b in pairwise(edges):
                yield step[a - low], tag[a - low : b - low], value[a - low : b - low]


def write(
    runs: Iterable[Run],
    path: Path,
    suffix: str,
    *,
    wide: bool,
    raw_text: bool = False,
    max_cells: int = LIMITS["cells"].default,
) -> Count:
    """Write the table of all runs to a file, in the format of the suffix; tidy ones one run at a time.

    raw_text: whether text in CSV that a spreadsheet would run as a formula is written as it is. max_cells: of a wide
    table. Raises LoglensError for a suffix that is no format, where a library is missing, or for a wide table with
    more cells.
    """
    check(suffix)
    if suffix == ".csv":
        return _wide_csv(runs, path, max_cells, raw_text) if wide else _tidy_csv(runs, path, raw_text)
    if suffix == ".parquet":
        return _wide_parquet(runs, path, max_cells) if wide else _tidy_parquet(runs, path)
    return _wide_jsonl(runs, path) if wide else _tidy_jsonl(runs, path)


def check(suffix: str) -> None:
    """Check a suffix. Raises LoglensError if it is no format, or if a library to write it is missing."""
    if suffix not in SUFFIXES:
        raise LoglensError(f"no format has the suffix {suffix!r}; there are {', '.join(SUFFIXES)}")
    if suffix == ".parquet":
        _pyarrow()


def _tidy_rows(run: Run) -> Iterator[tuple[list[str], list[int], list[float], list[float]]]:
    """Tags, steps, times and values, a chunk at a time."""
    columns = run.columns
    for begin in range(0, len(columns), CHUNK):
        rows = slice(begin, begin + CHUNK)
        tags = [columns.tags[code] for code in columns.tag[rows].tolist()]
        yield tags, columns.step[rows].tolist(), columns.time[rows].tolist(), columns.value[rows].tolist()


def defused(text: str) -> str:
    """Text that no spreadsheet runs: behind an apostrophe where it begins as a formula does.

    See OWASP, CSV Injection.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _tidy_csv(runs: Iterable[Run], path: Path, raw_text: bool) -> Count:
    count = points = 0
    cell = str if raw_text else defused
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(TIDY)
        for run in runs:
            for tags, steps, times, values in _tidy_rows(run):
                known = ["" if time != time else time for time in times]
                out.writerows(zip(repeat(cell(run.name)), map(cell, tags), steps, known, values, strict=False))
            count, points = count + 1, points + len(run.columns)
    return Count(count, points, 0)


def _wide_csv(runs: Iterable[Run], path: Path, max_cells: int, raw_text: bool) -> Count:
    tables = [Wide(run) for run in runs]
    place = _places(tables, max_cells)
    cell = str if raw_text else defused
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(["run", "step", *map(cell, place)])
        for table in tables:
            at = [place[tag] for tag in table.tags]
            for step, tags, values in table.rows():
                cells: list[float | str] = [""] * len(place)
                for tag, value in zip(tags, values, strict=True):
                    cells[at[tag]] = value
                out.writerow([cell(table.name), step, *cells])
    return _counted(tables)


def _tidy_jsonl(runs: Iterable[Run], path: Path) -> Count:
    count = points = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        for run in runs:
            for tags, steps, times, values in _tidy_rows(run):
                known = [None if time != time else time for time in times]
                rows = zip(repeat(run.name), tags, steps, known, map(_strict, values), strict=False)
                stream.writelines(json.dumps(dict(zip(TIDY, row, strict=True))) + "\n" for row in rows)
            count, points = count + 1, points + len(run.columns)
    return Count(count, points, 0)


def _wide_jsonl(runs: Iterable[Run], path: Path) -> Count:
    tables = []
    with path.open("w", encoding="utf-8", newline="") as stream:
        for run in runs:
            tables.append(table := Wide(run))
            for step, tags, values in table.rows():
                cells = {table.tags[tag]: _strict(value) for tag, value in zip(tags, values, strict=True)}
                stream.write(json.dumps({"run": run.name, "step": step, **cells}) + "\n")
    return _counted(tables)


def _strict(value: float) -> float | str:
    """A number as strict JSON; one that is not finite is a string, as in the JSON report."""
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def _tidy_parquet(runs: Iterable[Run], path: Path) -> Count:
    pa, pq = _pyarrow()
    words = pa.dictionary(pa.int32(), pa.string())
    kinds = (words, words, pa.int64(), pa.float64(), pa.float64())
    schema = pa.schema(list(zip(TIDY, kinds, strict=True)))
    count = points = 0
    with pq.ParquetWriter(path, schema) as out:
        for run in runs:
            columns = run.columns
            name = pa.DictionaryArray.from_arrays(np.zeros(len(columns), np.int32), [_utf8(run.name)])
            tag = pa.DictionaryArray.from_arrays(columns.tag, pa.array(map(_utf8, columns.tags), pa.string()))
            time = pa.array(columns.time, mask=np.isnan(columns.time))
            arrays = [name, tag, pa.array(columns.step), time, pa.array(columns.value)]
            out.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count, points = count + 1, points + len(columns)
    return Count(count, points, 0)


def _wide_parquet(runs: Iterable[Run], path: Path, max_cells: int) -> Count:
    pa, pq = _pyarrow()
    tables = [Wide(run) for run in runs]
    place = _places(tables, max_cells)
    kinds = [pa.dictionary(pa.int32(), pa.string()), pa.int64()] + [pa.float64()] * len(place)
    schema = pa.schema(list(zip(map(_utf8, ("run", "step", *place)), kinds, strict=True)))
    with pq.ParquetWriter(path, schema) as out:
        for table in tables:
            height = len(table.first) - 1
            row = np.repeat(np.arange(height), np.diff(table.first))
            name = pa.DictionaryArray.from_arrays(np.zeros(height, np.int32), [_utf8(table.name)])
            arrays = [name, pa.array(table.step[table.first[:-1]])]
            arrays += [pa.nulls(height, pa.float64())] * len(place)
            for number, tag in enumerate(table.tags):
                own = table.tag == number
                value, blank = np.zeros(height), np.ones(height, np.bool_)
                value[row[own]], blank[row[own]] = table.value[own], False
                arrays[2 + place[tag]] = pa.array(value, mask=blank)
            out.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return _counted(tables)


def _places(tables: Sequence[Wide], max_cells: int) -> dict[str, int]:
    """The columns of the table, each with its number after run and step: every run's tags, as first met.

    Raises LoglensError where the table would have more cells, most of them blank.
    """
    index: dict[str, int] = {}
    for table in tables:
        for tag in table.tags:
            index.setdefault(tag, len(index))
    rows = sum(len(table.first) - 1 for table in tables)
    if rows * len(index) > max_cells:
        filled = sum(len(table.step) for table in tables)
        raise LoglensError(
            f"--wide: {rows:,} rows of {len(index):,} columns, of whose cells {filled:,} are not blank; "
            f"--tidy writes those alone, and {raise_hint('cells')}"
        )
    return index


def _counted(tables: Sequence[Wide]) -> Count:
    points = sum(len(table.step) for table in tables)
    return Count(len(tables), points, sum(table.points for table in tables) - points)


def _utf8(text: str) -> str:
    """Text without the lone surrogates that undecodable bytes leave."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise LoglensError("Parquet needs pyarrow: pip install 'loglens[parquet]', or write .csv or .jsonl") from None
