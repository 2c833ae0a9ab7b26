"""Lines of equally many cells to points, in two ways that give the same.

The plain way finds the delimiters of a block with numpy and looks only at the cells between two that
are not neighbours. A big file is worth the half second in which pandas loads: its parser is several
times as fast. Neither confuses a blank cell and a "nan".
"""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.readers._header import NONE, is_number
from loglens.run import Floats, Ints

#: Words that writers put where nothing was logged (Keras: NA, fastai: None).
ABSENT = frozenset({"", "na", "n/a", "#n/a", "none", "null", "<na>", "-", "--"})
#: Of a column of text so many cells are kept at least.
SOME = 1000
#: From how many bytes on a file is worth loading pandas, and using it where it is loaded already.
WORTH_LOADING, WORTH_USING = 16 << 20, 1 << 20
#: What writing a tensor of torch leaves in place of its value, with its device or without.
_TENSOR = re.compile(r"tensor\(([^,()\x1f]+)(?:[,\x1f].*)?\)$")  # \x1f: a comma inside quotes
_WIDEST_FRAME = 1000
_BLANKS = sorted({form for word in ABSENT for form in (word, word.upper(), word.capitalize())})


class Points(NamedTuple):
    """The points of some lines. Within each column they stand in the order of the lines."""

    height: int
    row: Ints
    col: NDArray[np.int32]
    value: Floats


NO_POINTS = Points(0, np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0))


class Words:
    """The cells that are no numbers: counted by column, and kept as far as they may tell something."""

    def __init__(self, kept: set[int]) -> None:
        self.count: Counter[int] = Counter()
        self.text: dict[int, dict[int, str]] = {}
        self.kept = kept

    def take(self, row: int, col: int, word: str) -> None:
        if word.strip().lower() in ABSENT:
            return
        self.count[col] += 1
        known = self.text.setdefault(col, {})
        if len(known) < SOME or col in self.kept:
            known[row] = word


def wants_pandas(size: int) -> bool:
    """Whether a file of so many bytes is read faster with pandas, counting its loading time."""
    return size >= WORTH_LOADING or (size >= WORTH_USING and "pandas" in sys.modules)


def parse_number(word: str, mark: str) -> float | None:
    """A cell as a number, None for other text. Where ";" parts the cells, "," may be the decimal mark."""
    if mark == ";" and "," in word:
        word = word.replace(",", ".")
    if match := _TENSOR.match(word):
        word = match[1]
    return float(word) if is_number(word) else None


def plain_points(block: bytes, width: int, mark: str, words: Words, top: int) -> Points:
    """The points of lines of `width` cells each; `top` is the number of the first line."""
    delimiter = mark.encode()
    array = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero((array == delimiter[0]) | (array == 10))
    filled = np.flatnonzero(np.diff(ends, prepend=-1) > 1)
    row, col = np.divmod(filled, width)
    # inside a cell, "_" and blanks would make a number of what is none ("1_2", "1 2")
    cells = block.translate(bytes.maketrans(b"_ \t\v\f" + delimiter, b"~~~~~ ")).split()
    try:
        value = np.array(list(map(float, cells)), np.float64)
    except ValueError:
        value, known = np.full(len(cells), np.nan), np.ones(len(cells), bool)
        for i, cell in enumerate(cells):
            try:
                value[i] = float(cell)
            except ValueError:
                at = int(filled[i])
                word = block[ends[at - 1] + 1 if at else 0 : ends[at]].decode("utf-8", "replace")
                number = parse_number(word, mark)
                if number is None:
                    known[i] = False
                    words.take(top + int(row[i]), int(col[i]), word)
                else:
                    value[i] = number
        row, col, value = row[known], col[known], value[known]
    return Points(len(ends) // width, row + top, col.astype(np.int32), value)


def fast_points(block: bytes, width: int, mark: str, words: Words, top: int) -> Points | None:
    """The same by pandas, column by column; None where it would not see the same cells."""
    height = block.count(b"\n")
    # as many delimiters as lines of equal width have: with pandas' refusal of longer lines, all are
    marks = np.count_nonzero(np.frombuffer(block, np.uint8) == ord(mark))
    if mark == NONE or width > _WIDEST_FRAME or marks != height * (width - 1):
        return None
    import pandas as pd  # worth its half second for a big file only

    # before 3.1 the parser may err in the last bit unless told not to; since then being told warns
    exact: Any = (
        {"float_precision": "round_trip"} if [int(part) for part in pd.__version__.split(".")[:2]] < [3, 1] else {}
    )
    try:
        frame = pd.read_csv(
            io.BytesIO(block),
            sep=mark,
            header=None,
            index_col=None,
            na_values=_BLANKS,
            keep_default_na=False,
            low_memory=False,
            quoting=3,
            encoding_errors="replace",
            **exact,
        )
    except (ValueError, OverflowError):  # pandas' ParserError is a ValueError
        return None
    if frame.shape != (height, width):
        return None
    rows, values = [], []
    for col in range(width):
        row, value = _column(frame[col].array, col, mark, words, top)
        rows.append(row)
        values.append(value)
    cols = np.repeat(np.arange(width, dtype=np.int32), [len(row) for row in rows])
    return Points(height, np.concatenate(rows) + top, cols, np.concatenate(values))


def _column(array: object, col: int, mark: str, words: Words, top: int) -> tuple[Ints, Floats]:
    """The rows and values of one column of a frame. Only where it holds text is each cell looked at."""
    cells = np.asarray(array)
    if cells.dtype.kind in "iu":
        return np.arange(len(cells), dtype=np.int64), cells.astype(np.float64)
    if cells.dtype.kind == "f":
        row = np.flatnonzero(~np.isnan(cells))
        return row, cells[row]
    rows, found = [], []
    for at, cell in enumerate(cells.tolist()):
        if not isinstance(cell, float):  # str, bool, or an integer beyond 64 bits; a blank is NaN
            number = parse_number(str(cell), mark)
            if number is None:
                words.take(top + at, col, str(cell))
            else:
                rows.append(at)
                found.append(number)
    return np.array(rows, np.int64), np.array(found, np.float64)
