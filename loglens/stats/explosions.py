"""Find where a gradient norm grows or jumps, and whether the loss gets worse afterwards."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats, Ints
from loglens.stats.blocks import blocks, noise
from loglens.stats.growth import Growth, trailing_fits
from loglens.stats.levels import levels
from loglens.stats.onsets import exit_point
from loglens.stats.quantiles import median, percentile

#: Points before a growth that are enough to know the level it grew from.
BASE = 5
#: The shortest window that is looked at, half of a curve where that is shorter, and the points that a fit needs.
WINDOW, FIT_POINTS = 20, 8
#: A loss has to come down to this share of its early level to count as learned.
LEARNED = 0.05
#: Deviations of the noise that a level after a growth lies above the level before it: one chance in a thousand.
WORSE = 3.0
#: A jump of the loss: so many deviations of the noise, and at least to twice its level. It counts as over
#: once the loss is within half of those deviations, or a fifth of its level, again.
JUMP, BACK = 6.0, 0.2
#: Guessing among a million classes, summed over a batch of 70,000.
NO_UNIT = 1e6
#: Ten times ln(1,000,000).
BEYOND_GUESSING = 138.0
#: A norm that comes down by less may have begun with a few large batches (chosen); the power of the loss it goes with.
THREEFOLD = 3.0
MIDWAY = 0.75
#: A loss above this is no cross entropy; the norm over the root of a squared error that no healthy run comes near.
UNITS, BEYOND = 100.0, 500.0
#: Points within which a loss answers a jump of the gradient, at most a twentieth of the run.
ANSWER = 50
#: Points that show the level of a loss after an explosion.
MIN_REST = 3


def growing_window(step: Ints, value: Floats, *, t_value: float, r2: float, factor: float) -> Growth | None:
    """Find the widest trailing window over which a curve grows exponentially, above all its earlier values.

    step, value: n finite points. t_value, r2: minima for a fit (see `fit_growth`). factor: minimum ratio of the end
    of the curve to the level before the window.
    """
    found = None
    end = float(median(value[-max(3, len(value) // 50) :]))
    shortest = min(WINDOW, max(FIT_POINTS, len(value) // 2))
    for fit in trailing_fits(step, value, min_points=shortest):
        if fit.t > t_value and fit.low > 0 and fit.r2 > r2 and fit.factor >= factor:
            before = value[: fit.start]
            if len(before) < BASE or end >= factor * float(median(before)):
                found = fit
    return found


def peak_end(value: Floats) -> int:
    """The index at which the highest block of a curve ends; after an explosion the gradients may be small again."""
    block = blocks(np.arange(len(value)), value)
    at = int(np.argmax(block.level))
    return int(block.start[at + 1]) if at + 1 < len(block) else len(value)


def band_exit(value: Floats, start: int) -> int:
    """The index from which a curve stays outside the band of its points before `start`.

    The band ends at the 90th percentile of those points, or of the first tenth where there are hardly any. Blocks say
    from where on; within the first block it is the first point above the band.
    """
    calm = value[:start] if start >= BASE else value[: max(3, len(value) // 10)]
    top = float(percentile(calm, 90))
    block = blocks(np.arange(len(value)), value, max_blocks=100, min_points=1 if len(value) < 300 else 3)
    inside = np.flatnonzero(block.level <= top)
    begin = int(block.start[min(int(inside[-1]) + 1, len(block) - 1) if len(inside) else 0])
    return exit_point(value > top, begin)


def is_worse_after(loss: Floats, split: int) -> bool:
    """Whether a loss is worse from index `split` on: not finite at its end, above its level before, or never better.

    loss: as logged, NaN and Inf included.
    """
    before, after = loss[:split], loss[split:]
    if len(after) and not np.isfinite(after[-1]):
        return True
    before, after = before[np.isfinite(before)], after[np.isfinite(after)]
    if len(after) < 3:
        return False
    if len(before) < 3:
        return is_poor(loss[np.isfinite(loss)])
    end = float(median(after[-max(3, len(after) // 5) :]))
    return end > float(median(before[-20:])) + WORSE * noise(before[-100:])


def improves_between(loss: Floats, start: int, end: int) -> bool:
    """Whether a loss falls for good between two indices, so that what grew meanwhile did no harm until then.

    It counts where the second half of that stretch lies below the points before it by more than their noise
    and a tenth of their level.
    """
    before, during = loss[:start], loss[start:end]
    before, during = before[np.isfinite(before)], during[np.isfinite(during)]
    if len(before) < 3 or len(during) < 6:
        return False
    level = float(median(before[-20:]))
    late = float(median(during[len(during) // 2 :]))
    return level - late > max(WORSE * noise(before[-100:]), 0.1 * abs(level))


def is_hurt_between(loss: Floats, start: int, end: int) -> bool:
    """Whether a loss is clearly above its earlier level somewhere between two indices, whatever comes later.

    Three blocks in a row (of a twentieth of the stretch) have to be a tenth and `WORSE` deviations of the noise
    above the level before `start`.
    """
    before, during = loss[:start], loss[start:end]
    before, during = before[np.isfinite(before)], during[np.isfinite(during)]
    if len(before) < 3 or len(during) < 6:
        return False
    level = float(median(before[-20:]))
    bar = level + max(WORSE * noise(before[-100:]), 0.1 * abs(level))
    high = blocks(np.arange(len(during)), during, max_blocks=20).level > bar
    return bool(np.any(high[2:] & high[1:-1] & high[:-2])) if len(high) > 2 else bool(high.all())


def starts_absurdly(loss: Floats, metric: Floats, fall: float = 100.0, solved: float = 0.9) -> bool:
    """Whether a classifier began far above guessing: its loss fell a hundredfold, and it still errs.

    metric: an accuracy, of 0 to 1. Guessing among K classes costs ln K, 11.5 at most for 100,000; a classifier
    that is right in under nine of ten cases has a loss of 0.3 or more. From guessing to there is a factor of 40
    at most, whatever the unit of the loss is. A loss that is above a million from its start to its end is none of a
    classifier either, however it is summed.
    """
    if len(loss) < 5 or not len(metric) or metric.min() < 0 or metric.max() > solved or metric[0] >= 0.5:
        return False
    start, end = float(median(loss[:3])), abs(levels(loss).end)
    return start > fall * end or min(start, end) > NO_UNIT


def begins_beyond_guessing(loss: Floats, fall: float = 100.0) -> bool:
    """Whether a cross entropy begins at ten times what guessing among a million classes costs, and falls a hundredfold.

    loss: n finite points. No number of classes explains such a start; a likelihood that is summed over the parts of a
    sample may be as large, but does not fall as far.
    """
    if len(loss) < 5:
        return False
    start = float(median(loss[:3]))
    return start > BEYOND_GUESSING and start > fall * abs(levels(loss).end)


def is_far_above(step: Ints, grad: Floats, loss_step: Ints, loss: Floats, min_norm: float, level_ratio: float) -> bool:
    """Whether a norm is above `min_norm` at every point, its median above `level_ratio` times the loss; all finite."""
    height = median(np.abs(np.interp(step, loss_step, loss)))
    return bool((grad > min_norm).all() and median(grad) > level_ratio * height)


def comes_down(step: Ints, grad: Floats, loss_step: Ints, loss: Floats) -> bool:
    """Whether a norm falls to a third and more from its first points to its last, and nearly as much as the loss.

    All finite. A norm that explodes in the untrained network comes down as its weights are tamed; one that is large by
    nature (a sum, another unit, a small temperature) stays, and that of a squared error goes with the root of the loss:
    the bar lies midway between that and the loss itself.
    """
    level = np.interp(step, loss_step, loss)
    head, tail = slice(0, 3), slice(-max(3, len(grad) // 10), None)
    fall = float(median(grad[head]) / median(grad[tail]))
    of_loss = float(median(level[head]) / median(level[tail])) if median(level[tail]) > 0 else 1.0
    return fall > THREEFOLD and fall > max(of_loss, 0.0) ** MIDWAY


def is_beyond_units(step: Ints, grad: Floats, loss_step: Ints, loss: Floats) -> bool:
    """Whether a norm is too large for a squared error in any unit, all finite.

    The norm of a squared error goes with the root of the loss, whatever its unit. Their ratio, which is that of the
    outputs to the weights, was at most 107 in the healthy runs of eight labelled sets, and 760 to 240,000 where a
    regression began with weights too large. A loss of a classifier, and one that is scaled for half precision, is
    below `UNITS`.
    """
    level = np.abs(np.interp(step, loss_step, loss))
    return bool(level.min() > UNITS and median(grad / np.sqrt(level)) > BEYOND)


def is_poor(loss: Floats) -> bool:
    """Whether a loss of finite points has not come down to a twentieth of its level after the first twentieth."""
    if len(loss) < 5:
        return False
    settled = loss[len(loss) // 20 : len(loss) // 10 + 3]
    return levels(loss).end > LEARNED * float(median(settled))


def answered_jump(step: Ints, grad: Floats, loss_step: Ints, loss: Floats, factor: float) -> int | None:
    """The index of the first jump of a gradient norm after which the loss leaves its level for good.

    step, grad: finite. loss: as logged. factor: minimum ratio of a jump to the median over the five blocks before
    (a block is a hundredth of the curve). None for curves of under 20 points.
    """
    if len(grad) < 20:
        return None
    block = blocks(np.arange(len(grad)), grad, max_blocks=100)
    block_of = np.searchsorted(block.start, np.arange(len(grad)), side="right") - 1
    recent = np.array([median(block.level[max(0, i - 5) : i]) if i else np.inf for i in range(len(block))])
    # back to a height that it had before is no explosion (a cycle of the learning rate, say)
    usual = np.array([percentile(grad[:start], 95) if start else np.inf for start in block.start])
    jumps = np.flatnonzero((grad > factor * recent[block_of]) & (grad > 2 * usual[block_of]))
    splits, loss_after = np.searchsorted(loss_step, step[jumps]), LossAfter(loss)
    highest = np.maximum.accumulate(np.maximum(grad, 0.0))
    for at, split in zip(jumps.tolist(), splits.tolist(), strict=True):
        if loss_after.leaves_level(split):
            while at > 1 and grad[at - 1] > highest[at - 2]:
                at -= 1  # the date is where the curve leaves its range, not its peak
            return int(at)
    return None


class LossAfter:
    """What a loss does after a point. It is asked about thousands of points, and each answer takes no time.

    loss: as logged.
    """

    def __init__(self, loss: Floats) -> None:
        self.loss, self.finite = loss, loss[np.isfinite(loss)]
        self.within = max(3, min(ANSWER, len(loss) // 20))
        self._levels = blocks(np.arange(len(self.finite)), self.finite, max_blocks=100) if len(self.finite) else None

    def leaves_level(self, split: int) -> bool:
        """Whether the loss jumps soon after index `split` and stays up.

        A loss that is up at that very point already is a spike of its own (a bad batch, say): the gradient of a
        step cannot be the cause of that step's own loss.
        """
        before, after = self.loss[max(0, split - ANSWER) : split], self.loss[split : split + self.within]
        # what follows is at least at twice the level before, which no point after reaches: nearly always so
        if len(before) < 3 or not len(after) or after.max() <= max(0.0, 2 * before.min()):
            return False
        before = before[np.isfinite(before)]
        if len(before) < 3:
            return False
        if not np.isfinite(after).all():
            return not np.isfinite(self.loss[-1])
        level, bar = float(median(before)), JUMP * noise(before)
        jumped = level + max(bar, abs(level))
        if float(after.max()) <= jumped or float(after[0]) > jumped:
            return False
        return self._lowest_from(split + self.within) > level + max(bar / 2, BACK * abs(level))

    def _lowest_from(self, start: int) -> float:
        """The lowest level of a block from an index on, of finite points; that of the block around it from there on."""
        if self._levels is None or len(self.finite) - start < MIN_REST:
            return -np.inf
        following = int(np.searchsorted(self._levels.start, start))
        end = int(self._levels.start[following]) if following < len(self._levels) else len(self.finite)
        rest = self.finite[start:end]
        first = float(median(rest)) if len(rest) >= MIN_REST or following == len(self._levels) else np.inf
        return min(first, float(self._levels.level[following:].min(initial=np.inf)))
