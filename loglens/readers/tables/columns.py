"""Convert the numbers of a table to points and `Columns`, for all readers of tables.

A point is one cell that holds a number, NaN and infinity included. A blank cell is no point, so that
"not logged here" and "logged as NaN" stay apart all the way. Points stand in the order written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from loglens.model.columns import Columns
from loglens.model.source import Note
from loglens.readers.files.values import has_unknown_unit
from loglens.readers.tables.blank_tails import blank_tails
from loglens.readers.tables.clock import Clock, find_clock
from loglens.readers.tables.step_axis import Axis, find_axis
from loglens.readers.tables.table import Table


@dataclass(frozen=True, slots=True)
class Scalars:
    """The curves, parameters and notes that a table holds of a run."""

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

    axis: the step axis where the caller knows it. tags: what columns are called instead of their
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
    notes += _unknown_units(table, names.keys() - out - {*mine}, file)
    notes += [Note("blank-tail", message, file) for message in blank_tails(table, axis.step, mine)]
    return Scalars(columns, axes, tuple(notes), axis)


def _columns(table: Table, axis: Axis, clock: Clock, tags: Mapping[int, str], size: int) -> Columns:
    """The points of the columns with a tag, `size` in all."""
    index: dict[str, int] = {}
    code = np.full(len(table.names), -1, np.int32)
    for col, name in tags.items():
        code[col] = index.setdefault(name, len(index))
    step, value = np.empty(size, np.int64), np.empty(size)
    # what is the same for all points takes no memory
    tag = np.empty(size, np.int32) if len(index) > 1 else np.broadcast_to(np.int32(0), size)
    timed, restarted = bool(clock.used), bool(axis.session.any())
    time = np.empty(size) if timed else np.broadcast_to(np.nan, size)
    session = np.empty(size, np.int32) if restarted else np.broadcast_to(np.int32(0), size)
    end = 0
    for rows, points in table.parts():
        codes = code.take(table.col[points])
        keep = np.flatnonzero(codes >= 0)
        row = np.repeat(np.arange(rows.start, rows.stop), table.sizes[rows]).take(keep)
        at = slice(end, end + len(keep))
        step[at], value[at] = axis.step.take(row), table.value[points].take(keep)
        if len(index) > 1:
            tag[at] = codes.take(keep)
        if timed:
            time[at] = clock.time.take(row)
        if restarted:
            session[at] = axis.session.take(row)
        end += len(keep)
    return Columns(tuple(index), tag, step, time, value, session)


def _notes(axis: Axis, file: str) -> list[Note]:
    return [Note(kind, message, file) for kind, message in axis.remarks]


def _mixed(table: Table, mine: list[int], file: str) -> list[Note]:
    """Notes on cells in columns of numbers that are no numbers, which are left out."""
    found = []
    for col in mine:
        if count := table.texts.get(col, 0):
            word = next(iter(table.text.get(col, {}).values()), "")
            plural = "s are no numbers" if count > 1 else " is no number"
            found.append(Note("corrupt", f"{count} cell{plural} in {table.names[col]!r} (such as {word[:40]!r})", file))
    return found


def _unknown_units(table: Table, others: Iterable[int], file: str) -> Iterator[Note]:
    """Notes on columns that are left out, though their cells are numbers with a unit."""
    for col in sorted(others):
        words = set(table.text.get(col, {}).values())
        if len(words) > 1 and all(map(has_unknown_unit, words)):
            message = f"column {table.names[col]!r}: numbers with a unit that is not known (such as {min(words)!r})"
            yield Note("left-out", message, file)
