"""Collect rows of nested values, each with a step and a time, into the columns of a run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from loglens.model.columns import Columns, Histogram
from loglens.readers.files.json_file import flatten
from loglens.readers.tables.table import Rows
from loglens.readers.tables.wandb_histogram import histogram


class RunRows:
    """The rows of one run, in the order written."""

    def __init__(self, prefix: str = "") -> None:
        self.histogram_rows: list[Histogram] = []
        self._prefix = prefix
        self._rows = Rows()
        self._step: list[int] = []
        self._time: list[float] = []

    def __len__(self) -> int:
        return len(self._step)

    def add(self, step: int | None, time: float, values: dict[str, Any]) -> None:
        """Add one row; without a step, its row number is used."""
        at = len(self._step) if step is None else step

        def typed(tag: str, value: dict[str, Any]) -> None:
            if (summary := histogram(tag, value, at, time)) is not None:
                self.histogram_rows.append(summary)

        numbers, _ = flatten(values, ".", typed)
        self._rows.add({self._prefix + tag: value for tag, value in numbers.items()})
        self._step.append(at)
        self._time.append(time)

    def columns(self, session: int = 0) -> Columns:
        """All numbers of the rows."""
        table = self._rows.table()
        return Columns(
            table.names,
            table.col.astype(np.int32, copy=False),
            np.array(self._step, np.int64)[table.row],
            np.array(self._time, np.float64)[table.row],
            table.value,
            np.full(len(table.row), session, np.int32),
        )


def whole_number(value: Any) -> int | None:
    """A whole number that can be a step; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) < 2**62 and value == value // 1 else None


def unique(names: list[str], ids: list[str]) -> list[str]:
    """Names of runs that differ: where several are alike, with the beginning of the id."""
    counts = Counter(names)
    return [
        name if name and counts[name] == 1 else f"{name or 'run'}-{key[:8]}"
        for name, key in zip(names, ids, strict=True)
    ]
