"""Find breaks in curves without noise: a learning rate, a sequence length, a counter.

Such a curve stays level or follows a smooth schedule, so any break is real. What is left to chance is that one happens
just before something else does; `break_before` gives that probability.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import TINY, Floats

#: A break of less than a tenth of the level may be the second digit of a rounded log; one of under a hundredth of
#: the curve's largest value is where a schedule ends near zero. Neither is news.
MIN_BREAK, MIN_SHARE_OF_LARGEST = 0.1, 0.01
#: A second difference below this share of the curve's range is rounding: float32 keeps seven digits.
ROUNDING = 1e-6
#: A curve without noise is so at this share of its points; the others are its breaks.
MOSTLY = 2 / 3
#: Breaks at least half as large as the one in question count as breaks of its kind.
SAME_KIND = 0.5
#: Points of one direction in a row that make a stage of a schedule.
STAGE = 3


class Break(NamedTuple):
    """A point where a curve left its level or its schedule.

    at: index of the first point after the break. before, after: the values on its two sides. seen: breaks of its kind
    among the `history` points before. chance: the probability that a break of this kind comes so near to a given
    point by accident.
    """

    at: int
    before: float
    after: float
    seen: int
    history: int
    chance: float


def chance_of_nearness(seen: int, history: int, points: int) -> float:
    """The probability that an event falls on one of `points` points by accident.

    seen: how often it came in `history` points; its rate is that of the rule of succession, (seen + 1) / history.
    """
    rate = min((seen + 1) / max(history, 1), 1.0)
    return float(1 - (1 - rate) ** points)


def is_noiseless(value: Floats) -> bool:
    """Whether a curve stays level or moves in straight lines at two thirds of its points or more. n finite points."""
    if len(value) < 3:
        return False
    reach = float(value.max() - value.min())
    return float(np.mean(np.abs(np.diff(value, 2)) <= ROUNDING * reach)) >= MOSTLY


def break_sizes(value: Floats) -> Floats:
    """How far each point lies off the course of the points before, relative to the level. Zero for the first two.

    value: n finite points. The course is the line through the two points before or, after a jump, a line from the last
    point in the direction of before the jump. Where a positive curve changes by a factor, the size is the
    logarithm of that factor, so that a fall to a hundredth weighs like a rise to the hundredfold.
    """
    n = len(value)
    size = np.zeros(n)
    if n < 3:
        return size
    pace = np.diff(value)
    off = _off(value[2:], value[1:-1] + pace[:-1], value[1:-1])
    if n > 3:
        off[1:] = np.minimum(off[1:], _off(value[3:], value[2:-1] + pace[:-2], value[2:-1]))
    if float(np.mean(pace == 0)) < MOSTLY:
        change = np.abs(value[2:] - value[1:-1] - pace[:-1])
        off[change < MIN_SHARE_OF_LARGEST * np.abs(value).max()] = 0.0
    size[2:] = off
    return size


def _off(value: Floats, expected: Floats, last: Floats) -> Floats:
    """The distance of values from what was expected, in logarithms where both are positive."""
    level = np.maximum(np.maximum(np.abs(value), np.abs(last)), TINY)
    off = np.abs(value - expected) / level
    positive = (value > 0) & (expected > 0)
    off[positive] = np.abs(np.log(value[positive] / expected[positive]))
    return off


def break_before(value: Floats, end: int, lead: int) -> Break | None:
    """Find the largest break among the last `lead` points before index `end`, or None where there is none.

    value: n finite points; those from `end` on are not looked at.
    """
    size = break_sizes(value[:end])
    start = max(end - lead, 2)
    if start >= end:
        return None
    at = start + int(np.argmax(size[start:end]))
    if size[at] < MIN_BREAK:
        return None
    seen = int(np.count_nonzero(size[:at] >= SAME_KIND * size[at]))
    chance = chance_of_nearness(seen, at, end - at)
    return Break(at, float(value[at - 1]), float(value[at]), seen, at, chance)


def stages(value: Floats) -> NDArray[np.intp]:
    """The indices where a schedule turns: from rising to level or falling, from level to falling, and so on.

    Each stage has to last three points; differences below rounding are level.
    """
    if len(value) < 2 * STAGE + 1:
        return np.zeros(0, np.intp)
    pace = np.diff(value)
    way = np.sign(pace) * (np.abs(pace) > ROUNDING * float(value.max() - value.min()) / STAGE)
    same = np.lib.stride_tricks.sliding_window_view(way, STAGE)
    steady = (same == same[:, :1]).all(axis=1)
    turns = np.flatnonzero(steady[:-STAGE] & steady[STAGE:] & (way[: -2 * STAGE + 1] != way[STAGE : -STAGE + 1]))
    return turns + STAGE
