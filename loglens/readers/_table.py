"""Numbers of a table as points, and from there to `Columns`: shared by the readers of tables.

A point is one cell that holds a number, NaN and infinity included. A blank cell is no point, so that
"not logged here" and "logged as NaN" stay apart all the way. Points stand in the order written.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.errors import UnreadableError
from loglens.readers._axis import Axis, find_axis
from loglens.readers._blanks import blank_tails
from loglens.readers._clock import Clock, find_clock
from loglens.run import Columns, Floats, Ints, Note

#: Counts and numbers of columns, in a type no wider than they need.
Ordinals = NDArray[np.signedinteger[Any]]
#: A pointer that git leaves in place of a big file that was not downloaded.
LFS_POINTER = b"version https://git-lfs"
_PART = 1 << 16


def refuse(path: Path, why: str) -> UnreadableError:
    """The error of a file of which nothing can be read, in one line."""
    return UnreadableError(f"{path.name}: {why}")


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of one table, row by row: point i is `value[i]` in column `col[i]`; row r has `sizes[r]` points.

    text: the cells of a column that are no numbers, by row (not all of them in long columns, but
    those of the columns that say what a row is). texts: how many there are, by column. first: the
    first row, as written.
    """

    names: tuple[str, ...]
    sizes: Ordinals
    col: Ordinals
    value: Floats
    text: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    texts: Mapping[int, int] = field(default_factory=dict)
    first: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.sizes)

    @property
    def row(self) -> Ints:
        """The row of each point."""
        return np.repeat(np.arange(self.height, dtype=np.int64), self.sizes)

    def dense(self, col: int) -> Floats:
        """One column, NaN where it is blank too."""
        mine = np.flatnonzero(self.col == col)
        if len(mine) == self.height:  # a row has one cell of it at most
            return self.value[mine]
        full = np.full(self.height, np.nan)
        full[np.searchsorted(np.cumsum(self.sizes), mine, "right")] = self.value[mine]
        return full

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """Rows and their points: of so many at a time, what is made on the way stays in the cache."""
        ends = np.cumsum(self.sizes)
        cuts = np.searchsorted(ends, np.arange(_PART, len(self.value), _PART), "right").tolist()
        for begin, end in itertools.pairwise(sorted({0, *cuts, self.height})):
            yield slice(begin, end), slice(int(ends[begin - 1]) if begin else 0, int(ends[end - 1]))

    def counts(self) -> Ints:
        """How many points each column has."""
        total = np.zeros(len(self.names), np.int64)
        for _, points in self.parts():
            total += np.bincount(self.col[points], minlength=len(total))
        return total

    def rows(self, chosen: NDArray[np.bool_]) -> Table:
        """The chosen rows alone, numbered anew."""
        number = np.cumsum(chosen) - 1
        keep = np.repeat(chosen, self.sizes)
        text = {
            col: {int(number[row]): cell for row, cell in cells.items() if chosen[row]}
            for col, cells in self.text.items()
        }
        return replace(
            self,
            sizes=self.sizes[chosen],
            col=self.col[keep],
            value=self.value[keep],
            text=text,
        )


class Rows:
    """Builds a table from rows that name their cells, as JSON has them."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._sizes: list[int] = []
        self._col: list[int] = []
        self._value: list[float] = []
        self._text: dict[int, dict[int, str]] = {}

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._sizes)

    def add(self, cells: Mapping[str, float], text: Mapping[str, str] | None = None) -> None:
        names, row = self._names, self.height
        self._sizes.append(len(cells))
        for name, value in cells.items():
            self._col.append(names.setdefault(name, len(names)))
            self._value.append(value)
        for name, word in (text or {}).items():
            self._text.setdefault(names.setdefault(name, len(names)), {})[row] = word

    def table(self) -> Table:
        return Table(
            tuple(self._names),
            np.array(self._sizes, np.int64),
            np.array(self._col, np.int32),
            np.array(self._value, np.float64),
            self._text,
            {col: len(cells) for col, cells in self._text.items()},
        )


@dataclass(frozen=True, slots=True)
class Scalars:
    """What a table gives to a run."""

    columns: Columns
    axes: Mapping[str, str]
    notes: tuple[Note, ...]
    axis: Axis

    @classmethod
    def join(cls, parts: Iterable[Scalars]) -> Scalars | None:
        """Parts one after another, each a writer session of its own; None where there are none."""
        parts, shifted, session = list(parts), [], 0
        if len(parts) == 1:
            return parts[0]
        for part in parts:
            columns = part.columns
            shifted.append(replace(columns, session=columns.session + np.int32(session)))
            session += int(columns.session.max(initial=0)) + 1
        if not parts:
            return None
        axes: dict[str, str] = {}
        for part in parts:
            axes.update(part.axes)
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        return cls(Columns.join(shifted), axes, notes, parts[0].axis)


def scalars(
    table: Table,
    file: str,
    *,
    axis: Axis | None = None,
    tags: Mapping[int, str] | None = None,
    skip: Iterable[int] = (),
) -> Scalars:
    """The columns of a table as curves over its step axis.

    axis: the step axis where the caller knows it. tags: what columns are called in place of their
    name; then no others are taken. skip: columns to leave out.
    """
    axis = axis or find_axis(table)
    clock = find_clock(table)
    counts = table.counts()
    names = dict(enumerate(table.names)) if tags is None else dict(tags)
    out = {*axis.used, *clock.used, *skip}
    # a column of mostly text (a host name, an id such as 12345678) has numbers by accident
    mine = [col for col in names if col not in out and counts[col] > table.texts.get(col, 0) and names[col].strip()]
    columns = _columns(table, axis, clock, {col: names[col] for col in mine}, int(counts[mine].sum()))
    axes = {} if axis.name == "step" else dict.fromkeys(columns.tags, axis.name)
    notes = [*_notes(axis, file), *_mixed(table, mine, file)]
    notes += [Note("blank-tail", message, file) for message in blank_tails(table, axis.step, mine)]
    return Scalars(columns, axes, tuple(notes), axis)


def _columns(table: Table, axis: Axis, clock: Clock, tags: Mapping[int, str], size: int) -> Columns:
    """The points of the columns with a tag, `size` in all."""
    index: dict[str, int] = {}
    code = np.full(len(table.names), -1, np.int32)
    for col, name in tags.items():
        code[col] = index.setdefault(name, len(index))
    tag, step, value = np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size)
    # what is the same for all points takes no memory
    timed, restarted = bool(clock.used), bool(axis.session.any())
    time = np.empty(size) if timed else np.broadcast_to(np.nan, size)
    session = np.empty(size, np.int32) if restarted else np.broadcast_to(np.int32(0), size)
    end = 0
    for rows, points in table.parts():
        codes = code.take(table.col[points])
        keep = np.flatnonzero(codes >= 0)
        row = np.repeat(np.arange(rows.start, rows.stop), table.sizes[rows]).take(keep)
        at = slice(end, end + len(keep))
        tag[at], step[at], value[at] = codes.take(keep), axis.step.take(row), table.value[points].take(keep)
        if timed:
            time[at] = clock.time.take(row)
        if restarted:
            session[at] = axis.session.take(row)
        end += len(keep)
    return Columns(tuple(index), tag, step, time, value, session)


def _notes(axis: Axis, file: str) -> list[Note]:
    return [Note(kind, message, file) for kind, message in axis.remarks]


def _mixed(table: Table, mine: list[int], file: str) -> list[Note]:
    """Cells that are no numbers in columns of numbers: left out, and said so."""
    found = []
    for col in mine:
        if count := table.texts.get(col, 0):
            word = next(iter(table.text.get(col, {}).values()), "")
            plural = "s are no numbers" if count > 1 else " is no number"
            found.append(Note("corrupt", f"{count} cell{plural} in {table.names[col]!r} (such as {word[:40]!r})", file))
    return found


def number(value: Any) -> float | None:
    """A JSON value as a number, with the strings that stand for NaN and infinity; None for others."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:  # an integer beyond 1e308
            return math.inf if value > 0 else -math.inf
    return WORDS.get(value) if isinstance(value, str) else None


WORDS = {"NaN": math.nan, "nan": math.nan, "Infinity": math.inf, "-Infinity": -math.inf} | {
    "inf": math.inf,
    "-inf": -math.inf,
}
