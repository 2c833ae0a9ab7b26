"""Growth that is a process of its own, a decay of the wrong sign or a feedback, and no overshoot.

An overshoot grows by a factor in each step, and ends within tens of steps.
"""

from __future__ import annotations

import numpy as np

from loglens.model.series import Series
from loglens.stats.growth import fit_growth

#: Share of the variance that a line through the logarithm explains where growth is steady, and its t value.
STEADY, SURE = 0.95, 5.0
#: Steps in which what grows by itself doubles at the least: an overshoot doubles in one or two.
SLOW = 3.0


def grows_steadily(curve: Series, onset: int | None, least: float) -> bool:
    """Whether a curve grows exponentially, slowly and steadily from the onset (a step; None: the start) to its end.

    least: the factor by which it grows in all, at the least.
    """
    finite = curve.finite
    start = min(int(np.searchsorted(finite.step, onset or 0)), len(finite) // 2)
    growth = fit_growth(finite.step, finite.value, start)
    if growth is None or growth.factor <= least:
        return False
    return growth.r2 > STEADY and growth.t > SURE and growth.doubling > SLOW
