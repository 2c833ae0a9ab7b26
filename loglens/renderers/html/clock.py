"""How long a run took, and the wall time of each of its steps."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from loglens.model.report import Diagnosis
from loglens.model.series import Series

#: Points that tell the wall time of the steps of a run; between them it is interpolated.
KNOTS = 256
MINUTE, HOUR, DAY = 60, 3600, 86_400


def duration(run: Diagnosis) -> float | None:
    """Seconds from the first to the last time in the log; None where fewer than two times were logged."""
    ends = [ends for curve in _curves(run) if (ends := _ends(curve)) is not None]
    seconds = max(last for _, last in ends) - min(first for first, _ in ends) if ends else 0.0
    return seconds if seconds > 0 else None


def in_words(seconds: float) -> str:
    """ "45 s", "12 min 30 s", "3 h 5 min", "2 d 4 h"."""
    for unit, name, small, small_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if seconds >= unit:
            whole, rest = int(seconds // unit), int(seconds % unit // small)
            return f"{whole:,} {name}" + (f" {rest} {small_name}" if rest else "")
    return f"{seconds:.3g} s"


def clock(curves: Iterable[Series]) -> list[list[float]] | None:
    """Steps, and the seconds since the first, of the curve with the most times; None where there are no times."""
    timed = [(curve, np.isfinite(curve.time)) for curve in curves]
    curve, known = max(timed, key=lambda pair: np.count_nonzero(pair[1]), default=(None, None))
    if curve is None or known is None or np.count_nonzero(known) < 2:
        return None
    step, time = curve.step[known], np.maximum.accumulate(curve.time[known])
    if time[-1] <= time[0]:
        return None
    at = np.unique(np.linspace(0, len(step) - 1, KNOTS).astype(np.intp))
    return [step[at].tolist(), np.round(time[at] - time[0], 2).tolist()]


def _curves(run: Diagnosis) -> Iterable[Series]:
    return (*run.curves, *(() if run.lead is None else (run.lead,)))


def _ends(curve: Series) -> tuple[float, float] | None:
    time = curve.time[np.isfinite(curve.time)]
    return (float(time.min()), float(time.max())) if len(time) else None
