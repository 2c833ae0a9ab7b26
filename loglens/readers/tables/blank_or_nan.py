"""NaN in a wide table in which a value that was not logged is written as NaN too, as pandas does.

A column that has a value in most consecutive rows is logged in every row: NaN after its first value was measured. In
a sparse column (an evaluation every k rows) NaN stands where nothing was logged, and so it does in rows of another
kind: they hold an evaluation and nothing of what is logged in the other rows, or only values of columns that never
have one beside this column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.model.source import Note
from loglens.readers.tables.step_axis import is_counter
from loglens.readers.tables.table import Table
from loglens.readers.tables.tidy import kind_column

#: A column is logged in every row if more than this share of its values follow one in the row before.
CONSECUTIVE = 0.5
#: So many columns are named in a note.
NAMED = 6

Mask = NDArray[np.bool_]


def without_blanks(table: Table, columns: Collection[int]) -> tuple[Table, list[Note]]:
    """The table without the NaN that mean "not logged", and a note that says which were taken so.

    columns: those in which NaN may mean it. Rows of several kinds (a column "phase" with train and val) are looked at
    kind by kind.
    """
    row, unsure = table.row, np.isnan(table.value) & np.isin(table.col, list(columns))
    mine = [col for col in np.unique(table.col[unsure]).tolist() if not is_counter(table.names[col])]
    others = [col for col, name in enumerate(table.names) if col not in mine and not is_counter(name)]
    logged = np.stack([_logged(table, row, col) for col in (*mine, *others)], axis=1) if mine else np.zeros((0, 0))
    blank = np.zeros((table.height, len(mine)), np.bool_)
    for rows in _kinds(table) if mine else ():
        blank[rows] = _blank(logged[rows].astype(bool), len(mine))
    place = np.full(len(table.names), -1)
    place[mine] = np.arange(len(mine))
    lost = np.zeros(len(row), np.bool_)
    unsure &= place[table.col] >= 0
    lost[unsure] = blank[row[unsure], place[table.col[unsure]]]
    if not lost.any():
        return table, []
    kept = replace(
        table,
        sizes=np.bincount(row[~lost], minlength=table.height),
        col=table.col[~lost],
        value=table.value[~lost],
    )
    return kept, [_note(table, lost)]


def _logged(table: Table, row: NDArray[np.int64], col: int) -> Mask:
    """Whether each row has a value of a column that is not NaN."""
    found = np.zeros(table.height, np.bool_)
    found[row[(table.col == col) & ~np.isnan(table.value)]] = True
    return found


def _kinds(table: Table) -> Iterator[NDArray[np.intp]]:
    """The rows of each kind, or all rows where there is no column of kinds."""
    kind = kind_column(table)
    words = table.text[kind] if kind is not None else {}
    for word in sorted(set(words.values())) or [""]:
        yield np.array([at for at in range(table.height) if words.get(at, "") == word], np.intp)


def _blank(logged: Mask, count: int) -> Mask:
    """Where NaN means "not logged" in the first `count` columns; `logged` says where a row has a value."""
    dense = np.array([_is_dense(column) for column in logged.T], np.bool_)
    begun = np.maximum.accumulate(logged, axis=0)
    gaps = dense & (begun & ~logged).any(axis=0)
    # an evaluation in a row of its own: of what is logged in every row it holds nothing
    evaluation: Mask = np.asarray(logged[:, ~dense].any(axis=1) & ~logged[:, gaps].any(axis=1))
    blank = ~dense[:count] | ~begun[:, :count] | evaluation[:, None]
    some = logged[:, ~logged.all(axis=0)]  # a column that every row has says nothing of the kind of a row
    for col in np.flatnonzero(gaps[:count]):
        beside = some[logged[:, col]].any(axis=0)
        blank[:, col] |= some[:, ~beside].any(axis=1) & ~some[:, beside].any(axis=1)
    return np.asarray(blank & ~logged[:, :count])


def _is_dense(logged: Mask) -> bool:
    rows = np.flatnonzero(logged)
    return bool(np.count_nonzero(np.diff(rows, prepend=-1) == 1) > CONSECUTIVE * len(rows))


def _note(table: Table, lost: Mask) -> Note:
    cols = np.unique(table.col[lost]).tolist()
    more = f" and {len(cols) - NAMED} more" if len(cols) > NAMED else ""
    named = ", ".join(table.names[col] for col in cols[:NAMED])
    count = int(np.count_nonzero(lost))
    return Note(
        "blank",
        f"{count:,} NaN in {named}{more} taken as not logged: in a data frame the two look the same; "
        "a dict of arrays or a tidy frame (step, tag, value) keeps them apart",
    )
