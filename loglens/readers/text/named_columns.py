"""Read tables of blank-separated columns under a line of names, as fastai, YOLOv5 and ultralytics print them.

The first name counts ("Epoch"); a row has as many cells, the first of them a whole number or "3/99". A progress
bar may stand behind the last cell and be drawn again and again; its last state counts. YOLO's second table, of
the validation, counts nothing: its row "all" belongs to the epoch before it.
"""

from __future__ import annotations

import re

from loglens.readers.text.cell_names import is_counter

#: A line that may be the header of such a table; a quick test for a whole block.
HEADER = re.compile(rb"(?mi)(?:^|\r)[ \t]*(?:epoch|step|iter|iteration|it|round)s?(?:[ \t]{2,}|\t)[A-Za-z_]")
_NAME = re.compile(rb"[A-Za-z_][\w@./()%+-]*(?::\.\d+)?")
_GAP = re.compile(rb"[ \t]{2,}|\t")
_BAR = re.compile(rb"(?<![ :]):? ++\d+%\|.*|(?<! ) ++\[?[-#=]*+>?\.*+\]? ++\d+%.*", re.S)
_SPAN = re.compile(rb"\S+(?: \S+)*")
#: A cell, which may be a list of numbers: "[1.2e-01, 3.4e-02]".
_CELL = re.compile(rb"\[[-+\d.,e naif]*\]|\S+", re.I)
_LIST = re.compile(rb"\[[-+\d.,e naif]*\]", re.I)
_COUNT = re.compile(rb"(\d+)(?:/\d+)?")
#: A number, perhaps with a unit of memory or a per cent sign; a time of day or a duration is left out.
_NUMBER = re.compile(rb"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf|-inf)([KMGT]i?B?|%)?", re.I)
_DURATION = re.compile(rb"(?:\d+:)?\d+:\d\d(?:\.\d+)?|\d+(?:\.\d+)?[smhd]|-|none|na", re.I)
_CLASSES, _ALL = b"class", b"all"
#: A row has as many cells at least, and is no longer.
_MIN_NAMES, _MAX_LENGTH = 3, 2000
#: YOLOv5 to v7 print the parts of the loss so beside the memory; their event files call them box_loss and so on.
_YOLO, _YOLO_LOSSES = b"gpu_mem", frozenset({b"box", b"obj", b"cls", b"total"})


class NamedColumns:
    """Rewrites rows, line by line: " 0/99  0.38G" under "Epoch  gpu_mem" becomes "Epoch: 0 gpu_mem: 0.38"."""

    def __init__(self) -> None:
        self._names: list[bytes] = []
        self._classes: list[bytes] = []
        self._count = b""
        self._spans: list[tuple[int, int]] = []

    @property
    def begun(self) -> bool:
        """Whether there was a header."""
        return bool(self._names)

    def forget(self) -> None:
        """Another kind of table begins here."""
        self._names, self._classes = [], []

    def rewrite(self, line: bytes) -> bytes | None:
        """The line as named values, None where it is no row of such a table."""
        pieces = [piece for piece in line.split(b"\r") if piece.strip() and len(piece) <= _MAX_LENGTH]
        for piece in reversed(pieces):
            bare = _BAR.sub(b"", piece, count=1).rstrip(b": ")
            if self._is_header(bare):
                self._spans = [found.span() for found in _SPAN.finditer(bare)]
                return None
            if row := self._row(bare):
                return row
        return None

    def _is_header(self, line: bytes) -> bool:
        names = [name.strip() for name in _GAP.split(line.strip())]
        if len(names) < _MIN_NAMES or not all(_NAME.fullmatch(name.replace(b" ", b"_")) for name in names):
            return False
        if names[0].lower() == _CLASSES and self._names:
            self._classes = [_plain(name) for name in names[1:]]
            return True
        if is_counter(names[0].decode("ascii")):
            names = list(map(_plain, names))
            if _YOLO in names:
                names = [name + b"_loss" if name in _YOLO_LOSSES else name for name in names]
            if names != self._names:  # a header that comes again may stand before the last row of its epoch
                self._names, self._classes, self._count = names, [], b""
            return True
        return False

    def _row(self, line: bytes) -> bytes | None:
        cells = _CELL.findall(line)
        if self._count and self._classes and len(cells) == len(self._classes) + 1 and cells[0] == _ALL:
            values = _values(self._classes, cells[1:])
            return values and b"%s: %s %s" % (self._names[0], self._count, values)
        if _MIN_NAMES <= len(cells) < len(self._names):
            cells = self._placed(line) or cells
        if not cells or len(cells) != len(self._names) or not (count := _COUNT.fullmatch(cells[0])):
            return None
        values = _values(self._names[1:], cells[1:])
        if values:
            self._count = count[1]
            return b"%s: %s %s" % (self._names[0], count[1], values)
        return None

    def _placed(self, line: bytes) -> list[bytes]:
        """The cells of a row of which some are blank: each begins or ends where the name of its column does."""
        cells = [b""] * len(self._names)
        if len(self._spans) != len(self._names):
            return []
        for found in _CELL.finditer(line):
            begin, end = found.span()
            mine = [at for at, (first, last) in enumerate(self._spans) if begin == first or end == last]
            if len(mine) != 1 or cells[mine[0]]:
                return []
            cells[mine[0]] = found[0]
        return cells


def _values(names: list[bytes], cells: list[bytes]) -> bytes:
    """The cells with their names; nothing where one is neither a number nor a duration."""
    found = []
    for name, cell in zip(names, cells, strict=True):
        if _LIST.fullmatch(cell):
            inside = [each.strip() for each in cell[1:-1].split(b",") if each.strip()]
            numbers = [b"%d" % at if len(inside) > 1 else b"" for at in range(1, len(inside) + 1)]
            found += [name + number + b": " + each for number, each in zip(numbers, inside, strict=True)]
        elif not cell:
            continue
        elif number := _NUMBER.fullmatch(cell):
            found.append(name + b": " + number[1])
        elif not _DURATION.fullmatch(cell):
            return b""
    return b" ".join(found)


def _plain(name: bytes) -> bytes:
    """A name as lines may carry it: "Box(P" is P, "mAP50-95)" mAP50_95, "mAP@.5:.95" mAP@.5-.95."""
    bare = name.rpartition(b"(")[2].strip(b"() ") or name
    return re.sub(rb"-(?=\d)", b"_", bare).replace(b":", b"-").replace(b" ", b"_")
