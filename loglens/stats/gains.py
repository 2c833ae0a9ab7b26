"""Whether a curve that should rise gained anything, and whether it lost again what it had."""

from __future__ import annotations

from loglens.stats.arrays import Floats
from loglens.stats.blocks import noise
from loglens.stats.levels import fell_at_once, rises
from loglens.stats.quantiles import median, percentile

#: So many points a level needs.
MIN_POINTS = 5


def gains(value: Floats, *, min_gain: float = 0.1, errors: float = 3.0) -> bool:
    """Whether a curve ends above its start, or rose before its second point was logged.

    value: n >= 5 finite points. least: the share of its size that counts as a gain. errors: the deviations of its
    level beyond which it does.
    """
    return rises(value, min_gain=min_gain, errors=errors) or fell_at_once(-value, errors=2 * errors)


def loses_after(value: Floats, split: int, share: float) -> tuple[float, float] | None:
    """The levels before index `split` and at the end, where a share of the range is lost between them; else None.

    value: n finite points. The level before is a median of the fifth before the split, that at the end of the last
    fifth after it, each of five points at least; None where there are fewer. The range is what the curve covers
    (5th to 95th percentile), or what it rose from its first point until the split: a quick rise has few points. The
    end must lie below what was seen in the later half of the time before, so that a wandering curve loses nothing.
    """
    if split < MIN_POINTS or len(value) - split < MIN_POINTS:
        return None
    before = float(median(value[max(0, split - max(MIN_POINTS, split // 5)) : split]))
    after = float(median(value[-max(MIN_POINTS, (len(value) - split) // 5) :]))
    low, high = percentile(value, 5), percentile(value, 95)
    covered = max(float(high - low), before - float(value[0]))
    seen = float(percentile(value[min(split // 2, split - MIN_POINTS) : split], 5))
    if before - after < max(share * covered, 2 * noise(value)) or after >= seen:
        return None
    return before, after
