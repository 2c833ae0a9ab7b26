"""Levels of a curve of evaluations, of which there may be a handful or thousands, and the error of a level."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats, Ints
from loglens.stats.blocks import MEDIAN_ERROR, blocks, noise

#: From so many points on, medians of blocks of four or more are judged, and single points below.
FEW = 200
#: Of fewer points that rise by half of their best or more, noise is what goes against that rise and the fall after
#: it, and a margin: a handful of points that wander show little of it.
HANDFUL, MARGIN = 12, 3.0


def evaluation_levels(value: Floats) -> tuple[Floats, Ints, float]:
    """Levels of a curve, the index of each one's first point, and the standard error of a level."""
    if len(value) < FEW:
        error = noise(value)
        if len(value) < HANDFUL and value.max() - value[0] > abs(value.max()) / 2:
            error = min(error, MARGIN * _turns(value))
        return value, np.arange(len(value)), error
    block = blocks(np.arange(len(value)), value)
    error = MEDIAN_ERROR * noise(value) / float(np.sqrt(len(value) / len(block)))
    return block.level, block.start, max(error, noise(block.level))


def _turns(value: Floats) -> float:
    """Root mean square of all steps of a few points against a course that rises to its best and falls from there.

    Second differences of so few measure the rise and the fall themselves.
    """
    at = int(np.argmax(value))
    turns = np.concatenate([np.diff(value[: at + 1]).clip(max=0), np.diff(value[at:]).clip(min=0)])
    return float(np.sqrt(np.mean(turns**2)))
