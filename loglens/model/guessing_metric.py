"""An accuracy that stands still at the level of guessing, and what the loss beside it says of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loglens.model.finding import Confidence, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, as_share
from loglens.model.sign import Sign
from loglens.model.vocabulary import ACCURACY
from loglens.stats.blocks import MEDIAN_ERROR, noise
from loglens.stats.guessing import chance_classes, constant_answer_entropy
from loglens.stats.quantiles import median

#: Points of an accuracy that show it stand still, and how many make it an error.
POINTS, SURE_POINTS = 10, 20
#: A gain that would count, as a share of all that is possible, and one that is none.
SEEN, STILL = 0.1, 0.02
#: A loss within so much of ln C is at it (as in loss-not-decreasing), an accuracy within so much of 1 / C at that.
AT_CHANCE, NEAR = 0.02, 0.15
#: An answer that is the same for every input, and right in a share a of all cases, costs -ln a or more: no answer is
#: commoner. A cross entropy below half of that tells inputs apart. It began at 0.8 of that or more, if it is one.
TELLS_APART, BEGINS = 0.5, 0.8
#: A loss that begins so many times above its end came down from a burst.
BURST = 1.1
#: An accuracy that stands still higher than this may be as good as it gets, for all that the level of guessing says.
GUESSABLE = 0.5
#: A sample that is answered wrong gives its label a probability of one half at most, which costs ln 2: a mean cross
#: entropy L leaves no more than L / ln 2 of all answers wrong (Markov's inequality). An accuracy that is so far below
#: that is none of the same answers; one above `HIGH` is not questioned.
COST_OF_ERROR, BELOW, HIGH = float(np.log(2)), 0.1, 0.9
#: Points of a loss that show where it ends.
LOSS_POINTS = 3


def guesses(metrics: Sequence[Series], losses: Sequence[Series]) -> Iterator[Sign]:
    """The first accuracy that stands still at the level of guessing, while the loss of its split tells that it is one.

    Either that loss ends at ln C, and the accuracy is about 1 / C: what fell before was the first burst. Or it begins
    at -ln a of the accuracy a and falls below half of that, which only answers that tell inputs apart can do. Or it
    falls so low that more answers must be right than the accuracy counts.
    """
    standing = [(metric, level) for metric in metrics if (level := _stands_at(metric)) is not None]
    finite = [loss.finite for loss in losses if len(loss.finite) >= LOSS_POINTS] if standing else []
    split = np.array([str(loss.split) for loss in finite])
    start = np.array([loss.value[0] for loss in finite])
    end = np.array([median(loss.tail(0.1, LOSS_POINTS)) for loss in finite])
    classes = np.array([chance_classes(float(each), AT_CHANCE) or 0 for each in end])
    # one that is there from the start is the matter of loss-not-decreasing
    burst = (classes > 0) & (start > BURST * end)
    for metric, level in standing:
        guess = -float(np.log(level))
        at_guess = burst & (np.abs(level * classes - 1) <= NEAR) & (level < GUESSABLE)
        apart = (start >= BEGINS * guess) & (end < TELLS_APART * guess) & (level < GUESSABLE)
        least = 1 - end / COST_OF_ERROR
        impossible = (start >= BEGINS * constant_answer_entropy(level)) & (least > level + BELOW)
        for at in np.flatnonzero((split == str(metric.split)) & (at_guess | apart | impossible))[:1]:
            loss, low = finite[at], float(end[at])
            why = _why(loss, low, int(classes[at]) if at_guess[at] else 0, 0.0 if apart[at] else float(least[at]))
            yield _sign(metric.finite, loss, level, low, why)
            return


def _why(loss: Series, end: float, classes: int, least: float) -> str:
    """Why a metric does not fit a loss.

    classes: those that the loss guesses among, 0 where it falls below that. least: the share of right answers that it
    implies, 0 where it is enough that no single answer for all samples has such a loss.
    """
    if classes:
        return f"{loss.tag} ends at {number(end)}, at ln {classes}: both are those of guessing"
    reason = "which one answer for all samples cannot reach"
    if least:
        reason = f"with which {least:.0%} of the answers or more are right"
    return (
        f"{loss.tag} falls from {number(loss.value[0])} to {number(end)}, {reason}: the metric measures something "
        "else, or has other labels"
    )


def _stands_at(metric: Series) -> float | None:
    """The level of an accuracy that gains nothing, where a gain would have been seen; else None."""
    value = as_share(metric.finite).value
    if metric.role != "metric_higher" or not ACCURACY.search(metric.tag) or len(value) < POINTS:
        return None
    third = len(value) // 3
    error = MEDIAN_ERROR * noise(value) * float(np.sqrt(2 / third))
    first, last = float(median(value[:third])), float(median(value[-third:]))
    level = float(median(value))
    if 4 * error > SEEN or abs(last - first) > STILL + 2 * error or not 0 < level < HIGH:
        return None
    middle = float(median(value[third:-third]))
    return level if abs(middle - level) <= STILL + 2 * error else None


def _sign(metric: Series, loss: Series, level: float, end: float, why: str) -> Sign:
    return Sign(
        f"{metric.tag} stands still at {number(float(median(metric.value)))} in {len(metric):,} points, and {why}",
        Severity.ERROR if len(metric) >= SURE_POINTS else Severity.WARNING,
        Confidence.MEDIUM,
        {"value": level, "points": len(metric), "stays_at": "guessing", "loss_end": end},
        (metric, loss),
        end=metric.last_step,
    )
