"""Write a dictionary that is printed over several lines, as pprint and indented JSON do, as one line.

What counts may stand at its end, "'step': 50}", and belongs to all of it. The line is the last one; those before
are left blank, so that lines keep their numbers.
"""

from __future__ import annotations

import re

_NAME = rb"""(?:'[^'\n]{1,80}'|"[^"\n]{1,80}")"""
_ITEM = rb"[ \t]*+" + _NAME + rb": ?[^\n{}\[\]]{1,120}"
#: How it begins: with its first item on the line, or with the brace alone; something may stand before.
_OPENING = re.compile(rb"[^\n{}]{0,200}\{(?:" + _ITEM + rb",)?[ \t]*\r?")
_INSIDE = re.compile(_ITEM + rb",?[ \t]*\r?")
_CLOSING = re.compile(_ITEM + rb",?[ \t]*\}[^\n{}]{0,80}|[ \t]*\}[ ,;)\]]*\r?")
#: A quick test: a line that may open one.
_MARK = re.compile(rb"\{(?:[ \t]*['\"][^\n{}]*,)?[ \t]*\r?\n")
_MAX_LINES = 200


class PrintedDicts:
    """Joins the lines of such dictionaries, block by block."""

    def __init__(self) -> None:
        self._open: list[bytes] = []

    def concerns(self, block: bytes) -> bool:
        """Whether a block may be rewritten."""
        return bool(self._open or (b"{" in block and _MARK.search(block)))

    def rewrite(self, block: bytes) -> bytes:
        """A block of whole lines, with as many lines as before."""
        if not self.concerns(block):
            return block
        lines = block.split(b"\n")
        end = len(lines) - 1  # what stands behind the last line end is no line
        opened, before = 0 if self._open else -1, self._open
        for at, line in enumerate(lines[:end]):
            if opened < 0:
                if line.endswith((b",", b"{", b"\r", b" ")) and b"{" in line and _OPENING.fullmatch(line):
                    opened, before = at, []
            elif _CLOSING.fullmatch(line):
                lines[at] = _joined([*before, *lines[opened : at + 1]])
                lines[opened:at] = [b""] * (at - opened)
                opened, before = -1, []
            elif not _INSIDE.fullmatch(line) or len(before) + at - opened > _MAX_LINES:
                opened, before = -1, []
        self._open = [*before, *lines[opened:end]] if opened >= 0 else []
        if opened >= 0:
            lines[opened:end] = [b""] * (end - opened)
        return b"\n".join(lines)


def _joined(lines: list[bytes]) -> bytes:
    return b" ".join(line.strip() for line in lines)
