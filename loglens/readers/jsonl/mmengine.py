"""mmengine's and mmdetection's lines: validation rows have a counter of their own and lose their prefix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.readers.tables.step_axis import Axis, column_axis
from loglens.readers.tables.table import Table
from loglens.stats.arrays import Floats

_COUNTERS = frozenset({"epoch", "step", "iter", "mode"})


def split_validation(table: Table) -> list[tuple[Table, Axis | None]]:
    """Training and validation rows apart, each with its axis, None for the usual one; other tables stay whole.

    mmengine writes `iter` in training rows only, and as `step` of a validation row the epoch; where it
    counts no epochs, the iteration or (`log_metric_by_epoch`, the default) 0, which tells nothing: such a row
    stands where training stood. mmdetection 2 says `"mode": "val"`, and writes as `iter` the length of the
    validation set. Names of validation rows get back the "val/" that the writers take off.
    """
    names = {name: col for col, name in enumerate(table.names)}
    columns = {name: table.dense(col) for name, col in names.items() if name in _COUNTERS}
    if {"mode", "iter", "epoch"} <= names.keys() and len(table.text.get(names["mode"], {})) == table.height:
        mode = table.text[names["mode"]]
        validation = np.array([mode[row] == "val" for row in range(table.height)])
        counter, at = "epoch", columns["epoch"]
    elif {"iter", "step"} <= names.keys() and _are_twins(columns["iter"], columns["step"]):
        step, last = columns["step"], _last(columns["iter"])
        validation = np.isnan(columns["iter"]) & ~np.isnan(step)
        behind = bool((step[validation] < last[validation]).any())
        counter, at = ("epoch", step) if behind and "epoch" in names else ("step", np.fmax(step, last))
    else:
        return [(table, None)]
    if validation.all() or not validation.any():
        return [(table, None)]
    val = table.rows(validation)
    val = replace(val, names=tuple(name if name in _COUNTERS else f"val/{name}" for name in val.names))
    col = names["step"] if "step" in names else names[counter]
    val = replace(val, value=np.where(val.col == col, at[validation][val.row], val.value))
    axis = column_axis(val, counter, col)
    if axis is not None:
        axis = replace(axis, used=axis.used | {names[n] for n in ("iter", "step") if n in names})
    return [(table.rows(~validation), None), (val, axis)]


def _are_twins(iteration: Floats, step: Floats) -> bool:
    """Whether two counters are equal wherever both stand, as in mmengine's training rows."""
    both = ~np.isnan(iteration) & ~np.isnan(step)
    return bool(both.any() and (iteration[both] == step[both]).all())


def _last(values: Floats) -> Floats:
    """Fill missing values with the last one before them; NaN at the beginning."""
    known: NDArray[np.int64] = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(known >= 0, values[known], np.nan)
