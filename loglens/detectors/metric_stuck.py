"""A metric never moves while the loss does.

Why it matters. A detector whose average precision is 0 in every epoch, or a classifier that is right in the same
share of cases after each, has not learned what the metric measures, or the evaluation is broken: wrong labels or
paths, one class predicted for all, a metric that is fed with other outputs than it expects.

How it is found. Validation metrics decide (test metrics where there are none), training metrics where neither has
enough points, and all metrics of that split must agree: a metric that stands still while others move concerns
that metric alone. From the first hundredth of the curve on, all values are equal, to the last digit: at the
worst value there is (0, or an error rate of 1), at another, or at the best value there is. Meanwhile a loss moves
by more than 2 % of its level. A measured metric of 100 samples or more that repeats itself six times by chance
while the model changes has a chance of one in a million (a change moves the count of right answers with a chance of
nine in ten or more).

It is an error at ten points, or where two splits agree.
Fewer evaluations than six are judged where each gives one and the same bad value (15 % right or less): four,
or three of two metrics (again an error where two splits agree). A score of skill (R2, a correlation of classes,
kappa, an area under the ROC curve) that is within 0.02 of what a constant answer gets, in the later half of its
points, stands still whatever its digits. So does an accuracy a below one half whose thirds differ by no more than
0.02 beyond their noise, where the loss of its split falls to ln C and a is about 1 / C, or falls from the -ln a of
guessing to less than half of that; or an a below 0.9 that is a tenth less than the 1 - L / ln 2 which the loss L asks.

A perfect metric is a note, as an easy task is solved soon. It is a warning where nothing was measured on held-out data
and the training loss ends below a thousandth of its first value: perhaps a task with one answer only. It is also a
warning where it is perfect from the first point on while the loss of the same split begins above ln 2: a classifier
with such a loss has wrong answers, so the metric compares something else.

When it is wrong. A validation set of a few samples has few values to show. A metric that is printed with one or two
digits may hide small moves; near its best (0.9 or more), it is a note, unless the loss of that split ends at the cross
entropy of one answer for every sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loglens.errors import Skip
from loglens.model.constant_metric import (
    GOOD,
    MEANING,
    PERFECT,
    SAME,
    WORST,
    constant_kind,
    contradicts_losses,
    has_no_skill,
    is_one_answer,
    relative_range,
    settled_from,
    vanishes,
)
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.guessing_metric import guesses
from loglens.model.numbers import number
from loglens.model.series import Series, as_share
from loglens.remedies import actions as remedies
from loglens.stats.quantiles import median

RULE = Rule("metric-stuck", "outcome", Severity.ERROR)

#: The fewest evaluations that show a metric stand still, and what share of right answers is bad.
FEW, BAD = 3, 0.15
SURE_POINTS = 10


def detect(
    loss: tuple[Series, ...],
    val_loss: tuple[Series, ...],
    loss_component: tuple[Series, ...],
    metric_higher: tuple[Series, ...],
    metric_lower: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    val_metric_lower: tuple[Series, ...],
    test_metric_higher: tuple[Series, ...],
    test_metric_lower: tuple[Series, ...],
    *,
    min_points: int = 6,
    sure_points: int = 10,
    moves: float = 0.02,
    perfect_points: int = 20,
    vanished: float = 0.001,
) -> Iterator[Finding]:
    splits = (
        (*val_metric_higher, *val_metric_lower),
        (*test_metric_higher, *test_metric_lower),
        (*metric_higher, *metric_lower),
    )
    measured = next((long for split in splits if (long := _long(split, min_points))), None)
    if measured is None:
        yield few_at_worst([curve for split in splits for curve in split], (*loss, *val_loss), moves, min_points)
        return
    losses = [curve.finite for curve in (*loss, *val_loss, *loss_component) if len(curve.finite) >= min_points]
    if not losses:
        raise Skip(f"no loss of {min_points} points was logged besides the metric")
    if not any(_moves(curve, moves) for curve in losses):
        return
    for sign in guesses(measured, [*loss, *val_loss]):
        yield sign.finding([remedies.check_labels(), remedies.check_optimizer_step()])
        return
    if unskilled := [curve for curve in measured if has_no_skill(curve)]:
        yield no_skill(unskilled[0], max(losses, key=relative_range))
        return
    trivial = not (val_loss or measured[0].split in ("val", "test")) and any(vanishes(c, vanished) for c in losses)
    still = sum(any(constant_kind(c) in (WORST, SAME) for c in _long(split, min_points)) for split in splits)
    yield from stands_still(measured, losses, perfect_points, sure_points if still < 2 else FEW, trivial=trivial)


def stands_still(
    measured: list[Series], losses: Sequence[Series], perfect_points: int, sure_points: int, *, trivial: bool
) -> Iterator[Finding]:
    """All metrics of a split stay at one value each. trivial: whether the task may have a single answer."""
    kinds = [constant_kind(curve) for curve in measured]
    if None in kinds:
        return
    kind = next(kind for kind in (WORST, SAME, GOOD, PERFECT) if kind in kinds)
    curve = measured[kinds.index(kind)]
    suspect = kind == GOOD and is_one_answer(curve, losses)
    if kind == PERFECT:
        impossible = contradicts_losses(curve, losses)
        if len(curve) < perfect_points and not impossible:
            return
        suspect = impossible or trivial
    yield _finding(curve, kind, measured, max(losses, key=relative_range), sure_points, suspect)


def few_at_worst(metrics: Sequence[Series], losses: Sequence[Series], moves: float, min_points: int) -> Finding:
    """A few evaluations that all give one and the same bad value, while a loss moves.

    Four or more, or three of two metrics; from the second one on, each metric is the same to its last digit (three
    at least), and within a few hundredths of a tenth of the worst value there is. Skips where there is no such metric.
    """
    none = Skip(f"no metric of {min_points} points was logged")
    found = [curve.finite for curve in metrics if len(curve.finite) >= FEW]
    moving = [curve.finite for curve in losses if len(curve.finite) >= FEW and _moves(curve.finite, moves)]
    if not moving or not found or (max(map(len, found)) == FEW and len(found) < 2):
        raise none
    for curve in found:
        share = as_share(curve).value
        right = 1 - share if curve.role == "metric_lower" else share
        exact = right[-1] <= 0 or len(f"{abs(curve.value[-1]):.9g}".split("e")[0].replace(".", "").lstrip("0")) >= FEW
        if np.ptp(share[1:]) > 0 or right.max() > BAD or right.min() < -1 or not exact:
            raise none
    kind, splits = WORST if right[-1] <= 0 else SAME, {curve.split for curve in found}
    return _finding(
        found[0], kind, found, max(moving, key=relative_range), FEW if len(splits) > 1 else SURE_POINTS, False
    )


def no_skill(curve: Series, loss: Series) -> Finding:
    """A score that says by its name what an answer without any knowledge gets, and stays there."""
    end = float(median(curve.value[len(curve) // 2 :]))
    return Finding(
        f"{curve.tag} is {number(end)} in the later half of its {len(curve)} points, no better than one answer for "
        f"every sample, while {loss.tag} moves between {number(loss.value.min())} and {number(loss.value.max())}",
        Severity.WARNING,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"value": end, "points": len(curve), "stays_at": "no skill"},
        remedies=[remedies.check_labels(), remedies.check_optimizer_step()],
        series=(curve, loss),
    )


def _long(curves: Sequence[Series], min_points: int) -> list[Series]:
    return [curve.finite for curve in curves if len(curve.finite) >= min_points]


def _moves(loss: Series, min_range: float) -> bool:
    return relative_range(loss) > min_range


def _finding(
    curve: Series, kind: str, measured: list[Series], loss: Series, sure_points: int, suspect: bool
) -> Finding:
    severity = Severity.ERROR if kind in (WORST, SAME) else Severity.WARNING if suspect else Severity.NOTE
    sure = len(curve) >= sure_points
    advice: list[Remedy] = [remedies.check_labels()]
    advice += [remedies.check_optimizer_step()] * (kind == SAME)
    meaning = "the loss is that of one answer for every sample" if kind == GOOD and suspect else MEANING[kind]
    others = f" (and {len(measured) - 1:,} other metrics stand still)" if len(measured) > 1 else ""
    low, high, last = float(loss.value.min()), float(loss.value.max()), len(curve) - settled_from(curve)
    return Finding(
        f"{curve.tag} is {number(curve.value[-1])} at every one of its last {last:,} points{others}, "
        f"while {loss.tag} moves between {number(low)} and {number(high)}: {meaning}",
        min(severity, Severity.WARNING) if not sure else severity,
        Confidence.HIGH if sure and kind in (WORST, SAME) else Confidence.MEDIUM,
        onset_step=int(curve.step[settled_from(curve)]),
        end_step=curve.last_step,
        evidence={
            "value": float(curve.value[-1]),
            "points": len(curve),
            "stays_at": kind,
            "loss_low": low,
            "loss_high": high,
        },
        remedies=advice,
        series=(*measured, loss),
    )
