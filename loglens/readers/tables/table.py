"""A table of values as read: one row a line."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Floats, Ints

#: Counts and numbers of columns, in a type no wider than they need.
Ordinals = NDArray[np.signedinteger[Any]]
Row = TypeVar("Row")
_PART = 1 << 16
#: So many kinds of rows are remembered.
_KINDS = 1000
#: So many rows are taken at a time.
_AT_ONCE = 256
_NUMBERS = frozenset({float, int})


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of one table, row by row: point i is `value[i]` in column `col[i]`; row r has `sizes[r]` points.

    text: the cells of a column that are no numbers, by row (not all of them in long columns, but
    those of the columns that say what a row is). texts: how many there are, by column. first: the
    first row, as written.
    """

    names: tuple[str, ...]
    sizes: Ordinals
    col: Ordinals
    value: Floats
    text: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    texts: Mapping[int, int] = field(default_factory=dict)
    first: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.sizes)

    @property
    def row(self) -> Ints:
        """The row of each point."""
        return np.repeat(np.arange(self.height, dtype=np.int64), self.sizes)

    def dense(self, col: int) -> Floats:
        """One column, NaN where it is blank too."""
        mine = np.flatnonzero(self.col == col)
        if len(mine) == self.height:  # a row has one cell of it at most
            return self.value[mine]
        full = np.full(self.height, np.nan)
        full[np.searchsorted(np.cumsum(self.sizes), mine, "right")] = self.value[mine]
        return full

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """Rows and their points in portions small enough for the processor's cache, where rows are of like size."""
        end, step = 0, max(1, _PART * self.height // max(1, len(self.value)))
        for first in range(0, self.height, step):
            rows = slice(first, min(first + step, self.height))
            begin, end = end, end + int(self.sizes[rows].sum())
            yield rows, slice(begin, end)

    def counts(self) -> Ints:
        """How many points each column has."""
        total = np.zeros(len(self.names), np.int64)
        for _, points in self.parts():
            total += np.bincount(self.col[points], minlength=len(total))
        return total

    def rows(self, chosen: NDArray[np.bool_]) -> Table:
        """A table of the chosen rows only, renumbered from 0."""
        number = np.cumsum(chosen) - 1
        keep = np.repeat(chosen, self.sizes)
        text = {
            col: {int(number[row]): cell for row, cell in cells.items() if chosen[row]}
            for col, cells in self.text.items()
        }
        return replace(
            self,
            sizes=self.sizes[chosen],
            col=self.col[keep],
            value=self.value[keep],
            text=text,
        )


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in lists, as `Rows.add_numbers` takes them at a fraction of the time of one by one."""
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield some


class Rows:
    """Builds a table from rows that name their cells, as JSON has them."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._known: dict[tuple[str, ...], array[int]] = {}
        self._sizes = array("q")
        self._col = array("i")
        self._value = array("d")
        self._text: dict[int, dict[int, str]] = {}

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._sizes)

    def add(self, cells: Mapping[str, float], text: Mapping[str, str] | None = None) -> None:
        names = tuple(cells)
        self._value.extend(cells.values())
        self._col.extend(self._known.get(names) or self._columns(names))
        self._sizes.append(len(names))
        if text:
            row = self.height - 1
            for name, word in text.items():
                self._text.setdefault(self._names.setdefault(name, len(self._names)), {})[row] = word

    def add_numbers(self, rows: Sequence[dict[str, Any]]) -> bool:
        """Add rows as JSON has them, if all their values are numbers; otherwise nothing is added."""
        cells = list(chain.from_iterable(map(dict.values, rows)))
        if not _NUMBERS.issuperset(map(type, cells)):
            return False
        try:
            self._value.extend(array("d", cells))
        except OverflowError:  # a whole number beyond 1e308
            return False
        for names in map(tuple, rows):
            self._col.extend(self._known.get(names) or self._columns(names))
        self._sizes.extend(map(len, rows))
        return True

    def _columns(self, names: tuple[str, ...]) -> array[int]:
        """The columns of these names, remembered: most rows of a log have the same ones as many others."""
        found = array("i", [self._names.setdefault(name, len(self._names)) for name in names])
        if len(self._known) < _KINDS:
            self._known[names] = found
        return found

    def table(self) -> Table:
        return Table(
            tuple(self._names),
            np.array(self._sizes, np.int64),
            np.array(self._col, np.int32),
            np.array(self._value, np.float64),
            self._text,
            {col: len(cells) for col, cells in self._text.items()},
        )
