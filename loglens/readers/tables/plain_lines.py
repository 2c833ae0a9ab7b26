"""Remove quotes and padding from lines of delimited text, so that every delimiter separates two cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from loglens.readers.files.text_file import MAX_LINE

# stand-ins inside quoted cells for what would end the cell
_COMMA, _LINE, _SPACE = "\x1f", "\x1e", "\x1d"
_BACK = str.maketrans({_LINE: "\n", _SPACE: " "})


def whole_rows(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Join blocks where one ends inside quotes, up to a limit of memory."""
    held = b""
    for block in blocks:
        held = held + block if held else block
        if b'"' not in held or held.count(b'"') % 2 == 0 or len(held) > MAX_LINE:
            yield held
            held = b""
    if held:
        yield held


def plain_lines(block: bytes, mark: str) -> bytes:
    """The same lines without quotes and without padding around the cells."""
    if b'"' in block:
        block = _unquoted(block, mark)
    if mark == " ":
        block = block.replace(b"\t", b" ")
    if b" " in block or (mark != "\t" and b"\t" in block):
        while b"  " in block:
            block = block.replace(b"  ", b" ")
        blanks = (b" ",) if mark in {"\t", " "} else (b" ", b"\t")
        edges = (b"\n",) if mark == " " else (b"\n", mark.encode())
        for blank in blanks:
            for edge in edges:
                block = block.replace(blank + edge, edge).replace(edge + blank, edge)
            block = block.removeprefix(blank)
    return block


def restored(cell: str, mark: str) -> str:
    """Undo in one cell the substitutions of `plain_lines`."""
    return cell.translate(_BACK).replace(_COMMA, mark)


def _unquoted(block: bytes, mark: str) -> bytes:
    """Unquote cells, and substitute delimiters, line ends and blanks inside of them."""
    return "\n".join(_rows(block.decode("utf-8", "replace"), mark)).encode() + b"\n"


def _rows(text: str, mark: str) -> Iterator[str]:
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
