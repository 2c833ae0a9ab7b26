"""Split a table that holds several runs: a column names the run of each row, and each run restarts the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.readers.tables.step_axis import find_axis, plain
from loglens.readers.tables.table import Table
from loglens.stats.arrays import Ints

#: Columns that name a run wherever its rows stand.
RUNS = frozenset(
    """run run_id run_name run_uuid runid seed random_seed trial trial_id trial_name fold cv_fold split_id
    experiment experiment_id experiment_name exp exp_id exp_name""".split()
)
#: These name a run only where its rows stand together: the environments or tasks of one run take turns.
BLOCKS = frozenset(
    """env env_id env_name environment environment_id environment_name game_name task task_name dataset dataset_name
    method algo algorithm algorithm_name agent agent_name model model_name""".split()
)
#: The summary of a run is one row, or two with its final test; from three rows on it is a curve.
_MIN_ROWS = 3
#: More runs than this are not taken apart.
_MAX_RUNS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one run. name: how the columns call it ("seed=2", "Hopper/seed=2"); params: what they say of it."""

    name: str
    params: dict[str, Any]
    table: Table


def split_runs(table: Table) -> list[Part]:
    """The runs of a table, in the order in which they begin; empty where it does not plainly hold several.

    The columns that name the run are looked at together, then those of `RUNS`, then each alone. A table holds
    several runs if its steps go back or repeat, but never (save a resume) within one run, and if each run
    begins where the others do: rows with another name that continue from the last step are a resume.
    """
    naming = {col: code for col in _columns(table) if (code := _codes(table, col)) is not None}
    if not naming:
        return []
    bare = _without(table, naming)
    axis = find_axis(bare)
    if axis.name == "row":
        return []
    sure = [col for col in naming if plain(table.names[col]) in RUNS]
    for cols in dict.fromkeys([tuple(naming), tuple(sure), *((col,) for col in naming)]):
        if not cols:
            continue
        _, code = np.unique(np.stack([naming[col] for col in cols]), axis=1, return_inverse=True)
        code = code.reshape(-1)
        if _are_runs(axis.step, code, together=not set(cols) & set(sure)):
            return _parts(table, bare, cols, code)
    return []


def split_by(table: Table, col: int) -> list[Part]:
    """The rows of each value of a column of text or numbers, whatever else they hold."""
    words = table.text.get(col, {})
    cells = [words.get(row, "") for row in range(table.height)] if words else table.dense(col).tolist()
    index: dict[str | float, int] = {}
    code = np.array([index.setdefault(cell, len(index)) for cell in cells], np.intp)
    return _parts(table, _without(table, [col]), [col], code) if table.height else []


def _columns(table: Table) -> list[int]:
    named = [col for col, name in enumerate(table.names) if plain(name) in RUNS | BLOCKS]
    counts = table.counts() if named else np.zeros(0, np.int64)
    return [col for col in named if counts[col] + table.texts.get(col, 0) == table.height]


def _codes(table: Table, col: int) -> Ints | None:
    """The values of a column as numbers of their kind; None where it is constant, mixed or names each row again."""
    words = table.text.get(col, {})
    if words and len(words) < table.height:
        return None
    if words:
        index: dict[str, int] = {}
        code = np.array([index.setdefault(words[row], len(index)) for row in range(table.height)], np.int64)
    else:
        _, code = np.unique(table.dense(col), return_inverse=True)
        code = code.astype(np.int64)
    kinds = int(code.max(initial=0)) + 1
    return code if 2 <= kinds <= min(_MAX_RUNS, table.height // _MIN_ROWS) else None


def _without(table: Table, cols: Sequence[int] | dict[int, Ints]) -> Table:
    """The table without the cells of these columns."""
    keep = ~np.isin(table.col, list(cols))
    sizes = np.bincount(table.row[keep], minlength=table.height)
    return replace(
        table,
        sizes=sizes,
        col=table.col[keep],
        value=table.value[keep],
        text={col: cells for col, cells in table.text.items() if col not in cols},
        texts={col: count for col, count in table.texts.items() if col not in cols},
    )


def _are_runs(step: Ints, code: NDArray[np.intp], *, together: bool) -> bool:
    kinds = int(code.max()) + 1
    if kinds > _MAX_RUNS or np.bincount(code).min() < _MIN_ROWS:
        return False
    if together and np.count_nonzero(code[1:] != code[:-1]) + 1 != kinds:
        return False
    order = np.argsort(code, kind="stable")
    inside = code[order][1:] == code[order][:-1]
    falls = np.count_nonzero((np.diff(step[order]) < 0) & inside)
    begins = np.flatnonzero(np.concatenate([[True], ~inside]))
    first = step[order][begins]
    # a run whose first rows were skipped begins at the second or third row of the others
    earliest = int(np.argmin(first))
    third = np.sort(step[code == earliest])[_MIN_ROWS - 1]
    return bool((np.diff(step) <= 0).any() and falls <= kinds and (first <= third).all())


def _parts(table: Table, bare: Table, cols: Sequence[int], code: NDArray[np.intp]) -> list[Part]:
    order = np.argsort(code, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    named = {col: table.text.get(col) or dict(enumerate(table.dense(col).tolist())) for col in cols}
    found = []
    for rows in sorted(groups, key=lambda rows: int(rows[0])):
        said = {table.names[col].strip(): _value(named[col].get(int(rows[0]), "")) for col in cols}
        name = "/".join(str(v) if isinstance(v, str) else f"{k}={v}" for k, v in said.items())
        found.append(Part(name, said, _take(bare, rows)))
    return found


def _value(cell: str | float) -> str | float:
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _take(table: Table, rows: Ints) -> Table:
    """The table of these rows, given in rising order."""
    sizes = table.sizes[rows]
    first = (np.cumsum(table.sizes) - table.sizes)[rows]
    points = np.repeat(first - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    text = {
        col: {new: cells[old] for new, old in enumerate(rows.tolist()) if old in cells}
        for col, cells in table.text.items()
    }
    return replace(
        table,
        sizes=sizes,
        col=table.col[points],
        value=table.value[points],
        text=text,
        texts={col: len(cells) for col, cells in text.items() if cells},
    )
