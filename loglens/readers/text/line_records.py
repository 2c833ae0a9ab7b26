"""The understood lines of a log, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.line_plan import LinePlan
from loglens.stats.arrays import Floats

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LineRecords:
    """The understood lines of a log, in order. plan: index into plans; NaN where a line has no such counter."""

    plans: tuple[LinePlan, ...]
    plan: NDArray[np.int32]
    step: Floats
    epoch: Floats
    total: Floats
    time: Floats
    rank: Floats

    def has(self, word: str) -> Bools:
        """Which records are of a pattern with this word."""
        known: Bools = np.array([word in plan.words for plan in self.plans], bool)
        return known[self.plan]


def forward_fill(values: Floats) -> Floats:
    """Each missing value as the last one before it."""
    known = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), 0)) if len(values) else known.astype(np.int64)
    filled: Floats = values[last]
    return filled
