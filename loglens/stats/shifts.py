"""Find a shift of a noisy curve in its last points, and how unusual it is in the curve's own history.

A search for change points over the whole curve (`ruptures`) answers another question, and takes 13 s on 10^5 points;
here one place is in question, and the rest of the curve says what is usual (docs/decisions/changes-before-onset.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loglens.stats.arrays import TINY, Floats
from loglens.stats.quantiles import median

#: Lengths of the shifts that are looked for, in points; longer ones as the lead allows.
LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34)
#: Points before a shift that give the level and the noise there.
BASE = 30
#: History before the last points: fewer give no tail to judge by, more tell nothing new.
MIN_HISTORY, MAX_HISTORY = 60, 20_000
#: Share of the history that is its tail.
TAIL = 0.1
#: Smallest tail index: the tail of normal noise, as seen at these sizes of history, falls no faster.
MIN_INDEX = 0.1
#: A shift of less than this share of the level is not worth a word.
MIN_SHIFT = 0.05


class Shift(NamedTuple):
    """The largest shift in the last points of a curve.

    length: how many of the last points it takes. before, after: medians on its two sides. times: its size, as a
    multiple of the largest shift among the `history` points before. chance: the probability that noise alone makes
    one as large.
    """

    length: int
    before: float
    after: float
    times: float
    history: int
    chance: float


def shift_before(value: Floats, lead: int) -> Shift | None:
    """Find the largest shift in the last `lead` points of a curve, or None where the history is too short.

    value: n finite points, the curve up to the moment in question. A shift of k points is the mean of the last k less
    the mean of the 30 before, over their standard error; the largest over several k counts. The same number is
    taken at every earlier point. Its tail is taken as a power law (Hill 1975, Ann. Statist. 3:1163, with the upper
    95 % limit of the index), so that a shift larger than all before has a probability, and noise with outliers
    is not mistaken for calm.
    """
    value = value[-MAX_HISTORY:]
    lengths = [k for k in LENGTHS if k <= lead]
    offset = BASE + max(lengths)
    past = len(value) - offset - lead
    if past < MIN_HISTORY:
        return None
    logged = bool((value > 0).all() and value.max() > 10 * value.min())
    scores = _scores(np.log(value) if logged else value, lengths)
    best = int(np.argmax(scores[:, -1]))
    score, history = float(scores[best, -1]), scores[:, offset : len(value) - lead].max(axis=0)
    at = len(value) - lengths[best]
    before, after = float(median(value[at - BASE : at])), float(median(value[at:]))
    if abs(after - before) < MIN_SHIFT * max(abs(before), abs(after)):
        return None
    return Shift(
        lengths[best], before, after, score / max(float(history.max()), TINY), past, tail_chance(history, score)
    )


def tail_chance(history: Floats, score: float) -> float:
    """The probability of a score as large as `score`, given n scores of the past, of which the top tenth is a tail."""
    n = len(history)
    size = max(int(TAIL * n), 5)
    top = np.partition(history, n - size - 1)[n - size - 1 :]
    threshold = float(top.min())
    if score <= threshold or threshold <= 0:
        return float(np.count_nonzero(history >= score) + 1) / (n + 1)
    index = float(np.mean(np.log(top[top > threshold] / threshold))) if (top > threshold).any() else 0.0
    index = max(index, MIN_INDEX) * (1 + 1.64 / np.sqrt(size))
    return min(size / n * float((threshold / score) ** (1 / index)), 1.0)


def _scores(value: Floats, lengths: list[int]) -> Floats:
    """One row for each length: at every point the size of the shift that ends there, 0 where there is no room."""
    n = len(value)
    value = value - median(value)
    sums = np.concatenate([[0.0], np.cumsum(value)])
    squares = np.concatenate([[0.0], np.cumsum(value**2)])
    ends = np.arange(n + 1)
    mean = np.zeros(n + 1)
    deviation = np.zeros(n + 1)
    mean[BASE:] = (sums[BASE:] - sums[:-BASE]) / BASE
    deviation[BASE:] = np.sqrt(np.maximum((squares[BASE:] - squares[:-BASE]) / BASE - mean[BASE:] ** 2, 0.0))
    # a stretch that is calm by accident, or flat for the digits of the log, makes no shift out of noise
    usual = float(median(deviation[BASE:]))
    deviation = np.maximum(deviation, max(0.1 * usual, 1e-9 * float(np.abs(value).max()), TINY))
    out = np.zeros((len(lengths), n))
    for row, k in enumerate(lengths):
        recent = (sums[k:] - sums[:-k]) / k
        start = ends[k:] - k
        error = deviation[start] * np.sqrt(1 / k + 1 / BASE)
        score = np.abs(recent - mean[start]) / error
        score[start < BASE] = 0.0
        out[row, k - 1 :] = score
    return out
