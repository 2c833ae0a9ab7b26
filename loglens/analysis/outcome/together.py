"""Whether training and held-out curves fail together: get worse, or stay at the worst level.

What both show is no overfitting, and no matter of one evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from loglens.analysis.outcome.curve_progress import BEYOND_NOISE, WIDE
from loglens.analysis.outcome.curve_state import AT_CHANCE, ENOUGH, FEW_RIGHT, KEPT, LITTLE, NO_GAIN, STILL, WORST
from loglens.analysis.outcome.indicators import Indicator
from loglens.analysis.outcome.metric_scale import is_error_rate, whole_of_rate
from loglens.model.vocabulary import ACCURACY
from loglens.stats.arrays import Floats
from loglens.stats.guessing import stays_at_chance
from loglens.stats.quantiles import median

#: Steps of two metrics that correlate by so much are one movement: of eight independent pairs, one in 600 does.
ALIKE = 0.9
#: A share of right answers is that of a guess within this share of it. Chosen.
GUESSED = 0.1
#: Fewer evaluations do not show that a metric stands still.
FEW = 3


def fell_together(found: Sequence[Indicator]) -> tuple[str, Indicator] | None:
    """The state of a run whose training and held-out curves gave back their gain together, and the curve that shows it.

    A curve counts that gained, and ends with less than three quarters of that. Half of all curves must, one of training
    and one held out; one of them gained, and one gave back, by more than its noise. The state is lost where the curves
    keep less than half (median), unstable where they keep more. None where this does not hold.

    Of 216 healthy runs (small nets and AlgoPerf) that were looked at, none has a curve that gained beyond its noise and
    keeps less than 0.8 of that.
    """
    if (low := ends_low(found)) is not None:
        return "unstable", low
    gained = [indicator for indicator in found if _has_gained(indicator)]
    if not any(_has_surely_gained(indicator) for indicator in gained):
        return None
    fallen = [indicator for indicator in gained if _kept(indicator) < KEPT]
    if 2 * len(fallen) < len(gained) or len({indicator.heldout for indicator in fallen}) < 2:
        return None
    if max(_sureness(indicator) for indicator in fallen) < BEYOND_NOISE:
        return None
    state = "lost" if median([_kept(indicator) for indicator in fallen]) < 0.5 else "unstable"
    return state, max((indicator for indicator in fallen if indicator.heldout), key=_sureness)


def ends_low(found: Sequence[Indicator]) -> Indicator | None:
    """The held-out metric that swings with the same metric of another split, and is bad at the last evaluation.

    Where a metric swings, its noise is not known from its points. Two splits have no samples in common: what both do
    at the same evaluations is no noise of these but the model itself. Bad is below half of the gain, in both.
    """
    low = [one for one in found if one.metric and _is_wide(one) and _last(one) < 0.5]
    for one in low:
        for other in low:
            same = one.curve.role == other.curve.role and _name(one) == _name(other)
            if one.heldout and one.curve.split != other.curve.split and same and _moves_with(one, other):
                return one
    return None


def _name(indicator: Indicator) -> str:
    """The name of a metric without its split: the last part of its tag, less a prefix."""
    return re.split(r"[/_. ]", indicator.curve.tag)[-1].lower()


def _is_wide(indicator: Indicator) -> bool:
    progress = indicator.progress
    if progress is None or len(progress.curve) < ENOUGH or progress.relative_gain < WIDE:
        return False
    return progress.lower or (progress.gained or 0.0) >= LITTLE


def _last(indicator: Indicator) -> float:
    """The share of the gain that the last point has; 1 without a gain."""
    progress = indicator.progress
    if progress is None or progress.best == progress.start:
        return 1.0
    return (progress.last - progress.start) / (progress.best - progress.start)


def _moves_with(one: Indicator, other: Indicator) -> bool:
    """Whether two metrics take the same steps from evaluation to evaluation."""
    if one.progress is None or other.progress is None:
        return False
    first, second = one.progress.curve, other.progress.curve
    if len(first) != len(second) or not (first.step == second.step).all():
        return False
    steps = np.diff(first.value), np.diff(second.value)
    return bool(min(np.ptp(part) for part in steps) > 0 and np.corrcoef(*steps)[0, 1] >= ALIKE)


def stays_at_worst(found: Sequence[Indicator]) -> Indicator | None:
    """The held-out metric that stands still at its worst level (see `stands_at_worst`), as the same in training does.

    None where no metric of both splits does. What the losses do is no excuse: no metric of 216 healthy runs that were
    looked at, whole and cut to 15, 30, 50 and 75 % of their length, stands there in both splits.
    """
    at_worst = [indicator for indicator in found if indicator.metric and stands_at_worst(indicator)]
    if len({indicator.heldout for indicator in at_worst}) < 2:
        return None
    return next(indicator for indicator in at_worst if indicator.heldout)


def guesses(found: Sequence[Indicator]) -> Indicator | None:
    """The held-out accuracy that is right as often as a guess, where a held-out loss stays at what that costs.

    Guessing among C classes costs ln C and is right in 1 / C of all cases. Of eight evaluations or more; None else.
    """
    losses = [one.curve.finite.value for one in found if one.heldout and not one.metric]
    classes = [c for value in losses if len(value) >= ENOUGH and (c := stays_at_chance(value, AT_CHANCE)) is not None]
    for one in found:
        right = _share_right(one) if one.heldout and one.metric and ACCURACY.search(one.curve.tag) else None
        if right is None or len(right) < ENOUGH:
            continue
        if any(abs(median(right[len(right) // 2 :]) * c - 1) < GUESSED for c in classes):
            return one
    return None


def stands_at_worst(indicator: Indicator) -> bool:
    """Whether a metric stays below a tenth of its best, and gains nothing in its later half.

    Of fewer than eight points, three at least, it gains nothing from the second one on. An error rate of words or
    the like counts down to four fifths: what answers the same for every sample gets some words right.
    """
    right = _share_right(indicator)
    if right is None or len(right) < FEW:
        return False
    worst = WORST if indicator.progress is None or not indicator.progress.lower else FEW_RIGHT
    if len(right) < ENOUGH:
        return bool(right.max() < worst and np.ptp(right[1:]) < STILL)
    half = right[len(right) // 2 :]
    third = max(1, len(half) // 3)
    return bool(right.max() < worst and median(half[-third:]) - median(half[:third]) < STILL)


def _share_right(indicator: Indicator) -> Floats | None:
    """The share of right answers that a metric measures; None for others."""
    progress = indicator.progress
    if progress is None:
        return None
    value = progress.curve.value
    if not progress.lower:
        return None if progress.ideal is None else value / progress.ideal
    if not is_error_rate(progress.curve) or value.min() < 0:
        return None
    return 1 - value / whole_of_rate(progress.curve.value)


def _has_gained(indicator: Indicator) -> bool:
    progress = indicator.progress
    return progress is not None and len(progress.curve) >= ENOUGH and progress.sureness >= 1


def _has_surely_gained(indicator: Indicator) -> bool:
    progress = indicator.progress
    return progress is not None and progress.sureness >= BEYOND_NOISE and progress.relative_gain >= NO_GAIN


def _kept(indicator: Indicator) -> float:
    progress = indicator.progress
    if progress is None:
        return 1.0
    return progress.last_kept if progress.last_kept < 0.5 else progress.kept


def _sureness(indicator: Indicator) -> float:
    progress = indicator.progress
    if progress is None:
        return 0.0
    return max(progress.drop_sureness, progress.fall_at_last if progress.last_kept < 0.5 else 0.0)
