"""Read tables of blank-separated columns whose names are printed over two lines, as Vowpal Wabbit does.

average  since      example  current
loss     last       counter    label
0.569    0.569         5000  -1.0000
"""

from __future__ import annotations

import re

from loglens.readers.text.cell_names import is_counter

_WORDS = rb"[ \t]*+[A-Za-z_]++(?:[ \t]++[A-Za-z_]++){2,15}[ \t]*+\r?"
_LINE = re.compile(_WORDS)
#: Two lines of words above a number; a quick test for a whole block.
HEADING = re.compile(rb"(?m)^%s\n%s\n[ \t]*+[-+.\d]" % (_WORDS, _WORDS))
_NUMBER = re.compile(rb"[-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d++)?|nan|[-+]?inf", re.I)
_COUNT = re.compile(rb"\d++")
#: A mark behind the last cell of a row: "61 h" of a row measured on held-out data.
_MARK = re.compile(rb"[A-Za-z*]")


class StackedHeadings:
    """Rewrites rows, line by line: "0.569 5000" under "loss" and "counter" becomes "step: 5000 loss: 0.569"."""

    def __init__(self) -> None:
        self._names: list[bytes] = []
        self._at = -1

    @property
    def begun(self) -> bool:
        """Whether there was a heading."""
        return bool(self._names)

    def rewrite(self, above: bytes, line: bytes) -> bytes | None:
        """The line as named values, None where it is no row of such a table. above: the line before."""
        cells = line.split()
        if self._names and (row := self._row(cells)):
            return row
        if len(cells) > 2 and _LINE.fullmatch(line) and _LINE.fullmatch(above):
            self._begin(above.split(), cells)
        return None

    def _begin(self, upper: list[bytes], lower: list[bytes]) -> None:
        """Take the names of the columns of a table that counts."""
        if len(upper) != len(lower):
            return
        names = [one + b" " + two for one, two in zip(upper, lower, strict=True)]
        counters = [at for at, name in enumerate(names) if _counts(name)]
        if counters:
            self._names, self._at = names, counters[0]

    def _row(self, cells: list[bytes]) -> bytes | None:
        if len(cells) == len(self._names) + 1 and _MARK.fullmatch(cells[-1]):
            cells = cells[:-1]
        if len(cells) != len(self._names) or not all(map(_NUMBER.fullmatch, cells)):
            return None
        if not _COUNT.fullmatch(cells[self._at]):
            return None
        values = (
            name + b": " + cell
            for at, (name, cell) in enumerate(zip(self._names, cells, strict=True))
            if at != self._at
        )
        return b"step: %s %s" % (cells[self._at], b" ".join(values))


def _counts(name: bytes) -> bool:
    return is_counter(name.decode("ascii")) or name.lower().endswith((b" counter", b" count"))
