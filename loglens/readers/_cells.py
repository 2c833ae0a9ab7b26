"""Delimited text to tables, for the CSV and W&B readers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loglens.readers._axis import plain
from loglens.readers._clock import NAMES as CLOCK_NAMES
from loglens.readers._growing import Growing
from loglens.readers._header import find_header, is_number, split_header, unique
from loglens.readers._points import (
    ABSENT,
    Points,
    Words,
    count,
    frame_points,
    lettered,
    plain_points,
    to_frame,
    wants_pandas,
)
from loglens.readers._table import Table, refuse
from loglens.readers._text import LONGEST_LINE, LineTooLongError, open_text
from loglens.run import Note

if TYPE_CHECKING:
    import pandas as pd

#: Columns whose text says what a row is; all their cells are kept.
KEPT = frozenset({*CLOCK_NAMES, *"mode phase split stage tag metric name key run run_name".split()})
MOST_COLUMNS = 200_000
# stand-ins inside quoted cells for what would end the cell
_COMMA, _LINE, _SPACE = "\x1f", "\x1e", "\x1d"
_BACK = str.maketrans({_LINE: "\n", _SPACE: " "})


def load(path: Path) -> tuple[list[Table], list[Note]]:
    """The tables in a file: one, or several where a header line stands again in the body.

    Raises UnreadableError where there is no table at all.
    """
    sheet, notes = None, []
    try:
        for block in _whole_rows(open_text(path)):
            if sheet is None:
                start, lines = find_header(block)
                block = block[start:]
                sheet = Sheet(path, block, lines)
            sheet.feed(block)
    except LineTooLongError:
        if sheet is None:
            raise refuse(path, f"the first line is longer than {LONGEST_LINE >> 20} MB: no table") from None
        message = f"a line is longer than {LONGEST_LINE >> 20} MB; the rest is unread"
        notes.append(Note("corrupt", message, path.name))
    if sheet is None:
        raise refuse(path, "empty file: the run wrote nothing, or has not flushed yet")
    return sheet.finish(), [*sheet.notes(), *notes]


def _whole_rows(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks joined where one ends inside quotes, as far as memory allows."""
    held = b""
    for block in blocks:
        held = held + block if held else block
        if b'"' not in held or held.count(b'"') % 2 == 0 or len(held) > LONGEST_LINE:
            yield held
            held = b""
    if held:
        yield held


class Lines(NamedTuple):
    """Lines in plain form. whole: the last one ends with a line end. frame: the cells, where pandas sees them all."""

    text: bytes
    whole: bool
    frame: pd.DataFrame | None


class Sheet:
    """Takes a file block by block and keeps its points."""

    def __init__(self, path: Path, block: bytes, lines: int) -> None:
        self.path, self.seen, self.read = path, lines, 0
        self.size = path.stat().st_size
        self.fast = wants_pandas(self.size)
        line = block.split(b"\n", 1)[0]
        names, self.mark = split_header(line.decode("utf-8", "replace"))
        if len(names) > MOST_COLUMNS:
            raise refuse(path, f"{len(names)} columns: no training log has more than {MOST_COLUMNS}")
        if not any(names) or all(is_number(name) for name in names if name):
            raise refuse(path, "no header line: the first line holds numbers; put the column names there")
        self.delimiter = self.mark.encode()
        # a header line in the body begins with the first name, or with all where that is blank
        first = line.split(self.delimiter, 1)[0]
        brief = bool(names[0]) and len(names) > 1 and not first.startswith(b'"')
        self.lead = first + self.delimiter if brief else line
        leading = names[:1] if brief else names
        self.lettered = any(not is_number(name) and name.lower() not in ABSENT for name in leading)
        self.tables: list[Table] = []
        self.ragged: Counter[int] = Counter()
        self.example, self.torn, self.above = 0, False, b""
        self._begin(names)

    def _begin(self, names: list[str]) -> None:
        self.names, self.width = unique(names), len(names)
        self.points = Growing(row=np.int64, col=np.int32, value=np.float64)
        self.height = 0
        self.words = Words({col for col, name in enumerate(self.names) if plain(name) in KEPT})
        self.first: tuple[str, ...] = ()

    def feed(self, block: bytes) -> None:
        """Take a block of whole lines, split at the header lines in it."""
        self.read += len(block)
        lines = self._lines(block)
        if lines.frame is not None and self.lettered and not lettered(lines.frame):
            self._rows(lines)  # not one cell of it is text, so that no line of it is a header
            self.above = block.rstrip(b"\n").rpartition(b"\n")[2]
            return
        end = 0
        for start, stop in self._headers(block):
            names, _ = split_header(block[start:stop].decode("utf-8", "replace"))
            if any(is_number(name) for name in names):
                continue
            self._rows(self._lines(block[end:start]))
            if self.height:
                self.tables.append(self._table())
            self.seen += 1
            self._begin(names)
            end = stop + 1
        self._rows(self._lines(block[end:]) if end else lines)
        self.above = block.rstrip(b"\n").rpartition(b"\n")[2]

    def _headers(self, block: bytes) -> Iterator[tuple[int, int]]:
        """Where lines stand that begin as the header does."""
        at = 0 if block.startswith(self.lead) else block.find(b"\n" + self.lead) + 1
        while at or block.startswith(self.lead):
            stop = block.find(b"\n", at)
            stop = len(block) if stop < 0 else stop
            yield at, stop
            at = block.find(b"\n" + self.lead, stop) + 1
            if not at:
                return

    def finish(self) -> list[Table]:
        self.tables.append(self._table())
        return self.tables

    def notes(self) -> list[Note]:
        found = []
        if self.torn:
            found.append(Note("truncated", "the last line is torn (killed, or still writing)", self.path.name))
        if count := sum(self.ragged.values()):
            widths = ", ".join(str(width) for width, _ in self.ragged.most_common(3))
            rows = "1 row has" if count == 1 else f"{count} rows have"
            message = (
                f"{rows} {widths} cells where the header has {self.width} (first at line "
                f"{self.example}): which cell belongs where is not known, so left out"
            )
            found.append(Note("ragged", message, self.path.name))
        return found

    def _table(self) -> Table:
        text = {
            at: {line: self._restore(word) for line, word in cells.items()} for at, cells in self.words.text.items()
        }
        row, col, value = map(self.points.pop, ("row", "col", "value"))
        return Table(tuple(self.names), self.height, row, col, value, text, self.words.count, self.first)

    def _lines(self, block: bytes) -> Lines:
        whole = block.endswith(b"\n") or not block
        text = self._canonical(block if whole else self._believed(block) + b"\n")
        return Lines(text, whole, to_frame(text, self.width, self.mark) if self.fast and text else None)

    def _believed(self, block: bytes) -> bytes:
        """The last line, which has no end, without its last cell where that is shorter than the one above it.

        A writer ends each line; a table that was exported may have no line end behind the last. A number cut
        short is another number, and shorter than its like; the cells before it, and one in quotes, are whole.
        """
        before, _, last = block.rpartition(b"\n")
        rest, mark, cell = last.rpartition(self.delimiter)
        above = (before.rpartition(b"\n")[2] or self.above).rpartition(self.delimiter)[2]
        cell, above = cell.strip(), above.strip()
        known = not cell or cell.endswith(b'"') or len(cell) >= len(above)
        if known or not mark or not is_number(above.decode("utf-8", "replace")):
            return block
        self.torn = True
        return block[: len(block) - len(last) + len(rest) + 1]

    def _rows(self, lines: Lines) -> None:
        """Take lines without a header among them."""
        before, text = self.seen, lines.text
        self.seen += count(text, 10) if lines.frame is None else len(lines.frame)
        if lines.frame is not None:
            self._add(frame_points(lines.frame, self.mark, self.words, self.height), text)
        elif text and (text := self._regular(text, lines.whole, before)):
            self._add(plain_points(text, self.width, self.mark, self.words, self.height), text)

    def _add(self, points: Points, text: bytes) -> None:
        if not self.first:
            first = text.split(b"\n", 1)[0].decode("utf-8", "replace")
            self.first = tuple(map(self._restore, first.split(self.mark)))
        self.points.add(self.read / self.size, row=points.row, col=points.col, value=points.value)
        self.height += points.height

    def _canonical(self, block: bytes) -> bytes:
        """The same lines without quotes and without padding around the cells."""
        if b'"' in block:
            block = _unquote(block, self.mark)
        if self.mark == " ":
            block = block.replace(b"\t", b" ")
        if b" " in block or (self.mark != "\t" and b"\t" in block):
            while b"  " in block:
                block = block.replace(b"  ", b" ")
            blanks = (b" ",) if self.mark in {"\t", " "} else (b" ", b"\t")
            edges = (b"\n",) if self.mark == " " else (b"\n", self.delimiter)
            for blank in blanks:
                for edge in edges:
                    block = block.replace(blank + edge, edge).replace(edge + blank, edge)
                block = block.removeprefix(blank)
        return block

    def _regular(self, block: bytes, whole: bool, before: int) -> bytes:
        """The lines that have as many cells as the header; others are counted and left out."""
        array = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(array == 10)
        marks = np.flatnonzero(array == self.delimiter[0])
        cells = np.diff(np.searchsorted(marks, ends), prepend=0) + 1
        empty = np.diff(ends, prepend=-1) == 1
        good = (cells == self.width) & ~empty
        if good.all():
            return block
        kept = []
        for number, line in enumerate(block.split(b"\n")[:-1]):
            if good[number]:
                kept.append(line)
            elif empty[number] or line.startswith(b"#"):
                continue
            elif (bare := line.rstrip(self.delimiter)).count(self.delimiter) < self.width <= cells[number]:
                # blank cells too many at the end: a delimiter closes each line
                kept.append(bare + self.delimiter * (self.width - 1 - bare.count(self.delimiter)))
            elif not whole and number == len(good) - 1:
                self.torn = True
            else:
                self.example = self.example or before + number + 1
                self.ragged[int(cells[number])] += 1
        return b"\n".join([*kept, b""]) if kept else b""

    def _restore(self, cell: str) -> str:
        return cell.translate(_BACK).replace(_COMMA, self.mark)


def _unquote(block: bytes, mark: str) -> bytes:
    """Quoted cells made plain, so that a delimiter, a line end or a blank inside no longer counts."""
    return "\n".join(_plain_lines(block.decode("utf-8", "replace"), mark)).encode() + b"\n"


def _plain_lines(text: str, mark: str) -> Iterator[str]:
    inside = str.maketrans({mark: _COMMA, "\n": _LINE, " ": _SPACE})
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:  # a cell beyond the limit of the csv module: that line is lost
            yield "?"
            continue
        yield mark.join(cell.strip().translate(inside) for cell in row)
