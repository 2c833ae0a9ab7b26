"""Columns that go blank for good while rows of their kind continue.

pandas writes NaN as a blank cell, so that a diverged run looks as if it had stopped logging its loss.
Nothing is invented here: the cells stay blank, and a note says what was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Ints

if TYPE_CHECKING:
    from loglens.readers.tables.table import Table

#: Rows that must lie on either side of the end. More than this many kinds of rows is no pattern.
_MIN_ROWS, _MAX_KINDS, _MAX_COLUMNS = 3, 64, 4096


def blank_tails(table: Table, step: Ints, columns: Sequence[int]) -> Iterator[str]:
    """One sentence for every group of columns that ends while rows of its kind continue.

    The kind of a row is the set of its filled columns. A tail is a kind of rows that is another kind
    less some columns, and that comes only once that other kind has come to its end. Where rows
    without these columns also stood between those with them, the tail must be 3 times as long as the
    longest gap.
    """
    if not 2 <= len(table.names) <= _MAX_COLUMNS or table.height < 2 * _MIN_ROWS:
        return
    kinds, kind = _kinds(table)
    if not 2 <= len(kinds) <= _MAX_KINDS:
        return
    wanted = set(columns)
    for whole, filled in enumerate(kinds):
        rows = np.flatnonzero(kind == whole)
        for part, rest in enumerate(kinds):
            lost = filled - rest
            if rest < filled and lost <= wanted and len(rest) > 0 and len(rows) >= _MIN_ROWS:
                others = np.flatnonzero(kind == part)
                if tail := _tail(rows, others):
                    # the same columns must not come back in rows of any other kind
                    if any(lost & kinds[k] for k in np.unique(kind[rows[-1] + 1 :])):
                        continue
                    names = ", ".join(table.names[col] for col in sorted(lost)[:6])
                    more = f" and {len(lost) - 6} more" if len(lost) > 6 else ""
                    first = int(step[others[len(others) - tail]])
                    verb = "are" if len(lost) > 1 else "is"
                    yield (
                        f"{names}{more} {verb} blank in all {tail} rows from step {first} on "
                        "while rows continue; pandas writes NaN as a blank cell"
                    )


def _kinds(table: Table) -> tuple[list[frozenset[int]], NDArray[np.intp]]:
    """The sets of filled columns that occur, and which of them each row has."""
    # every column weighs a random integer: exact sums in float64, and equal only for equal sets
    weight = np.random.default_rng(0).integers(1, 2**40, len(table.names)).astype(np.float64)
    heads, sums = [], []  # the first of the rows of one kind that follow each other, and its sum
    for rows, points in table.parts():
        sizes = table.sizes[rows]
        filled = np.flatnonzero(sizes)
        starts = (np.cumsum(sizes) - sizes)[filled]
        signature = np.zeros(len(sizes))
        signature[filled] = np.add.reduceat(weight.take(table.col[points]), starts)
        changed = np.flatnonzero(np.diff(signature, prepend=np.nan))
        heads.append(rows.start + changed)
        sums.append(signature[changed])
    first = np.concatenate(heads)
    _, sample, kind = np.unique(np.concatenate(sums), return_index=True, return_inverse=True)
    if not 2 <= len(sample) <= _MAX_KINDS:
        return [], kind
    sample, kind = first[sample], np.repeat(kind, np.diff(first, append=table.height))
    ends = np.cumsum(table.sizes)
    return [frozenset(table.col[ends[one] - table.sizes[one] : ends[one]].tolist()) for one in sample], kind


def _tail(rows: NDArray[np.intp], others: NDArray[np.intp]) -> int:
    """How many of `others` follow the last of `rows`; 0 where they also lie between them."""
    tail = int(np.count_nonzero(others > rows[-1]))
    between = np.diff(np.searchsorted(others, rows))
    gap = max(int(between.max(initial=0)), int(np.searchsorted(others, rows[0])))
    return tail if tail >= max(_MIN_ROWS, 3 * gap + 1) else 0
