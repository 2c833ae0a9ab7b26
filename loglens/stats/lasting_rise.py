"""Whether a curve ends above its lowest level by enough, beyond its noise, and for good."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import MAX_EXPONENT, relative, safe_exp
from loglens.stats.levels import Levels

#: Nearly all of the gain: a smaller rise is enough where that much of it is lost.
NEARLY_ALL = 0.9
#: A rise to twice the level (TheDeepChecker), and the deviations of a level that are enough for it.
DOUBLED, DOUBLED_ERRORS = 1.0, 3.0
#: Noise below this is rounding.
NOISELESS = 1e-12


def is_risen(
    found: Levels, rise: float, min_rise: float, errors: float, lost_share: float, share: float, logged: bool
) -> bool:
    """Whether the end lies above the lowest block by enough, beyond its noise, and for good.

    found: levels of the curve, or of its logarithm (logged). rise: the growth over the lowest block that is enough;
    min_rise where nearly all of the gain is lost. errors: standard errors that every late block is above it.
    lost_share: the share of the gain that is lost at least; share: that of the way down in the curve itself.
    """
    up = found.end - found.best
    grown = float(np.expm1(min(up, MAX_EXPONENT))) if logged else relative(up, found.best)
    sure = float(found.tail.min() - found.best) / max(found.noise, NOISELESS)
    if up < lost_share * (found.start - found.best) or (logged and not _matters(found, share)):
        return False
    enough = grown >= rise or (grown >= min_rise and found.lost >= NEARLY_ALL)
    return (enough and sure > errors) or (grown >= DOUBLED and sure > DOUBLED_ERRORS)


def _matters(found: Levels, share: float) -> bool:
    """Whether the loss itself, not its logarithm alone, lost a share of what it had come down."""
    start, end, best = (safe_exp(level) for level in (found.start, found.end, found.best))
    return end - best >= share * (start - best)
