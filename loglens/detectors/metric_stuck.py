"""A metric never moves while the loss does.

Why it matters. A detector whose average precision is 0 in every epoch, or a classifier that is right in the same
share of cases after each, has not learned what the metric measures, or the evaluation is broken: wrong labels or
paths, one class predicted for all, a metric that is fed with other outputs than it expects.

How it is found. Validation metrics decide (test metrics where there are none), training metrics where neither has
enough points, and all metrics of that split must agree: a metric that stands still beside others that move is a
matter of that metric. From the first hundredth of the curve on, all values are equal, to the last digit: at the
worst value there is (0, or an error rate of 1), at another, or at the best value there is. Meanwhile a loss moves
by more than 2 % of its level. A measured metric of 100 samples or more that repeats itself six times by chance
while the model changes is a matter of one in a million (a change moves the count of right answers with a chance of
nine in ten or more).

Fewer evaluations than that are judged where each gives one and the same bad value (15 % right or less): four,
or three of two metrics (an error where two splits agree). A score of skill (R2, a correlation of classes,
kappa, an area under the ROC curve) that is within 0.02 of what a constant answer gets, in the later half of its
points, stands still whatever its digits.

A perfect metric is a note, as an easy task is solved soon. It is a warning where nothing was measured on held-out
data and the training loss ends below a thousandth of its first value: perhaps a task with one answer only. And it is
one where it is perfect from the first point on while the loss of the same split begins above ln 2: a classifier with
such a loss has wrong answers, so the metric compares something else.

When it is wrong. A validation set of a few samples has few values to show. A metric that is printed with one or two
digits may hide small moves; near its best (0.9 or more), it is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, as_share
from loglens.remedies import actions as remedies
from loglens.stats.arrays import TINY, Floats

RULE = Rule("metric-stuck", "outcome", Severity.ERROR)

#: What a curve of a metric may stay at, the gravest first.
WORST, SAME, GOOD, PERFECT = "worst", "same", "good", "perfect"
#: A share of right answers above which standing still may be a matter of printed digits.
NEAR_BEST = 0.9
#: A perfect metric may take a twentieth of the run to become so.
SETTLES = 20
#: A mean cross entropy of ln 2: the right class has half of the probability in the (geometric) mean.
WRONG_ANSWERS = float(np.log(2))
#: Scores of which an answer without knowledge gets 0 (no variance explained, no correlation of classes), or one half.
_SKILL = re.compile(r"(?<![a-z])(r2|r_?squared|r2_?score|mcc|matthews\w*|(cohens?_?)?kappa)(?![a-z0-9])", re.I)
_ROC = re.compile(r"(?<![a-z])(roc_?auc|auc_?roc|auroc|auc)(?![a-z0-9])", re.I)
#: A score this near to that of a constant answer tells nothing (chosen).
NEAR_NONE = 0.02
#: The fewest evaluations that show a metric stand still, and what share of right answers is bad.
FEW, BAD = 3, 0.15
SURE_POINTS = 10
#: In so many points, a first value that differs is the untrained model's.
LONG = 100


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
        if (found := few_at_worst([curve for split in splits for curve in split], (*loss, *val_loss), moves)) is None:
            raise Skip(f"no metric of {min_points} points was logged")
        yield found
        return
    losses = [curve.finite for curve in (*loss, *val_loss, *loss_component) if len(curve.finite) >= min_points]
    if not losses:
        raise Skip(f"no loss of {min_points} points was logged beside the metric")
    kinds = [_kind(curve) for curve in measured]
    unskilled = [curve for curve in measured if _no_skill(curve)]
    if unskilled and any(_moves(curve, moves) for curve in losses):
        yield no_skill(unskilled[0], max(losses, key=_range))
        return
    if None in kinds or not any(_moves(curve, moves) for curve in losses):
        return
    kind = next(kind for kind in (WORST, SAME, GOOD, PERFECT) if kind in kinds)
    curve = measured[kinds.index(kind)]
    impossible = kind == PERFECT and _contradicts(curve, losses)
    if kind == PERFECT and len(curve) < perfect_points and not impossible:
        return
    # an easy task is perfect soon as well: without held-out data, nothing tells it from one with a single answer
    trivial = kind == PERFECT and measured[0].split not in ("val", "test") and not val_loss
    trivial = trivial and any(_vanishes(one, vanished) for one in losses)
    yield _finding(curve, kind, measured, max(losses, key=_range), sure_points, trivial or impossible)


def few_at_worst(metrics: Sequence[Series], losses: Sequence[Series], moves: float) -> Finding | None:
    """A few evaluations that all give one and the same bad value, while a loss moves.

    Four or more, or three of two metrics; from the second one on, each metric is the same to its last digit (three
    at least), and within a few hundredths of a tenth of the worst value there is.
    """
    found = [curve.finite for curve in metrics if len(curve.finite) >= FEW]
    moving = [curve.finite for curve in losses if len(curve.finite) >= FEW and _moves(curve.finite, moves)]
    if not moving or not found or (max(map(len, found)) == FEW and len(found) < 2):
        return None
    for curve in found:
        share = as_share(curve).value
        right = 1 - share if curve.role == "metric_lower" else share
        exact = right[-1] <= 0 or len(f"{abs(curve.value[-1]):.9g}".split("e")[0].replace(".", "").lstrip("0")) >= FEW
        if np.ptp(share[1:]) > 0 or right.max() > BAD or right.min() < -1 or not exact:
            return None
    kind, splits = WORST if right[-1] <= 0 else SAME, {curve.split for curve in found}
    return _finding(found[0], kind, found, max(moving, key=_range), FEW if len(splits) > 1 else SURE_POINTS, False)


def _no_skill(curve: Series) -> bool:
    """Whether a score of skill is that of a constant answer, or worse, in the later half of the curve."""
    late = float(np.median(curve.value[len(curve) // 2 :]))
    if _SKILL.search(curve.tag):
        return late <= NEAR_NONE
    # an area under another curve than the ROC may be far below one half
    return bool(_ROC.search(curve.tag)) and abs(late - 0.5) <= NEAR_NONE


def no_skill(curve: Series, loss: Series) -> Finding:
    """A score that says by its name what an answer without any knowledge gets, and stays there."""
    end = float(np.median(curve.value[len(curve) // 2 :]))
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


def _contradicts(metric: Series, losses: Sequence[Series]) -> bool:
    """Whether a metric is perfect from its first point on, where the loss of that split begins above ln 2.

    Then the right class has less than half of the probability in the mean: some of the answers are wrong.
    """
    begins = [float(loss.value[0]) for loss in losses if loss.split == metric.split]
    perfect = as_share(metric).value[0] == (0.0 if metric.role == "metric_lower" else 1.0)
    return bool(perfect and begins and min(begins) > WRONG_ANSWERS)


def _long(curves: Sequence[Series], min_points: int) -> list[Series]:
    return [curve.finite for curve in curves if len(curve.finite) >= min_points]


def _range(loss: Series) -> float:
    """By how much a loss moves, as a share of its level."""
    return float(np.ptp(loss.value)) / max(abs(float(np.median(loss.value))), TINY)


def _moves(loss: Series, min_range: float) -> bool:
    return _range(loss) > min_range


def _vanishes(loss: Series, share: float) -> bool:
    """Whether the loss ends below a share of its first value."""
    return float(np.median(np.abs(loss.tail()))) < share * abs(float(loss.value[0]))


def _begin(curve: Series) -> int:
    """The index of the second point, or of the end of the first hundredth of a long curve."""
    return max(1, len(curve) // 100)


def _kind(curve: Series) -> str | None:
    """What the metric stays at from its second point or its first hundredth on; None where it moves."""
    share = as_share(curve).value
    lower = curve.role == "metric_lower"
    if _constant(share[max(1, len(share) // SETTLES) :], 0.0 if lower else 1.0):
        return PERFECT
    rest = share[_begin(curve) :]
    at = float(rest[0])
    if not _constant(rest, at):
        return None
    if at == (1.0 if lower else 0.0):
        return WORST
    if 0 < at < 1 and (1 - at if lower else at) >= NEAR_BEST:
        return GOOD
    return SAME if share[0] == at or len(share) >= LONG else None


def _constant(value: Floats, at: float) -> bool:
    return bool((value == at).all())


def _finding(
    curve: Series, kind: str, measured: list[Series], loss: Series, sure_points: int, trivial: bool
) -> Finding:
    severity = Severity.ERROR if kind in (WORST, SAME) else Severity.WARNING if trivial else Severity.NOTE
    sure = len(curve) >= sure_points
    advice: list[Remedy] = [remedies.check_labels()]
    if kind == SAME:
        advice.append(remedies.check_optimizer_step())
    meaning = {
        WORST: "the worst there is: wrong labels or paths, or the evaluation is broken",
        SAME: "one answer for every sample, or an evaluation that does not see the model change",
        GOOD: "perhaps by its rounding",
        PERFECT: "the best there is, almost from the start: a task of one class only, or the answer is in the input",
    }[kind]
    others = f" (and {len(measured) - 1:,} other metrics stand still)" if len(measured) > 1 else ""
    low, high = float(loss.value.min()), float(loss.value.max())
    return Finding(
        f"{curve.tag} is {number(curve.value[-1])} at every one of its last {len(curve) - _begin(curve):,} "
        f"points{others}, "
        f"while {loss.tag} moves between {number(low)} and {number(high)}: {meaning}",
        min(severity, Severity.WARNING) if not sure else severity,
        Confidence.HIGH if sure and kind in (WORST, SAME) else Confidence.MEDIUM,
        onset_step=int(curve.step[_begin(curve)]),
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
