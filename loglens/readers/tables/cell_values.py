"""Convert lines of equally many cells to points, in plain Python or faster with pandas, with equal results.

The plain way finds the delimiters of a block with numpy and looks only at the cells between two that
are not neighbours. A big file is worth the half second in which pandas loads: its parser is several
times as fast. Neither confuses a blank cell and a "nan".
"""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from loglens.readers.files.json_file import fast_loads
from loglens.readers.files.values import measured
from loglens.readers.tables.header import NONE, is_number
from loglens.readers.tables.table import Ordinals
from loglens.stats.arrays import Floats

#: Words that writers put where nothing was logged (Keras: NA, fastai: None).
ABSENT = frozenset({"", "na", "n/a", "#n/a", "none", "null", "<na>", "-", "--"})
#: Of a column of text so many cells are kept at least.
SOME = 1000
#: From how many bytes on a file is worth loading pandas, and using it where it is loaded already.
WORTH_LOADING, WORTH_USING = 16 << 20, 1 << 20
#: What writing a tensor of torch leaves instead of its value, with its device or without.
_TENSOR = re.compile(r"tensor\(([^,()\x1f]+)(?:[,\x1f].*)?\)$")  # \x1f: a comma inside quotes
#: As spreadsheets and f"{x:,}" write numbers: groups of three digits, in quotes where "," parts the cells.
_GROUPED = re.compile(r"([-+]?[1-9]\d{0,2}(?:\x1f\d{3})+(?:\.\d+)?)$")
_WIDEST_GRID = 1000
#: All that numbers are made of, and a whole number that JSON has and that would lose its sign.
_JSON_NUMBERS, _MINUS_ZERO = b"0123456789+-.eE,", re.compile(rb"-0(?![.\d])")
_BLANKS = sorted({form for word in ABSENT for form in (word, word.upper(), word.capitalize())})


def ordinal(width: int) -> type[np.int16 | np.int32]:
    """The smallest integer type that can number this many columns."""
    return np.int16 if width <= np.iinfo(np.int16).max else np.int32


class Points(NamedTuple):
    """The points of some lines, line by line. sizes: how many each line has."""

    sizes: Ordinals
    col: Ordinals
    value: Floats


class Grid(NamedTuple):
    """Lines of equally many cells. value: (lines, cells), NaN for all but numbers; consumers may change it in place.

    texts: by column, each cell of those with cells that pandas takes for text. In the others each cell is a
    number or blank.
    """

    value: Floats
    texts: dict[int, list[object]]


class Words:
    """Cells that are no numbers: counted by column, and kept in columns whose text has a meaning."""

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
    """Whether a file of this many bytes is read faster with pandas, counting its loading time."""
    return size >= WORTH_LOADING or (size >= WORTH_USING and "pandas" in sys.modules)


def parse_number(word: str, mark: str) -> float | None:
    """A cell as a number, None for other text. Where ";" parts the cells, "," may be the decimal mark.

    Units count, see `measured`.
    """
    if mark == ";" and "," in word:
        word = word.replace(",", ".")
    if match := _TENSOR.match(word):
        word = match[1]
    if match := _GROUPED.match(word.strip()):
        word = match[1].replace("\x1f", "")
    try:
        return float(word) if is_number(word) else measured(word)
    except ValueError:  # a blank for `is_number` alone: what stands for a comma in quotes
        return None


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
        value = np.array(_floats(cells), np.float64)
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
    return Points(np.bincount(row, minlength=len(ends) // width), col.astype(ordinal(width)), value)


def _floats(cells: list[bytes]) -> list[float]:
    """The cells as numbers, by the parser of JSON where each is a number as it knows them, twice as fast as `float`."""
    text = b",".join(cells)
    if not text.translate(None, _JSON_NUMBERS) and not _MINUS_ZERO.search(text):
        with suppress(ValueError):
            numbers: list[float] = fast_loads(b"[%b]" % text)
            if len(numbers) == len(cells):  # a cell may hold a comma
                return numbers
    return list(map(float, cells))


def count(block: bytes, byte: int) -> int:
    """How often a byte occurs: with numpy several times as fast as `bytes.count`."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == byte))


def to_grid(block: bytes, width: int, mark: str) -> Grid | None:
    """The cells of lines of `width` cells each by pandas; None where it would not see the same as the plain way."""
    height = count(block, 10)
    # as many delimiters as lines of equal width have: with pandas' refusal of longer lines, all are
    if mark == NONE or width > _WIDEST_GRID or count(block, ord(mark)) != height * (width - 1):
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
    lettered = [col for col, kind in enumerate(frame.dtypes) if kind.kind not in "iuf"]
    texts = {col: np.asarray(frame[col].array).tolist() for col in lettered}
    for col in lettered:
        frame[col] = np.nan
    return Grid(np.ascontiguousarray(frame.to_numpy(np.float64)), texts)


def grid_points(grid: Grid, mark: str, words: Words, top: int) -> Points:
    """The points of a grid. Only in columns with text is each cell looked at."""
    value = grid.value
    known = value == value  # false for NaN; faster than isnan
    for col, cells in grid.texts.items():
        for at, cell in enumerate(cells):
            if not isinstance(cell, float):  # str, bool, or an integer beyond 64 bits; a blank is NaN
                number = parse_number(str(cell), mark)
                if number is None:
                    words.take(top + at, col, str(cell))
                else:
                    value[at, col], known[at, col] = number, True
    width = value.shape[1]
    col = np.broadcast_to(np.arange(width, dtype=ordinal(width)), known.shape)[known]
    return Points(np.count_nonzero(known, axis=1), col, value[known])
