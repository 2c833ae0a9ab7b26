"""The learning rate that was in force at a step, and whether it had just been changed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loglens.model.series import Series
from loglens.stats.setting_changes import break_before

#: The points before an onset in which a change counts as just before: a share of all, and bounds on it.
LEAD, MIN_LEAD, MAX_LEAD = 0.02, 3, 50
#: A change that comes so near by accident more often than this is no news.
CHANCE = 0.05
#: A rate that doubles between two points is a jump; a warmup of ten steps or more rises more slowly.
JUMP = 2.0


class RateChange(NamedTuple):
    """A change of the learning rate, `points` logged points before an onset: from `before` to `after`, at `step`."""

    step: int
    before: float
    after: float
    points: int

    @property
    def factor(self) -> float:
        """After divided by before; infinite where the rate was zero before."""
        return self.after / self.before if self.before else float("inf")


def lead_points(points: int) -> int:
    """How many points before an onset are just before it, given how many points there are before it in all."""
    return int(min(max(LEAD * points, MIN_LEAD), MAX_LEAD))


def rate_in_force(lr: Series | None, step: int | None) -> float | None:
    """The last finite rate logged up to `step`, or the first one where none was; None where no rate was logged.

    step: on the curve's own axis; None for the start of the run.
    """
    curve = lr.finite if lr is not None else None
    if curve is None or not len(curve):
        return None
    at = 0 if step is None else int(np.searchsorted(curve.step, step, side="right")) - 1
    return float(curve.value[max(at, 0)])


def rate_change(lr: Series | None, onset: int | None) -> RateChange | None:
    """The break of the learning rate just before an onset (a step, included), or None.

    A break is a jump or a bend that the schedule had not shown before, nearer to the onset than accident explains
    (one in twenty).
    """
    if lr is None or onset is None:
        return None
    curve = lr.finite
    end = int(np.searchsorted(curve.step, onset, side="right"))
    found = break_before(curve.value, end, lead_points(end))
    if found is None or found.chance > CHANCE:
        return None
    return RateChange(int(curve.step[found.at]), found.before, found.after, end - found.at)


def rate_jump(lr: Series | None, onset: int | None, *, min_factor: float = JUMP) -> RateChange | None:
    """The jump of the learning rate to `min_factor` times its value or more just before an onset (a step), or None."""
    change = rate_change(lr, onset)
    return change if change is not None and change.factor >= min_factor else None
