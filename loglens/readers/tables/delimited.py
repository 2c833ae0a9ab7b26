"""Parse delimited text into tables, for the CSV and W&B readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from loglens.model.source import Note
from loglens.readers.files.read_ahead import ahead
from loglens.readers.files.text_file import MAX_LINE, LineTooLongError, open_text
from loglens.readers.files.values import refuse
from loglens.readers.tables.cell_values import (
    ABSENT,
    Grid,
    Points,
    Words,
    count,
    grid_points,
    ordinal,
    plain_points,
    to_grid,
    wants_pandas,
)
from loglens.readers.tables.clock import NAMES as CLOCK_NAMES
from loglens.readers.tables.growing_columns import Growing
from loglens.readers.tables.header import find_header, is_number, no_header, split_header, unique
from loglens.readers.tables.plain_lines import plain_lines, restored, whole_rows
from loglens.readers.tables.several_runs import BLOCKS, RUNS
from loglens.readers.tables.step_axis import plain
from loglens.readers.tables.table import Table

#: Columns whose text says what a row is; all their cells are kept.
KEPT = frozenset({*CLOCK_NAMES, *RUNS, *BLOCKS, *"mode phase split stage tag metric name key id".split()})
MAX_COLUMNS = 200_000
#: Lines above a last one that is cut off whose numbers show how long its last cell would be; all of them must have one.
NEAR, FEW = 20, 3
#: What no line begins with.
_NO_LINE = b"\0\n"


def load(path: Path, columns: Sequence[str] = ()) -> tuple[list[Table], list[Note]]:
    """The tables in a file: one, or several where a header line stands again in the body.

    columns: the names of the columns of a file that has no header line.
    Raises UnreadableError where there is no table at all.
    """
    notes: list[Note] = []
    blocks = whole_rows(_known_lines(open_text(path), path, notes))
    first = next(blocks, None)
    if first is None:
        empty = "empty file: the run wrote nothing, or has not flushed yet"
        raise refuse(path, f"the first line is longer than {MAX_LINE >> 20} MB: no table" if notes else empty)
    start, lines = find_header(first)
    sheet = Sheet(path, first[start:], lines, columns)
    rest = sheet.without_cut_cell(chain([first[start:]], blocks))
    for each in ahead(sheet.lines, rest) if sheet.fast else map(sheet.lines, rest):
        sheet.feed(each)
    return sheet.finish(), [*sheet.notes(), *notes]


def _known_lines(blocks: Iterator[bytes], path: Path, notes: list[Note]) -> Iterator[bytes]:
    """Yield the blocks before a line that is too long, and note it."""
    try:
        yield from blocks
    except LineTooLongError:
        message = f"a line is longer than {MAX_LINE >> 20} MB; the rest is unread"
        notes.append(Note("corrupt", message, path.name))


class Lines(NamedTuple):
    """Lines as written and in plain form. whole: the last one ends with a line end. grid: where pandas sees all."""

    block: bytes
    text: bytes
    whole: bool
    grid: Grid | None


class Sheet:
    """Collects the points of a file block by block."""

    def __init__(self, path: Path, block: bytes, lines: int, columns: Sequence[str] = ()) -> None:
        self.path, self.seen, self.read = path, lines, 0
        self.size = path.stat().st_size
        self.fast = wants_pandas(self.size)
        line = block.split(b"\n", 1)[0]
        names, self.mark = split_header(line.decode("utf-8", "replace"))
        if len(names) > MAX_COLUMNS:
            raise refuse(path, f"{len(names)} columns: no training log has more than {MAX_COLUMNS}")
        bare = not any(names) or all(is_number(name) for name in names if name)
        if bare and len(columns) != len(names):
            raise refuse(path, no_header(len(names), columns))
        self.delimiter = self.mark.encode()
        # a header line in the body begins with the first name, or with all where that is blank
        first = line.split(self.delimiter, 1)[0]
        brief = bool(names[0]) and len(names) > 1 and not first.startswith(b'"') and bool(first.strip(b"# "))
        self.lead = first + self.delimiter if brief else line
        leading = names[:1] if brief else names
        if bare:
            names, leading, self.lead = list(columns), list(columns), _NO_LINE
        self.lettered = any(not is_number(name) and name.lower() not in ABSENT for name in leading)
        self.tables: list[Table] = []
        self.ragged: Counter[int] = Counter()
        self.example, self.cut_off = 0, False
        self._begin(names)

    def _begin(self, names: list[str]) -> None:
        self.names, self.width = unique(names), len(names)
        self.points, self.rows = Growing(col=ordinal(self.width), value=np.float64), Growing(sizes=np.int32)
        self.words = Words({col for col, name in enumerate(self.names) if plain(name) in KEPT})
        self.first: tuple[str, ...] = ()

    def without_cut_cell(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks without a last cell that was probably cut off: no line end follows, and it is short.

        A writer ends each line; a table that was exported may have no line end behind the last. A number cut
        short is another number, and shorter; the cells before it, and one in quotes, are whole.
        """
        above = b""
        for block in blocks:
            if block.endswith(b"\n"):
                yield block
            else:
                *lines, last = (_last_lines(above) + _last_lines(block)).split(b"\n")
                cells = [line.rpartition(self.delimiter)[2].strip() for line in lines]
                lengths = [len(cell) for cell in cells if is_number(cell.decode("utf-8", "replace"))]
                rest, mark, cell = last.rpartition(self.delimiter)
                cell = cell.strip()
                if mark and cell and not cell.endswith(b'"') and len(lengths) >= FEW and len(cell) < min(lengths):
                    self.cut_off = True
                    block = block[: len(block) - len(last) + len(rest) + 1]
                yield block
            above = block

    def lines(self, block: bytes) -> Lines:
        """Whole lines in plain form, and their cells. The width that counts is the one when they are taken."""
        whole = block.endswith(b"\n") or not block
        text = plain_lines(block if whole else block + b"\n", self.mark)
        return Lines(block, text, whole, to_grid(text, self.width, self.mark) if self.fast and text else None)

    def feed(self, lines: Lines) -> None:
        """Take whole lines, split at the header lines among them."""
        block = lines.block
        self.read += len(block)
        if lines.grid is not None and self.lettered and not lines.grid.texts:
            self._rows(lines)  # not one cell of it is text, so that no line of it is a header
            return
        end = 0
        for start, stop in self._headers(block):
            names, _ = split_header(block[start:stop].decode("utf-8", "replace"))
            if any(is_number(name) for name in names):
                continue
            self._rows(self.lines(block[end:start]))
            if self.rows.size:
                self.tables.append(self._table())
            self.seen += 1
            self._begin(names)
            end = stop + 1
        self._rows(self.lines(block[end:]) if end else lines)

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
        if self.cut_off:
            found.append(Note("truncated", "the last line is cut off (killed, or still writing)", self.path.name))
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
            at: {line: restored(word, self.mark) for line, word in cells.items()}
            for at, cells in self.words.text.items()
        }
        sizes, col, value = self.rows.pop("sizes"), self.points.pop("col"), self.points.pop("value")
        return Table(tuple(self.names), sizes, col, value, text, self.words.count, self.first)

    def _rows(self, lines: Lines) -> None:
        """Take lines without a header among them."""
        before, text, grid = self.seen, lines.text, lines.grid
        self.seen += count(text, 10) if grid is None else len(grid.value)
        if grid is not None and grid.value.shape[1] == self.width:
            self._add(grid_points(grid, self.mark, self.words, self.rows.size), text)
        elif text and (text := self._regular(text, lines.whole, before)):
            self._add(plain_points(text, self.width, self.mark, self.words, self.rows.size), text)

    def _add(self, points: Points, text: bytes) -> None:
        if not self.first:
            first = text.split(b"\n", 1)[0].decode("utf-8", "replace")
            self.first = tuple(restored(cell, self.mark) for cell in first.split(self.mark))
        self.rows.add(self.read / self.size, sizes=points.sizes)
        self.points.add(self.read / self.size, col=points.col, value=points.value)

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
                self.cut_off = True
            else:
                self.example = self.example or before + number + 1
                self.ragged[int(cells[number])] += 1
        return b"\n".join([*kept, b""]) if kept else b""


def _last_lines(block: bytes) -> bytes:
    """The last lines of a block: `NEAR` whole ones, and what follows them."""
    at = len(block)
    for _ in range(NEAR + 1):
        at = block.rfind(b"\n", 0, max(at, 0))
    return block[at + 1 :]
