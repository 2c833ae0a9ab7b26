"""What a metric that stands still stays at, and whether the loss beside it moves."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from loglens.model.series import Series, as_share
from loglens.model.vocabulary import ACCURACY
from loglens.stats.arrays import TINY, Floats
from loglens.stats.guessing import constant_answer_entropy
from loglens.stats.quantiles import median

#: What a curve of a metric may stay at, the gravest first.
WORST, SAME, GOOD, PERFECT = "worst", "same", "good", "perfect"
#: What it means that a metric stays there, in words.
MEANING = {
    WORST: "the worst possible value; labels or paths are wrong, or the evaluation is broken",
    SAME: "one answer for every sample, or an evaluation that does not see the model change",
    GOOD: "perhaps by its rounding",
    PERFECT: "the best possible value almost from the start; a task of one class, or the input holds the answer",
}
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
#: A score that is above it by a tenth tells inputs apart (chosen).
SKILLED = 0.1
#: A cross entropy within a tenth of that of one answer for all is that (chosen: it converges to it from above).
NEAR_ENTROPY = 0.1
#: In so many points, a first value that differs is the untrained model's.
LONG = 100


def has_no_skill(curve: Series) -> bool:
    """Whether a score of skill is that of a constant answer, or worse, in the later half of the curve."""
    late = float(median(curve.value[len(curve) // 2 :]))
    if _SKILL.search(curve.tag):
        return late <= NEAR_NONE
    # an area under another curve than the ROC may be far below one half
    return bool(_ROC.search(curve.tag)) and abs(late - 0.5) <= NEAR_NONE


def shows_skill(curve: Series) -> bool:
    """Whether a score of skill ends clearly above that of a constant answer, and no lower than it began."""
    value = curve.value
    end = float(median(value[-max(1, len(value) // 4) :]))
    none = 0.0 if _SKILL.search(curve.tag) else 0.5 if _ROC.search(curve.tag) else np.inf
    return end - none >= SKILLED and end >= float(value[0])


def contradicts_losses(metric: Series, losses: Sequence[Series]) -> bool:
    """Whether a metric is perfect from its first point on, where the loss of that split begins above ln 2.

    Then the right class has less than half of the probability in the mean: some of the answers are wrong.
    """
    begins = [float(loss.value[0]) for loss in losses if loss.split == metric.split]
    perfect = as_share(metric).value[0] == (0.0 if metric.role == "metric_lower" else 1.0)
    return bool(perfect and begins and min(begins) > WRONG_ANSWERS)


def is_one_answer(metric: Series, losses: Sequence[Series]) -> bool:
    """Whether a loss of a metric's split ends at the cross entropy of one answer that is right as often as it says.

    A classifier that learned how often each class occurs, and nothing of the inputs, gets there.
    """
    if not ACCURACY.search(metric.tag):
        return False
    entropy = constant_answer_entropy(float(as_share(metric).value[-1]))
    ends = [float(median(loss.tail())) for loss in losses if loss.split == metric.split]
    return any(abs(end - entropy) <= NEAR_ENTROPY * entropy for end in ends)


def settled_from(curve: Series) -> int:
    """The index of the second point, or of the end of the first hundredth of a long curve."""
    return max(1, len(curve) // 100)


def constant_kind(curve: Series) -> str | None:
    """What the metric stays at from its second point or its first hundredth on; None where it moves."""
    share = as_share(curve).value
    lower = curve.role == "metric_lower"
    if _constant(share[max(1, len(share) // SETTLES) :], 0.0 if lower else 1.0):
        return PERFECT
    rest = share[settled_from(curve) :]
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


def relative_range(loss: Series) -> float:
    """By how much a loss moves, as a share of its level."""
    return float(np.ptp(loss.value)) / max(abs(float(median(loss.value))), TINY)


def vanishes(loss: Series, share: float) -> bool:
    """Whether the loss ends below a share of its first value."""
    return float(median(np.abs(loss.tail()))) < share * abs(float(loss.value[0]))
