"""How often a run writes, and after how long without a record it stands still."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from loglens.model.series import Series
from loglens.stats.quantiles import median

#: A run stands still after so many times its usual gap, and after so many times the longest gap it has had (an
#: evaluation, a checkpoint), but never sooner than a minute.
USUAL_GAPS, LONGEST_GAPS, MIN_PATIENCE = 10.0, 2.0, 60.0
#: Where fewer writes were seen than this, writers that hold records back (TensorBoard: 120 s) are not known yet.
FEW_WRITES, MIN_PATIENCE_UNSEEN = 3, 600.0
#: Seconds for a log without times of which no write was seen: an epoch may take so long.
UNKNOWN = 1800.0
#: Gaps that are kept.
KEPT = 64


@dataclass(slots=True)
class Pace:
    """The gaps between the writes that were seen, and between the records of the log, in seconds."""

    writes: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    record_gap: float | None = None
    longest_record_gap: float = 0.0

    def read(self, curve: Series | None) -> None:
        """Take the times of the records from the main curve, where it has them."""
        times = curve.time[np.isfinite(curve.time)] if curve is not None else np.empty(0)
        gaps = np.diff(times)
        gaps = gaps[gaps > 0]
        if len(gaps):
            self.record_gap, self.longest_record_gap = float(median(gaps)), float(gaps.max())

    @property
    def usual(self) -> float | None:
        """The usual gap: the median of the writes seen, else of the records."""
        if len(self.writes) >= FEW_WRITES:
            return float(median(list(self.writes)))
        return self.record_gap

    def patience(self, wanted: float | None = None) -> float:
        """After how many seconds without a write the run stands still. wanted: what the user says it is."""
        if wanted is not None:
            return wanted
        usual = self.usual
        if usual is None:
            return UNKNOWN
        least = MIN_PATIENCE if len(self.writes) >= FEW_WRITES else MIN_PATIENCE_UNSEEN
        longest = max([self.longest_record_gap, *self.writes])
        return max(least, USUAL_GAPS * usual, LONGEST_GAPS * longest)


def rate(curve: Series | None) -> float | None:
    """Steps a second over the last tenth of a curve, at least 10 points; None where the log has no times."""
    if curve is None or len(curve) < 2:
        return None
    last = max(len(curve) // 10, 10)
    step, time = curve.step[-last:], curve.time[-last:]
    seconds = float(time[-1] - time[0])
    return float(step[-1] - step[0]) / seconds if seconds > 0 else None
