"""The size of a curve as it usually is, before whatever happens to it later."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: The usual size is the level of the first fifth of the points.
USUAL = 0.2


def absolute_size(value: Floats) -> Floats:
    """Absolute values; NaN counts as infinite from the first finite point on."""
    size = np.abs(value)
    return np.where(np.isnan(size), np.inf, size)


def usual_size(size: Floats) -> float | None:
    """The median of the first fifth, or of the second where the curve starts at zero; None where that is no level."""
    fifth = max(3, int(USUAL * len(size)))
    medians = (float(median(size[:fifth])), float(median(size[fifth : 2 * fifth])))
    usual = next((level for level in medians if level > 0), 0.0)
    return usual if 0 < usual < np.inf else None
