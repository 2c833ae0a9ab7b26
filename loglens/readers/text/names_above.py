"""Read columns whose names stand above them one in a line, "# epoch" over "# loss", as NequIP prints them."""

from __future__ import annotations

import re

from loglens.readers.text.cell_names import is_counter

#: Two such lines, one below the other; a quick test for a whole block.
HEADER = re.compile(rb"(?m)^# [A-Za-z_]\S*+[ \t]*+\r?\n# [A-Za-z_]\S*+[ \t]*+\r?$")
_NAME = re.compile(rb"# ([A-Za-z_]\S*+)[ \t]*+\r?")
_NUMBER = re.compile(rb"[-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d++)?|nan|[-+]?inf", re.I)
_LEAST, _MAX_LENGTH = 3, 4000


class NamesAbove:
    """Rewrites rows, line by line: "1 0.85" under "# epoch" and "# loss" becomes "epoch: 1 loss: 0.85"."""

    def __init__(self) -> None:
        self._names: list[bytes] = []
        self._ended = True

    @property
    def begun(self) -> bool:
        """Whether there was a header."""
        return bool(self._names)

    def rewrite(self, line: bytes) -> bytes | None:
        """The line as named values, None where it is no row of such columns."""
        if name := _NAME.fullmatch(line):
            self._names = [name[1]] if self._ended else [*self._names, name[1]]
            self._ended = False
            return None
        self._ended = True
        if len(self._names) < _LEAST or len(line) > _MAX_LENGTH:
            return None
        cells = line.split()
        if len(cells) != len(self._names) or not all(map(_NUMBER.fullmatch, cells)):
            return None
        if not any(is_counter(name.decode("utf-8", "replace")) for name in self._names):
            return None
        return b" ".join(name + b": " + cell for name, cell in zip(self._names, cells, strict=True))
