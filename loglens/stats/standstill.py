"""Whether a curve stands still, or moves by so little that it may be noise."""

from __future__ import annotations

import numpy as np

from loglens.stats.arrays import Floats, Ints
from loglens.stats.blocks import MEDIAN_ERROR, blocks, noise
from loglens.stats.levels import Levels, levels
from loglens.stats.quantiles import median
from loglens.stats.trend import trend

#: A curve whose fall is ten times its noise is smooth: half of the asked fall is enough then.
SMOOTH = 10.0
#: Deviations of a block's noise by which the lowest of up to 50 blocks has to lie below the bar: by chance alone the
#: lowest of 50 lies 2.2 deviations below their mean, and 4 in one curve of 600.
LOWEST_OF_MANY = 4.0
#: Three deviations: a normal level is that far off in 1 case of 700.
SURE = 3.0
#: A median of three points has 1.25 / sqrt(3) times their standard deviation.
ERROR_OF_THREE = 0.72
#: Points of a norm from which on one and the same number is no accident of rounding.
CONSTANT_POINTS = 10
#: Weights below a tenth of their start are gone.
VANISHED = 0.1
#: The noise of a running mean, as a share of the noise of the points before it; and the points that show a noise.
QUIET, QUIET_POINTS = 0.05, 5
#: A learning rate still warms up where it grows by more than rounding over its last tenth.
GROWS = 1.01
#: Points of an evaluated curve that show whether it has settled. Its way up and down, or what it fell in the first
#: tenth, is then so many times its net change after that: 1, or a ninth, for a curve that crawls one way.
EVALUATIONS, SETTLED = 8, 3.0
#: Shares of its first value within which it stays after the first tenth, and in all, where next to nothing is learned.
LEVEL, LITTLE_GAIN = 0.1, 0.25
#: Logged numbers are float32.
ROUNDING = 1e-6


def falls_by(found: Levels, bar: float) -> bool:
    """Whether the end or any block is below the start by more than `bar`, beyond its noise.

    Half of the bar is enough for a curve so smooth that it is ten times its noise.
    """
    at_end, at_best = found.start - found.end, found.start - found.best
    smooth = at_end >= max(bar / 2, SMOOTH * found.noise)
    # half of the start is gone whatever the noise, which a later explosion would inflate
    return smooth or at_end >= bar or at_best >= bar + LOWEST_OF_MANY * found.noise or at_best >= abs(found.start) / 2


def vanishes(norm: Floats) -> bool:
    """Whether a norm of ten points or more is below a tenth of its start for the last fifth of them."""
    return len(norm) >= CONSTANT_POINTS and bool(norm[-len(norm) // 5 :].max() < VANISHED * float(median(norm[:3])))


def is_constant(value: Floats) -> bool:
    """Whether a norm of ten points or more is one and the same number throughout, and not zero."""
    return len(value) >= CONSTANT_POINTS and bool(value[0] > 0 and (value == value[0]).all())


def fall_by_noise(value: Floats, found: Levels) -> float:
    """How far a curve seems to fall where that may be all noise; 0 where it surely falls.

    It may be where the first twentieth lies above the end by less than three standard errors of its median.
    """
    head = value[: max(3, len(value) // 20)]
    error = MEDIAN_ERROR * found.point_noise / float(np.sqrt(len(head)))
    if float(median(head)) - found.end >= SURE * error:
        return 0.0
    return found.start - found.end + LOWEST_OF_MANY * found.noise


def excludes_fall(value: Floats, fall: float) -> bool:
    """Whether noise could not hide a fall of that much: no line within the 99 % interval of the trend falls so."""
    block = blocks(np.arange(len(value)), value)
    return -trend(block.x, block.level).low * len(value) < fall


def highest_start(value: Floats, found: Levels) -> float:
    """The start, or the level of the first tenth where noise explains that it is higher: few first points are noisy."""
    tenth = float(median(value[: max(3, len(value) // 10)]))
    return max(found.start, min(tenth, found.start + SURE * ERROR_OF_THREE * found.point_noise))


def covers(value: Floats, share: float) -> bool:
    """Whether a curve covers a share of its way to 1, or half of that so smoothly that it is no chance."""
    first, last = first_and_last(value)
    way = share * (1 - first)
    return last - first >= min(way, max(way / 2, SMOOTH * noise(value)))


def since_first(value: Floats) -> float:
    """The share of the way from its first point to 1 that a curve covers: a first evaluation precedes most learning."""
    first = float(value[0])
    return (float(median(value[-3:])) - first) / max(1 - first, 1e-12)


def first_and_last(value: Floats) -> tuple[float, float]:
    """Levels of the first twentieth and of the last tenth of a curve: medians of three points or more."""
    head, tail = max(3, len(value) // 20), max(3, len(value) // 10)
    return float(median(value[:head])), float(median(value[-tail:]))


def after_first_tenth(step: Ints, value: Floats) -> Levels:
    """Levels of a curve of n >= 5 finite points after the first tenth of its steps.

    Not of its points, as some log every step at first and every thousandth later; five points at least.
    """
    begin = step[0] + 0.1 * (step[-1] - step[0])
    return levels(value[min(int(np.searchsorted(step, begin)), len(value) - 5) :])


def still_grows(value: Floats) -> bool:
    """Whether a learning rate ends higher than it was a tenth of its points before: it still warms up."""
    return len(value) > 1 and bool(value[-1] > GROWS * value[-max(2, len(value) // 10)])


def point_when_begun(step: Ints, other: Ints) -> int:
    """The index into the steps of a curve at which another one was logged first.

    Where one of them counts in another unit (its span is not between half and twice as long: epochs, say), the
    share of the run tells.
    """
    span, whole = float(other[-1] - other[0]), float(step[-1] - step[0])
    same_unit = 0.5 * whole <= span <= 2 * whole
    return int(np.searchsorted(step, other[0])) if same_unit else len(step) // len(other)


def goes_quiet(before: Floats, after: Floats) -> bool:
    """Whether a curve continues as one and the same number, as a running mean without its noise, or not at all."""
    if len(after) < 2 or np.ptp(after) == 0:
        return True
    return len(after) >= QUIET_POINTS and noise(after) < QUIET * noise(before)


def settles_near_start(value: Floats) -> bool:
    """Whether a validation loss comes to a level at once, near its first value, and goes up and down there.

    value: n finite points. Under a rate that is too low it would crawl one way for long: so updates arrive, and are
    large enough. Of the runs of two labelled corpora none that is healthy, and none whose rate is too low, does so.
    """
    if len(value) < EVALUATIONS:
        return False
    later, size = value[max(1, len(value) // 10) :], abs(float(value[0]))
    way, net = float(np.abs(np.diff(later)).sum()), abs(float(later[-1] - later[0]))
    near = np.ptp(later) <= LEVEL * size and value[0] - value.min() <= LITTLE_GAIN * size
    return bool(near and way > ROUNDING * size * len(later) and max(way, value[0] - later[0]) > SETTLED * net)
