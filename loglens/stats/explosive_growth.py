"""Exponential growth of a gradient norm, and what the loss does meanwhile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loglens.stats.arrays import Floats, Ints
from loglens.stats.explosions import (
    band_exit,
    growing_window,
    improves_between,
    is_hurt_between,
    is_worse_after,
    peak_end,
)
from loglens.stats.growth import Growth

#: Points up to a peak that are enough to call them growth.
RISING_POINTS = 10


class ExplosiveGrowth(NamedTuple):
    """The fit of the growth, and the number of points up to its end.

    onset: the index at which the norm left its band. answered: whether the loss is worse for it and stays so.
    recovered: whether the loss was worse for it and came back. improved: whether the loss went on falling meanwhile.
    """

    fit: Growth
    points: int
    onset: int
    answered: bool
    recovered: bool = False
    improved: bool = False


def explosive_growth(
    step: Ints,
    value: Floats,
    loss_step: Ints,
    loss: Floats,
    *,
    t_value: float,
    r2: float,
    factor: float,
    vast: float,
) -> ExplosiveGrowth | None:
    """Growth to the end of a curve, or up to its peak if that hurt the loss.

    step, value: finite points. loss_step, loss: as logged, without points where there is no loss. t_value, r2, factor:
    see `growing_window`. vast: a loss that recovered counts only where the growth was this factor; it may have had
    another reason to rise.
    """
    fit = growing_window(step, value, t_value=t_value, r2=r2, factor=factor)
    if fit is not None:
        onset = band_exit(value, fit.start)
        begin = int(np.searchsorted(loss_step, step[onset]))
        answered = bool(len(loss)) and is_worse_after(loss, begin)
        improved = bool(len(loss)) and improves_between(loss, begin, len(loss))
        return ExplosiveGrowth(fit, len(value), onset, answered, improved=improved)
    points = peak_end(value)
    if not len(loss) or points < RISING_POINTS:
        return None
    fit = growing_window(step[:points], value[:points], t_value=t_value, r2=r2, factor=factor)
    if fit is None:
        return None
    onset = band_exit(value[:points], fit.start)
    finite = np.isfinite(loss)
    first, last = np.searchsorted(loss_step[finite], step[[onset, points - 1]]).tolist()
    loss = loss[finite]
    if improves_between(loss, first, last):
        return None
    if is_worse_after(loss, first):
        return ExplosiveGrowth(fit, points, onset, answered=True)
    if fit.factor >= vast and is_hurt_between(loss, first, last + (last - first) + 1):
        return ExplosiveGrowth(fit, points, onset, answered=False, recovered=True)
    return None
