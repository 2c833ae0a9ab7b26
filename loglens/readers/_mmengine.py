"""mmengine's and mmdetection's lines: validation rows count in epochs, training rows in iterations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.readers._axis import Axis, column_axis
from loglens.readers._table import Table


def split_validation(table: Table) -> list[tuple[Table, Axis | None]]:
    """Training and validation rows apart, the latter by epoch; other tables stay whole.

    mmengine writes `iter` in training rows only, and as `step` of a validation row the epoch.
    mmdetection 2 says `"mode": "val"`, and writes as `iter` the length of the validation set.
    """
    names = {name: col for col, name in enumerate(table.names)}
    if not {"iter", "epoch"} <= names.keys():
        return [(table, None)]
    if "mode" in names and len(table.text.get(names["mode"], {})) == table.height:
        mode = table.text[names["mode"]]
        validation = np.array([mode[row] == "val" for row in range(table.height)])
        counter = names["epoch"]
    elif "step" in names:
        validation = np.isnan(table.dense(names["iter"])) & ~np.isnan(table.dense(names["step"]))
        counter = names["step"]
        if not _by_epoch(table, names, validation):
            return [(table, None)]
    else:
        return [(table, None)]
    if validation.all() or not validation.any():
        return [(table, None)]
    train, val = table.rows(~validation), _renamed(table, validation)
    axis = column_axis(val, "epoch", counter)
    if axis is not None:
        axis = replace(axis, used=axis.used | {names[n] for n in ("iter", "step") if n in names})
    return [(train, None), (val, axis)]


def _by_epoch(table: Table, names: dict[str, int], validation: NDArray[np.bool_]) -> bool:
    """Whether `step` of the validation rows is the epoch: below the iterations that came before."""
    step = table.dense(names["step"])
    before = np.maximum.accumulate(np.where(validation | np.isnan(step), -np.inf, step))
    return bool(validation.any() and (step[validation] < before[validation]).any())


def _renamed(table: Table, validation: NDArray[np.bool_]) -> Table:
    """The validation rows, with "val/" before names that training rows have too."""
    shared = set(table.col[~validation[table.row]].tolist()) - {
        col for col, name in enumerate(table.names) if name in {"epoch", "step", "iter", "mode"}
    }
    names = tuple(f"val/{name}" if col in shared else name for col, name in enumerate(table.names))
    return replace(table.rows(validation), names=names)
