"""A metric rises and is lost again for good.

Why it matters. What the model could do, it can no longer do: the checkpoint to keep is the one before, and what
was trained after it was wasted. The training loss need not show it.

How it is found. Validation metrics decide (test metrics where there are none), training metrics where neither has
enough points. From the points of a curve of under 200 (an evaluation is an average already), from block medians of a
longer one: the second-best level, how much of the gain from the start to it is gone at every one of the last points,
and how deep and how long the curve fell before and came back. At least half of the gain is gone (AlgoPerf's
"collapsed"), which is five standard errors of a level or more, and the fall is one and a half times as deep or twice
as long as any dip that the metric recovered from. A metric that starts at its best (a fine-tune) has no recorded gain:
it must lose half of its level, or double its error. Metrics of a split must agree: where one that gained keeps its
gain and does not fall beyond its noise, nothing is said; one that reached its level at its second point and has been
flat since does not count. Whether the training loss still falls meanwhile (it ends a tenth or more below its level at
the fall) is said: then it is overfitting, and an early checkpoint is useful.

When it is wrong. A test that becomes harder by design (a curriculum, new data). Too few points: one bad evaluation
at the end looks like the beginning of a collapse; two are required.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.remedies.overshoot import against_overshoot
from loglens.stats.arrays import Floats
from loglens.stats.dips import deepest_dip, outlasts
from loglens.stats.evaluations import evaluation_levels
from loglens.stats.quantiles import median, percentile

RULE = Rule("metric-collapse", "outcome", Severity.ERROR)

#: What a metric may still move after a leap at its first points, as a share of the leap.
LEAP = 0.02
#: From so many evaluations on, the confidence is high.
MANY = 30
#: Between this percentile and the 5th lie nine tenths of the levels.
BULK = 95
#: A gain counts from a tenth of the best level on, and a point is good that keeps three quarters of it.
MIN_GAIN, GOOD = 0.1, 0.25
#: Share of the points that shows a level: at the end, or before a fall.
LEVEL = 0.1


class Course(NamedTuple):
    """How a metric went, in its own units: levels at the start, the best and the end, and the share of the gain lost.

    fell: whether it was lost for good. sinks: whether it ends below its best beyond its noise, by however little.
    flat: whether it leapt to its level at once and has not moved beyond its noise since.
    onset: the index of the first point of the fall.
    """

    curve: Series
    start: float
    best: float
    best_step: int
    end: float
    lost: float
    onset: int
    fell: bool
    sinks: bool
    flat: bool


def detect(
    loss: Series | None,
    val_metric_higher: tuple[Series, ...],
    val_metric_lower: tuple[Series, ...],
    test_metric_higher: tuple[Series, ...],
    test_metric_lower: tuple[Series, ...],
    metric_higher: tuple[Series, ...],
    metric_lower: tuple[Series, ...],
    lr: Series | None,
    grad_norm_global: Series | None,
    *,
    min_points: int = 5,
    lost_share: float = 0.5,
    errors: float = 5.0,
    dips: float = 1.5,
    still_gains: float = 0.1,
) -> Iterator[Finding]:
    splits = (
        (*val_metric_higher, *val_metric_lower),
        (*test_metric_higher, *test_metric_lower),
        (*metric_higher, *metric_lower),
    )
    measured = next((long for split in splits if (long := _long(split, min_points, loss))), None)
    if measured is None:
        raise Skip(f"no metric of {min_points} points was logged")
    courses = [course for curve in measured if (course := _course(curve, lost_share, errors, dips))]
    fallen = [course for course in courses if course.fell]
    if fallen and all(course.fell or course.sinks or course.flat for course in courses):
        course = max(fallen, key=lambda one: (one.curve.role == "metric_higher", len(one.curve)))
        trains = _gains(loss, course, still_gains)
        yield _finding(course, len(fallen), trains, lr, grad_norm_global)


def _long(curves: Sequence[Series], min_points: int, loss: Series | None) -> list[Series]:
    """The finite curves of enough points, up to where the loss is not finite any more: what follows is its effect."""
    if loss is not None and loss.ends_nonfinite:
        curves = [curve.before(loss.first_nonfinite) if curve.axis == loss.axis else curve for curve in curves]
    return [curve.finite for curve in curves if len(curve.finite) >= min_points]


def _course(curve: Series, lost_share: float, errors: float, dips: float) -> Course | None:
    """Measure the course of a metric; None where it gained nothing beyond its noise that it could lose."""
    sign = -1.0 if curve.role == "metric_lower" else 1.0
    level, first, error = evaluation_levels(sign * curve.value)
    tail = level[-max(2, int(LEVEL * len(level))) :]
    # evaluations rise fast at first: the first point is the start where it lies below the first block
    start = min(float(level[0]), sign * float(curve.value[0]))
    best = float(np.sort(level)[-2]) if len(level) > 2 else float(level.max())  # the highest of many is high by chance
    gain = best - start
    if gain < max(2 * errors * error, MIN_GAIN * abs(best)):
        at_stake = _at_stake(level, best, sign, lost_share)
        if at_stake is None:
            return None
        gain = at_stake
    good = level >= best - GOOD * gain
    last_good = int(np.flatnonzero(good)[-1])
    lost = best - float(tail.max())
    deeper = lost >= dips * deepest_dip(level[: last_good + 1])
    longer = outlasts(level < best - lost_share * gain, good)
    return Course(
        curve,
        start=sign * start,
        best=sign * best,
        best_step=int(curve.step[first[int(np.argmax(level))]]),
        end=sign * float(median(tail)),
        lost=lost / gain if gain else 0.0,
        onset=int(first[min(last_good + 1, len(level) - 1)]),
        fell=lost >= lost_share * gain and lost > errors * error and (deeper or longer),
        sinks=lost > errors * error,
        flat=len(level) > 2
        and float(percentile(level[2:], BULK) - percentile(level[2:], 100 - BULK)) < max(errors * error, LEAP * gain),
    )


def _at_stake(level: Floats, best: float, sign: float, lost_share: float) -> float | None:
    """What a metric can lose that starts near its best: its whole level, or twice its error; None where unknown."""
    if sign > 0:
        return best if best > 0 and level.min() >= 0 else None
    return abs(best) / lost_share if best < 0 else None


def _gains(loss: Series | None, course: Course, min_gain: float) -> bool:
    """Whether the training loss ends below its level at the metric's fall, by a share of it."""
    if loss is None or not len(loss.finite):
        return False
    # the axes may differ (steps and epochs): what they share is the share of the run
    at = int(len(loss.finite) * course.onset / len(course.curve))
    before, end = loss.finite.value[:at], float(median(loss.finite.tail()))
    if len(before) < 3:
        return False
    level = float(median(before[-max(3, int(LEVEL * len(before))) :]))
    return level - end > min_gain * abs(level)


def _finding(course: Course, count: int, trains: bool, lr: Series | None, grad: Series | None) -> Finding:
    curve = course.curve
    onset = int(curve.step[course.onset])
    others = f", and so go {count - 1} other metrics" if count > 1 else ""
    while_gains = "; the training loss still falls meanwhile" if trains else ""
    return Finding(
        f"{curve.tag} goes from {number(course.start)} to {number(course.best)} at {curve.axis} "
        f"{number(course.best_step)} and ends at "
        f"{number(course.end)} for good{others}{while_gains}",
        Severity.ERROR,
        Confidence.HIGH if len(curve) >= MANY else Confidence.MEDIUM,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={"start": course.start, "best": course.best, "end": course.end, "gain_lost": course.lost},
        remedies=[
            remedies.resume_from(course.best_step, curve.axis),
            *against_overshoot(lr, grad, onset),
        ],
        series=(curve, *present(lr)),
    )
