"""skorch's history: one row an epoch, and within it one row a batch."""

from __future__ import annotations

from typing import Any

from loglens.readers.files.json_file import flatten
from loglens.readers.tables.step_axis import Axis, row_axis
from loglens.readers.tables.table import Rows, Table

BATCHES = "batches"


def tables(epochs: list[dict[str, Any]]) -> list[tuple[Table, Axis | None]]:
    """The table of the epochs, and those of the batches of training and of validation, each counted over the run.

    A batch of training is a step of the optimizer, one of validation is none.
    """
    table, batches = Rows(), {"step": Rows(), "batch": Rows()}
    for epoch in epochs:
        table.add(*flatten(epoch, "/"))
        inside = epoch.get(BATCHES)
        for batch in inside if isinstance(inside, list) else []:
            if isinstance(batch, dict):
                numbers, _ = flatten(batch, "/")
                axis = "batch" if any(key.startswith("valid_") for key in numbers) else "step"
                batches[axis].add({f"{BATCHES}/{key}": value for key, value in numbers.items()})
    found: list[tuple[Table, Axis | None]] = [(table.table(), None)]
    for axis, rows in batches.items():
        if rows.height:
            counted = rows.table()
            found.append((counted, row_axis(counted, axis)))
    return found
