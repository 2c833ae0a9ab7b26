"""Tables that are no time series: one row a run or item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from loglens.readers.files.values import refuse
from loglens.readers.tables.step_axis import find_axis, is_counter, plain
from loglens.readers.tables.table import Table
from loglens.readers.tables.tidy import pivot

_RUN_NAMES = frozenset("name run run_name run_id id experiment exp exp_name experiment_name trial model".split())
#: A resume makes steps go back once in a while; where they do so in this share of the rows, no writer counted them.
_FALLS = 0.2


def refuse_summaries(path: Path, tables: Sequence[Table]) -> None:
    """Raise UnreadableError for a table with a name in every row and no counter that counts."""
    table = tables[0]
    if len(tables) > 1 or not len(table.value):
        return
    counted = any(map(is_counter, table.names))
    for col, cells in table.text.items():
        words = list(cells.values())
        named = plain(table.names[col]) in _RUN_NAMES and len(set(words)) > 1
        unique = len(words) == table.height > 1 and len(set(words)) == len(words)
        if not (named and _changes(words) if counted else named or unique) or (counted and not _jumps(table)):
            continue
        if pivot(table) is None and not _is_time(table, col):
            reason = "its steps go up and down" if counted else "no step column"
            raise refuse(
                path,
                f"a summary table: one row a run or item (column {table.names[col]!r}), {reason}, "
                "no time series; give the logs of the runs instead",
            )


def _changes(words: Sequence[str]) -> bool:
    """Whether a name changes from row to row, more often than not."""
    return 2 * sum(one != two for one, two in pairwise(words)) >= len(words) - 1


def _jumps(table: Table) -> bool:
    """Whether the steps decrease in so many rows that the column is no counter."""
    axis = find_axis(table)
    return axis.name == "row" or bool(np.mean(np.diff(axis.step) < 0) >= _FALLS) if table.height > 1 else False


def _is_time(table: Table, col: int) -> bool:
    return bool(re.search(r"time|date", plain(table.names[col])))


def why_empty(table: Table) -> str:
    """Explain why a table gave no points."""
    if not table.height:
        return "a header and no row that matches it: nothing was logged, or each row has a different number of cells"
    if table.texts:
        return "no numeric column: a table of text, not a training log"
    return "no number in it: all cells are blank, or only steps were logged"
