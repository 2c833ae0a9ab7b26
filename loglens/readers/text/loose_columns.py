"""Read tables whose header and rows stand one blank or many apart, under labels, "#" or other signs.

  Train      #    Epoch      wal       LR         loss        f_mae
! Train               1    31.123    0.005        0.921         22.2
! Validation          1    31.123    0.005        0.954         23.1

The last names of the header are those of the numbers of a row; the first of them counts. What stands before the
numbers says what they are of, or else the line above the header that says nothing but "training" or "validation".
"""

from __future__ import annotations

import re

from loglens.readers.text.cell_names import is_counter, split_word

_NAME = rb"[A-Za-z_#!|*<>-][\w./@%()+|*<>-]*+"
_HEADER_LINE = re.compile(rb"[ \t]*+(?:%s[ \t]++){2,40}%s[ \t]*+\r?" % (_NAME, _NAME))
#: A line of words, one of which counts, above a line with numbers; a quick test for a whole block.
HEADER = re.compile(
    rb"(?mi)^(?=[^\d\n]{0,60}\b(?:epochs?|steps?|iter|iters|iterations?|it|rounds?)[ \t])%s\n[^\n]*\d[ \t]+[-\d.]"
    % _HEADER_LINE.pattern
)
_NUMBER = re.compile(rb"[-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d++)?|nan|[-+]?inf", re.I)
_COUNT = re.compile(rb"\d++")
_WORD = re.compile(rb"[A-Za-z_][\w.-]*")
_LEAST, _MOST_LABELS, _NEAR = 3, 4, 3


class LooseColumns:
    """Rewrites rows, line by line: "! Train 1 0.92" under "Train # Epoch loss" becomes "Epoch: 1 Train/loss: 0.92"."""

    def __init__(self) -> None:
        self._header: list[bytes] = []
        self._section = b""
        self._since = self._since_header = 0
        self._proven = False

    @property
    def begun(self) -> bool:
        """Whether there was a header."""
        return bool(self._header)

    def rewrite(self, line: bytes) -> bytes | None:
        """The line as named values, None where it is no row of such a table."""
        cells = line.split()
        self._since += 1
        self._since_header += 1
        if not cells:
            return None
        if len(cells) == 1 and split_word(cells[0].decode("utf-8", "replace")):
            self._section, self._since = cells[0], 0
        elif self._header and (row := self._row(cells)):
            self._proven = True
            return row
        elif _HEADER_LINE.fullmatch(line) and any(is_counter(word.decode("utf-8", "replace")) for word in cells):
            self._section = self._section if self._since <= _NEAR else b""
            self._header, self._since_header, self._proven = cells, 0, False
        return None

    def _row(self, cells: list[bytes]) -> bytes | None:
        """The values of a row: of numbers behind a label of a few words, as many as the header can name."""
        first = next((at for at, cell in enumerate(cells) if _NUMBER.fullmatch(cell)), len(cells))
        numbers = cells[first:]
        if len(numbers) < _LEAST or first > _MOST_LABELS or not all(map(_NUMBER.fullmatch, numbers)):
            return None
        if len(numbers) > len(self._header) or not (self._proven or self._since_header == 1):
            return None
        names = self._header[-len(numbers) :]
        if not is_counter(names[0].decode("utf-8", "replace")) or not _COUNT.fullmatch(numbers[0]):
            return None
        if not all(map(_WORD.match, names)) or (first == 0 and len(numbers) < len(self._header) - 1):
            return None
        words = [word for cell in cells[:first] for word in _WORD.findall(cell)]
        label = next((word for word in words if split_word(word.decode())), b"_".join(words)) or self._section
        of = label + b"/" if label else b""
        return b" ".join(
            (b"" if is_counter(name.decode("utf-8", "replace")) else of) + name + b": " + cell
            for name, cell in zip(names, numbers, strict=True)
        )
