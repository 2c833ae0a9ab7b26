"""Changes of curves just before an onset: breaks of what is set, and shifts of what is measured."""

from __future__ import annotations

import numpy as np

from loglens.analysis.changes.onset import Onset, before
from loglens.model.change import Change
from loglens.model.rate_in_force import lead_points
from loglens.model.series import Series
from loglens.stats.arrays import Ints
from loglens.stats.quantiles import median
from loglens.stats.setting_changes import break_before, chance_of_nearness, is_noiseless
from loglens.stats.shifts import MAX_HISTORY, shift_before

#: A curve that is logged so many times more seldom at its end has no past to compare that with.
SPARSE = 2.0


def is_setting(curve: Series, onset: Onset) -> bool:
    """Whether a curve stays level or moves in straight lines up to the onset."""
    return is_noiseless(before(curve, onset).value[-MAX_HISTORY:])


def setting_change(curve: Series, onset: Onset) -> Change | None:
    """The break of a set curve, at the latest at its first point from the onset on: it may be logged seldom."""
    known = curve.finite
    end = min(int(np.searchsorted(known.step, onset.step)) + 1, len(known))
    start = max(end - MAX_HISTORY, 0)
    found = break_before(known.value[start:end], end - start, lead_points(end))
    if found is None:
        return None
    at, step = start + found.at, int(known.step[start + found.at])
    points = max(end - at, round(_usual_gaps(known.step[:end], end - at)))
    return Change(
        kind="setting",
        what=curve.tag,
        before=found.before,
        after=found.after,
        since=int(known.step[at - 1]),
        step=step,
        points=max(onset.points(step), 0),
        seen=found.seen,
        history=found.history,
        times=None,
        chance=chance_of_nearness(found.seen, found.history, points),
    )


def measured_change(curve: Series, onset: Onset) -> Change | None:
    """The shift of a noisy curve before the onset; what it does from there on may be an effect."""
    known = before(curve, onset)
    found = shift_before(known.value, lead_points(len(known)))
    if found is None or _usual_gaps(known.step, found.length) > SPARSE * found.length:
        return None  # logged more seldom from here on, so that a usual course looks like a jump
    at = len(known) - found.length
    step = int(known.step[at])
    return Change(
        kind="measurement",
        what=curve.tag,
        before=found.before,
        after=found.after,
        since=int(known.step[at - 1]),
        step=step,
        points=onset.points(step),
        seen=0,
        history=found.history,
        times=found.times,
        chance=found.chance,
    )


def _usual_gaps(step: Ints, last: int) -> float:
    """How many of the usual gaps between points the last `last` gaps take, for a curve that is logged unevenly."""
    usual = float(median(np.diff(step[:-last]))) if len(step) > last + 1 else 1.0
    return float(step[-1] - step[-1 - last]) / max(usual, 1.0)
