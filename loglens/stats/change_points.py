"""Where the level of a short noisy row of numbers changes for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

#: Numbers on each side of a change: fewer do not show their own noise.
MIN_SIDE = 3
#: Candidates may be so many times less sure than a change has to be in the end.
RELAXED = 10.0


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A change of level. at: index of the first number after it. chance: that noise alone splits as sharply."""

    at: int
    before: float
    after: float
    chance: float

    @property
    def change(self) -> float:
        """The change as a share of the level before; in its own unit where that is zero."""
        return (self.after - self.before) / (abs(self.before) or 1.0)


def change_points(value: Floats, *, max_chance: float = 0.001, min_change: float = 0.0) -> list[ChangePoint]:
    """The changes of level, in their order.

    value: finite numbers in the order of time. max_chance: of a change that is none. min_change: smaller ones are
    noise that nobody minds, as a share of the level.

    First the sharpest place of each of many windows is a candidate, then those that are weak between their neighbours
    are merged, the weakest first. The two steps, Student's t test, the relaxed first pass and the least magnitude are
    those of Hunter, now Apache Otava (Fleming et al. 2023, doi:10.1145/3578244.3583719). Its E-divisive statistic
    (Matteson and James 2014) is left out, since for a change of level alone t is as sharp; its windows of one size are
    those of all sizes here (Kovacs et al. 2023, Biometrika 110:249), so that a change that is undone soon is found; and
    the chance is multiplied by the number of places that were tried.
    """
    cuts: list[int] = []
    candidates = sorted(_candidate(value, lo, hi) for lo, hi in _windows(len(value)))
    for chance, at in candidates:
        if chance <= RELAXED * max_chance and all(abs(at - cut) >= MIN_SIDE for cut in cuts):
            cuts.append(at)
    cuts.sort()
    while cuts:
        found = [_described(value, lo, at, hi) for lo, at, hi in _around(cuts, len(value))]
        weakest = max(found, key=lambda point: (max(point.chance, max_chance), -abs(point.change)))
        if weakest.chance <= max_chance and abs(weakest.change) >= min_change:
            return found
        cuts.remove(weakest.at)
    return []


def _windows(n: int) -> Iterator[tuple[int, int]]:
    """Windows of all sizes, each half as long as the one before and moved by a quarter of it."""
    size = n
    while size >= 2 * MIN_SIDE:
        for lo in range(0, n - size + 1, max(size // 4, 1)):
            yield lo, lo + size
        if (n - size) % max(size // 4, 1):
            yield n - size, n
        size = size // 2


def _candidate(value: Floats, lo: int, hi: int) -> tuple[float, int]:
    """The chance of the sharpest place of a window, and the place."""
    places = range(lo + MIN_SIDE, hi - MIN_SIDE + 1)
    return min((_chance(value[lo:at], value[at:hi], len(places)), at) for at in places)


def _around(cuts: list[int], end: int) -> Iterator[tuple[int, int, int]]:
    """Each cut, between its neighbours."""
    yield from zip([0, *cuts[:-1]], cuts, [*cuts[1:], end], strict=True)


def _described(value: Floats, lo: int, at: int, hi: int) -> ChangePoint:
    before, after = value[lo:at], value[at:hi]
    chance = _chance(before, after, hi - lo - 2 * MIN_SIDE + 1)
    return ChangePoint(at, float(median(before)), float(median(after)), chance)


def _chance(before: Floats, after: Floats, places: int) -> float:
    """The chance that noise alone parts two rows as much, at any of so many places: Student's t test."""
    n = len(before) + len(after)
    apart = float(after.mean() - before.mean())
    if min(len(before), len(after)) < MIN_SIDE or apart == 0:
        return 1.0
    within = float(((before - before.mean()) ** 2).sum() + ((after - after.mean()) ** 2).sum()) / (n - 2)
    floor = (np.finfo(float).eps * max(np.abs(before).max(), np.abs(after).max())) ** 2
    t = abs(apart) / float(np.sqrt(max(within, floor) * (1 / len(before) + 1 / len(after))))
    return min(1.0, places * 2 * float(stdtr(n - 2, -t)))
