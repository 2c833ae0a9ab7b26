"""Find out whether a model learned from other curves than its loss: metrics and the validation loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglens.model.run import Run
from loglens.model.series import Series
from loglens.model.vocabulary import ACCURACY, CROSS_ENTROPY
from loglens.stats.blocks import noise
from loglens.stats.explosions import begins_beyond_guessing, starts_absurdly
from loglens.stats.levels import levels
from loglens.stats.quantiles import median
from loglens.stats.standstill import covers, point_when_begun, still_grows

#: Points, and updates where they are counted, by which a healthy run has moved.
OLD_POINTS, OLD_STEPS = 20, 100
#: Points of a metric that show where it starts and ends, and of each of its halves.
METRIC_POINTS, HALF_POINTS = 10, 5
#: A metric improves where its second half is better than its first by five deviations of a level, and by a fifth.
BETTER_ERRORS, BETTER_SHARE = 5.0, 0.2
#: A gain that counts, as a share of the start, and the share of it that is kept at least. Chosen, as in the outcome.
MIN_GAIN, KEPT = 0.1, 0.75
#: Shares of its gain and of its level that a metric gains after its loss was lowest, which then is about confidence.
#: Of one that cannot exceed 1, what it lacks of 1 is its level where that is less.
AFTERWARDS, PART = 0.1, 0.05
#: Validation losses after a step that can contradict the training loss.
EVALUATIONS = 5


def is_old_enough(loss: Series, lr: Series | None, points: int = OLD_POINTS) -> bool:
    """Whether a healthy run would have moved by now: 20 points, 100 updates, past the warmup of its learning rate.

    points: fewer may do where the loss is known well.
    """
    updates = float(loss.last_step - loss.step[0]) if loss.axis == "step" else np.inf
    warming = lr is not None and still_grows(lr.finite.value) and _reaches(lr, loss)
    return len(loss) >= points and updates >= OLD_STEPS and not warming


def _reaches(lr: Series, loss: Series) -> bool:
    """Whether the rate is known for most of the run."""
    return lr.axis != loss.axis or 2 * lr.last_step >= loss.last_step


def bounded(metrics: Sequence[Series], min_points: int = METRIC_POINTS) -> list[Series]:
    """The finite points of those metrics that stay between 0 and 1 and have `min_points` points or more."""
    finite = [metric.finite for metric in metrics if len(metric.finite) >= min_points]
    return [metric for metric in finite if metric.value.min() >= 0 and metric.value.max() <= 1]


def any_covers(metrics: Sequence[Series], share: float) -> bool:
    """Whether one of several bounded metrics covers a share of its way to 1."""
    return any(covers(metric.value, share) for metric in metrics)


def start_was_seen(metrics: Sequence[Series], loss: Series, start: float, end: float) -> bool:
    """Whether a metric was first measured before half of all that the loss fell, so that its start is known."""
    points = [point_when_begun(loss.step, metric.step) for metric in metrics]
    early = [at < 3 or float(median(loss.value[at - 2 : at + 1])) >= (start + end) / 2 for at in points]
    return any(early) or start <= end


def gained(held_out: Series | None, share: float) -> bool:
    """Whether a validation loss (two finite points or more) ends below its first points by a share of them."""
    if held_out is None:
        return False
    first, last = float(median(held_out.value[:2])), float(median(held_out.value[-3:]))
    return first - last >= share * abs(first)


def first_level(loss: Series, run: Run, start: float) -> float:
    """The first level on record, before any rewind. start: the level at the start of the curve that survived."""
    # a sum of parts was never logged itself, so it has no earlier start
    return run.first(loss.tag) if loss.tag in run.curves else start


def any_improves(metrics: Sequence[Series], *, lower: bool) -> bool:
    """Whether a training metric's second half is better than its first, beyond its noise.

    lower: whether smaller values are better.
    """
    for metric in _of_training(metrics):
        value = metric.value if lower else -metric.value
        half = len(value) // 2
        if half >= HALF_POINTS:
            first, second = float(median(value[:half])), float(median(value[half:]))
            if first - second > max(BETTER_ERRORS * levels(value).noise, BETTER_SHARE * abs(first)):
                return True
    return False


def kept_share(metrics: Sequence[Series]) -> float:
    """The share of its best level that each training metric ends with, the least of them; 0 where none says.

    metrics: of which larger values are better; those with negative values or under ten points say nothing.
    """
    shares = []
    for metric in _of_training(metrics):
        if len(metric) >= METRIC_POINTS and metric.value.min() >= 0 and metric.value.max() > 0:
            found = levels(-metric.value)
            shares.append(found.end / found.best if found.best < 0 else 0.0)
    return min(shares, default=0.0)


def frozen_from(metrics: Sequence[Series], step: int, min_points: int) -> list[Series]:
    """The metrics that varied up to a step, and keep one and the same value at `min_points` points or more after it.

    A model whose weights are NaN predicts the same for every input.
    """
    found = []
    for metric in (metric.finite for metric in metrics):
        after, before = metric.value[metric.step > step], metric.value[metric.step <= step]
        if len(after) >= min_points and len(before) >= 2 and np.ptp(after) == 0 and np.ptp(before) > 0:
            found.append(metric)
    return found


def fall_after(held_out: Series, onset: int, share: float) -> tuple[float, float] | None:
    """The lowest validation loss before a step and the highest of the last three, where it fell by a share and more.

    held_out: finite. None where it did not, or where fewer than five evaluations follow the step.
    """
    at = int(np.searchsorted(held_out.step, onset))
    if at < 1 or len(held_out) - at < EVALUATIONS:
        return None
    then, end = float(held_out.value[:at].min()), float(held_out.value[-3:].max())
    return (then, end) if end <= (1 - share) * then else None


def _of_training(metrics: Sequence[Series]) -> list[Series]:
    return [metric.finite for metric in metrics if metric.split == "train"]


def keeping_gain(curves: Sequence[Series], step: int) -> list[Series]:
    """The curves that should rise, did so, and end with three quarters of it; none unless half of the curves do.

    They have five finite points or more, of which two follow the step, and rose by a tenth of the size of their start
    and by five deviations of a level.
    """
    measured = [curve.finite for curve in curves if len(curve.finite) >= HALF_POINTS and curve.step[-2] > step]
    kept = [curve for curve in measured if _keeps_gain(curve)]
    return kept if 2 * len(kept) >= len(measured) else []


def _keeps_gain(curve: Series) -> bool:
    found = levels(-curve.value)
    risen = found.start - found.best
    return risen > max(MIN_GAIN * abs(found.start), BETTER_ERRORS * found.noise) and found.lost <= 1 - KEPT


def improves_after(
    curves: Sequence[Series], step: int, *, lower: bool, training: Sequence[Series] = ()
) -> Series | None:
    """The first curve that makes a tenth of its whole gain after a step, and ends with three quarters of that.

    Beyond its noise, and by a twentieth of its level at that step, after which it has two finite points or more.
    lower: whether smaller values are better. training: metrics of training, of which an accuracy shows where that of
    other data began, if its first evaluation came late.
    """
    begins = min((float(curve.finite.value[0]) for curve in training if _is_accuracy(curve)), default=np.inf)
    for curve in (curve.finite for curve in curves):
        value = curve.value if lower else -curve.value
        before, after = value[curve.step <= step], value[curve.step > step]
        if not len(before) or len(after) < 2:
            continue
        then, end = float(before[-3:].min()), float(median(after[-3:]))
        start = max(float(value[0]), -begins) if _is_accuracy(curve) else float(value[0])
        gain, later = start - float(after.min()), then - float(after.min())
        bar = BETTER_ERRORS * noise(value) / np.sqrt(3) if len(value) >= METRIC_POINTS else 0.0
        level = min(abs(then), 1 + then) if not lower and bounded([curve], 1) else abs(then)
        if later > max(AFTERWARDS * gain, bar, PART * level) and then - end >= KEPT * later:
            return curve
    return None


def _is_accuracy(curve: Series) -> bool:
    return bool(ACCURACY.search(curve.tag) and bounded([curve], 1))


def is_untouched(held_out: Series | None, first: int, last: int, near: float) -> bool:
    """Whether a validation loss was measured between two steps, and not above its last value before them.

    near: the share of that value by which it may be higher. What jumps in training alone is the data.
    """
    if held_out is None:
        return False
    step, value = held_out.finite.step, held_out.finite.value
    before, during = value[step < first], value[(step >= first) & (step <= last)]
    return bool(len(before) and len(during)) and float(during.max() - before[-1]) <= near * abs(float(before[-1]))


def begins_absurdly(loss: Series, metrics: Sequence[Series]) -> bool:
    """Whether a finite loss begins far above guessing: by an accuracy beside it, or as a cross entropy by its name."""
    accuracies = [metric for metric in metrics if ACCURACY.search(metric.tag)]
    if any(starts_absurdly(loss.value, metric.finite.value) for metric in accuracies):
        return True
    return bool(CROSS_ENTROPY.search(loss.tag)) and begins_beyond_guessing(loss.value)
