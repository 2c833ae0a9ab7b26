"""Read tables printed row by row under a ruled header, as skorch does: each value gets the name of its column.

This is the format "simple" of tabulate: columns stand two blanks apart, each as wide as its dashes, their
cells to the right. A cell that is too wide pushes the rest of its row on; one that is blank did not happen.
Without names above its rule, a table of two columns holds a name and its value in each row, as dowel and rlkit print.
Tables in Markdown ("a | b" over "-- | --") and boxes ("+---+---+") are read too.
"""

from __future__ import annotations

import re

from loglens.readers.text.box_drawing import in_ascii
from loglens.readers.text.cell_names import is_counter
from loglens.readers.text.loose_columns import HEADER as LOOSE
from loglens.readers.text.loose_columns import LooseColumns
from loglens.readers.text.named_columns import HEADER, NamedColumns
from loglens.readers.text.names_above import HEADER as NAMES_ABOVE
from loglens.readers.text.names_above import NamesAbove
from loglens.readers.text.stacked_headings import HEADING, StackedHeadings
from loglens.readers.text.templates import ANSI

_RULE = re.compile(rb" *-{2,}(?:  -{2,})+ *\r?")
#: The rule of a Markdown table: "-- | :--: | --".
_BAR_RULE = re.compile(rb" *+\|? *+:?-{2,}+:? *+(?:\| *+:?-{2,}+:? *+)++\|? *+\r?")
#: The rules of a box, "+-----+----+", and a line of cells between two of them.
_BOX_RULE = re.compile(rb" *\+(?:[-=]{2,}\+){2,} *\r?")
_BOX_MARK = re.compile(rb"(?m)^ *\+[-=]{2,}\+[-=]{2,}\+")
_BOX_ROW = re.compile(rb" *\|(?:[^|]+\|){2,} *\r?")
#: A rule across cells that only bars part: "| epoch | loss |" over "----------------".
_WHOLE_RULE = re.compile(rb" *(?:[|+]?-{8,}[|+]?|={8,}) *\r?")
_WHOLE_MARK = re.compile(rb"\|[ \t]*\r?\n *(?:[|+]?-{8,}[|+]?|={8,}) *\r?$", re.M)
_DIGIT_CELL = re.compile(rb"\|\s*[-+.]?\d[\d.e+-]*\s*\|")
#: The rule of a table of MATLAB, whose header may be stacked over so many lines.
_BAR_LINE = re.compile(rb" *\|={8,}\| *\r?")
_MAX_STACKED = 3
_CLOCK = re.compile(rb"(?:\d+:)?\d+:\d\d(?:\.\d+)?|\d++(?:\.\d++)? ?m?s")
#: A row of a table of names and values.
_PAIR_ROW = re.compile(rb"([A-Za-z]\S*(?: \S+)*) {2,}([-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf)) *\r?", re.I)
_SHEET_RULE = b"-" * 8
_DASHES = re.compile(rb"-+")
_NUMBER = re.compile(rb"[-+]?(?:\d++\.?\d*+(?:e[-+]?\d++)?|nan|inf)", re.I)
_NUMERIC = re.compile(rb"\s*\d[\s\d.+naife-]*", re.I)
#: A quick test for `_BAR_RULE`: dashes beside a bar.
_BAR_MARK = re.compile(rb"--:? *\|")
#: spaCy heads its columns of epochs and steps so.
_NAMES = {b"E": b"epoch", b"#": b"step"}
#: How skorch writes an event; where there was none, the cell is blank.
_EVENT = b"+"


class RuledTables:
    """Rewrites the rows of such tables, line by line: " 1  0.25" under "epoch  loss" becomes "epoch: 1 loss: 0.25"."""

    def __init__(self) -> None:
        self._names: list[bytes] = []
        self._spans: list[tuple[int, int]] = []
        self._barred = self._paired = False
        self._last = b""
        self._unruled = NamedColumns()
        self._stacked = StackedHeadings()
        self._loose = LooseColumns()
        self._above = NamesAbove()

    def rewrite(self, block: bytes) -> bytes:
        """A block of whole lines, with as many lines as before."""
        block = in_ascii(block)
        tables = self._tables(block)
        if not any(tables):
            self.skip(block)
            return block
        _, unruled, stacked, loose, above_it = tables
        lines = ANSI.sub(b"", block).split(b"\n")
        for at, line in enumerate(lines):
            above = lines[at - 1] if at else self._last
            if _BOX_RULE.fullmatch(line) or (above.rstrip().endswith(b"|") and _WHOLE_RULE.fullmatch(line)):
                if _BOX_ROW.fullmatch(above) and not _DIGIT_CELL.search(above):
                    self._barred = True
                    self._begin(above, line)
            elif _BAR_LINE.fullmatch(line):
                self._begin_stacked(lines[max(at - _MAX_STACKED, 0) : at])
            elif (barred := bool(_BAR_RULE.fullmatch(line))) or _RULE.fullmatch(line):
                self._barred = barred
                self._unruled.forget()
                self._begin(above, line)
                self._paired = not (barred or self._names or self._paired) and len(_DASHES.findall(line)) == len(b"kv")
                lines[at] = line if barred or self._names else _SHEET_RULE
            elif self._paired and (pair := _PAIR_ROW.fullmatch(line)):
                lines[at] = b"| %s | %s |" % (pair[1], pair[2])
            elif self._names and (cells := self._cells(line)):
                named = zip(self._names, cells, strict=True)
                lines[at] = b" ".join(name + b": " + cell for name, cell in named if not _is_left_out(cell))
            else:
                row = self._unruled.rewrite(line) if unruled else None
                row = row or (stacked and self._stacked.rewrite(above, line)) or None
                row = row or (above_it and self._above.rewrite(line)) or None
                lines[at] = row or (loose and self._loose.rewrite(line)) or line
        self._last = lines[-1] or (lines[-2] if len(lines) > 1 else b"")
        return b"\n".join(lines)

    def concerns(self, block: bytes) -> bool:
        """Whether a block may be rewritten."""
        return in_ascii(block) != block or any(self._tables(block))

    def skip(self, block: bytes) -> None:
        """Take note of a block that is not rewritten: a table of the next one may begin in its last line."""
        self._last = block[:-1].rpartition(b"\n")[2]

    def _tables(self, block: bytes) -> tuple[bool, ...]:
        """Which kinds of tables a block may hold: ruled, with a line of names, of two, loose ones, with names above."""
        ruled = bool(
            b"|====" in block
            or b"--  --" in block
            or (b"|" in block and _BAR_MARK.search(block))
            or _BOX_MARK.search(block)
            or ((b"-" * 8 in block or b"=" * 8 in block) and _WHOLE_MARK.search(block))
            or self._names
            or self._paired
        )
        commented = b"\n# " in block or block.startswith(b"# ")
        return (
            ruled,
            self._unruled.begun or bool(HEADER.search(block)),
            self._stacked.begun or bool(HEADING.search(block)),
            self._loose.begun or bool(LOOSE.search(block)),
            self._above.begun or bool(commented and NAMES_ABOVE.search(block)),
        )

    def breaks_off(self, line: bytes) -> bool:
        """Whether a last line without an end is a row that lacks its end."""
        line = ANSI.sub(b"", line)
        return bool(self._names) and _NUMERIC.fullmatch(line) is not None and not self._cells(line)

    def _begin(self, header: bytes, rule: bytes) -> None:
        """Take the column names of a table that counts steps or epochs; ignore any other table."""
        self._names = []
        self._spans = [found.span() for found in _DASHES.finditer(rule)]
        self._names = [_NAMES.get(name, name).replace(b" / ", b"/") for name in self._split(header) or []]
        if not all(self._names) or not any(is_counter(name.decode("utf-8", "replace")) for name in self._names):
            self._names, self._spans = [], []

    def _begin_stacked(self, above: list[bytes]) -> None:
        """Take the column names over a rule of MATLAB, "|=====|", each written over one line or several."""
        header: list[list[bytes]] = []
        for line in reversed(above):
            cells = [cell.strip() for cell in line.strip().strip(b"|").split(b"|")]
            if not _BOX_ROW.fullmatch(line) or any(map(_NUMBER.fullmatch, cells)):
                break
            header.insert(0, cells)
        if len({len(cells) for cells in header}) != 1:
            return  # a rule below the rows, or no table
        self._barred, self._spans = True, []
        self._names = [b" ".join(filter(None, column)) for column in zip(*header, strict=True)]
        if not all(self._names) or not any(is_counter(name.decode("utf-8", "replace")) for name in self._names):
            self._names = []

    def _cells(self, line: bytes) -> list[bytes] | None:
        """The cells of a row; None for what is no row, or not whole."""
        cells = self._split(line)
        if cells is None or not cells[0] or not all(_is_cell(cell) for cell in cells):
            return None
        return cells

    def _split(self, line: bytes) -> list[bytes] | None:
        if self._barred:
            cells = [cell.strip() for cell in line.strip().removeprefix(b"|").removesuffix(b"|").split(b"|")]
            return cells if not self._names or len(cells) == len(self._names) else None
        return self._split_at_spans(line)

    def _split_at_spans(self, line: bytes) -> list[bytes] | None:
        line, shift, stop = line.rstrip(), 0, 0
        cells: list[bytes] = []
        for begin, end in self._spans:
            if line[stop : begin + shift].strip():
                return None
            begin, stop = begin + shift, end + shift
            while stop < len(line) and line[stop : stop + 1] != b" ":
                stop += 1
            shift = stop - end
            cells.append(line[begin:stop].strip())
        # a name may be narrower than its column, to the left of it; a number never is
        return cells if stop == len(line) or (stop > len(line) and not self._names) else None


def _is_cell(cell: bytes) -> bool:
    return _is_left_out(cell) or _NUMBER.fullmatch(cell.removesuffix(b"%")) is not None


def _is_left_out(cell: bytes) -> bool:
    """Whether a cell is blank, the mark of an event or a duration."""
    return cell in (b"", _EVENT) or _CLOCK.fullmatch(cell) is not None
