"""The state of one progress curve: what it alone says of the run."""

from __future__ import annotations

import numpy as np

from loglens.analysis.outcome.curve_progress import BEYOND_NOISE, BLOCKS, Progress
from loglens.analysis.outcome.metric_scale import is_error_rate, whole_of_rate
from loglens.model.series import Series
from loglens.model.vocabulary import ACCURACY
from loglens.stats.guessing import chance_classes
from loglens.stats.quantiles import median, percentile

#: A gain below this share of the way is none. Chosen, not derived: the losses of runs at chance that were looked at
#: gained up to 0.02.
NO_GAIN = 0.02
#: Of a share (an accuracy, say) that ends below one half, a gain below a twentieth of the way is none: what
#: loss-not-decreasing asks of a metric. Chosen.
NO_GAIN_OF_SHARE = 0.05
#: A gain below this share is little: the test "never below 0.9 of its first" on AlgoPerf's validation losses. Of 172
#: such losses of 151 runs that reached their target the smallest gain is 0.124 (a click-through loss).
LITTLE = 0.1
#: A curve that ends above 1.25 times its start has risen (the same set, the same test).
RISEN = 0.25
#: A success keeps at least three quarters of its gain. Chosen; all 416 validation curves of those runs keep 0.98.
KEPT = 0.75
#: Evaluations whose later half spreads over this share of the gain swing as far as they got. Chosen.
SWING = 0.5
#: A curve that gains this share of its whole gain in its last quarter still learns.
STILL = 0.02
#: A curve starts near its best where it starts above this share of it (chosen: an accuracy of 0.8), and
#: stays there where it ends above STAYS of its start.
NEAR_BEST = 0.8
STAYS = 0.9
#: A share that stands at less than this much of its best possible value is at its worst, whatever others say.
WORST = 0.1
#: Fewer right answers than a fifth, by an accuracy or an error rate of words, are no success by themselves. Chosen: a
#: translator that learned which tokens are frequent has up to 0.18 of them right, a recogniser with one answer for all
#: a tenth of the words. Of 129 healthy runs with such a metric that were looked at the lowest has 0.23, the next 0.62.
FEW_RIGHT = 0.2
#: Losses between these may begin at the ln C of guessing among 20 to 300,000 classes, as those of language models do.
MANY_CLASSES = (3.0, 12.6)
#: Who answers with the frequencies of the classes alone, gains a share of 0.17 (30 classes), 0.20 (100), 0.25 (1,000),
#: 0.28 (10,000) to 0.30 (50,000) of that under Zipf's law. A gain below a third that stands still shows no more.
FREQUENCIES = 1 / 3
#: A loss that stands still at ln C from its first tenth on, to so much of its level, fell from a burst to guessing.
AT_CHANCE = 0.02
#: A loss that ends so near to ln C, from so much above it, and keeps more than half of its start, fell to guessing.
AT_GUESSING, ABOVE_GUESSING, HALF = 0.01, 0.1, 0.5
#: Points before and after a rise, all after it above all before: of eight points of pure noise, one order of 70.
APART = 4
#: What a curve that goes up and down through most of its range may look like from its start and its end alone.
UNDECIDED = frozenset({"held", "unclear", "stuck", "little"})
#: Fewer points than this show no course.
BRIEF = 4
#: Fewer points than this make no case for a failure.
ENOUGH = 8


def state_of(progress: Progress) -> str:
    """One of the states of `model.outcome.STATES`, or "held": starts near its best and stays there."""
    if len(progress.curve) < BRIEF:
        return "short"
    state = "held" if _starts_near_best(progress) else _from_gain(progress)
    swings = progress.heldout and progress.comes_back >= 2 and not _has_settled(progress)
    return "unstable" if swings and state in UNDECIDED else state


def _from_gain(progress: Progress) -> str:
    if not _gained(progress):
        return _without_gain(progress)
    if progress.kept < 0.5 and progress.falls_back < 2:
        return _given_back(progress)
    swings = (progress.falls_back >= 2 and _beyond_batches(progress)) or (progress.heldout and progress.swing > SWING)
    if swings and not (progress.heldout and _has_settled(progress)):
        return "unstable"
    if progress.heldout and progress.last_kept < 0.5:
        return "unclear"
    if progress.kept < KEPT and (progress.heldout or progress.drop_sureness > BEYOND_NOISE):
        return "unclear"
    gained = progress.relative_gain if progress.gained is None else progress.gained
    if gained < LITTLE or few_right(progress):
        return "little"
    if progress.wanders:
        return _without_gain(progress)
    if _only_guesses(progress):
        return "little"
    return "learning" if progress.late > STILL else "learned"


def _only_guesses(progress: Progress) -> bool:
    """Whether a loss that stands still shows no more than guessing among C classes, or by their frequencies."""
    if progress.curve.role != "loss" or progress.gained is None or progress.wanders:
        return False
    low, high = MANY_CLASSES
    if low <= progress.start <= high and progress.gained < FREQUENCIES and _stands_still(progress):
        return True
    if _fell_to_guessing(progress):
        return True
    value = progress.curve.value
    early = float(median(value[len(value) // 10 : len(value) // 4 + 1]))
    stands = abs(early - progress.end) <= AT_CHANCE * abs(progress.end) + 2 * progress.error
    return stands and len(value) >= ENOUGH and chance_classes(progress.end, AT_CHANCE) is not None


def _fell_to_guessing(progress: Progress) -> bool:
    """Whether a loss comes down from a burst to the ln C of guessing, and stands still there."""
    classes = chance_classes(progress.end, AT_GUESSING)
    if classes is None or len(progress.curve) < ENOUGH or not _stands_still(progress):
        return False
    above = progress.start > (1 + ABOVE_GUESSING) * float(np.log(classes))
    return above and (progress.gained or 0.0) < HALF


def ends_broken(curve: Series) -> bool:
    """Whether the last point, or most of the last tenth, is not finite."""
    tail = curve.tail(0.1, 1)
    return bool(len(tail)) and (not np.isfinite(tail[-1]) or np.isfinite(tail).mean() < 0.5)


def _gained(progress: Progress) -> bool:
    share = progress.relative_gain if progress.gained is None else progress.gained
    low = not progress.lower and progress.ideal is not None and progress.end < progress.ideal / 2
    low &= _stands_still(progress)  # what begins to rise late is little, not none
    return progress.sureness >= BEYOND_NOISE and share >= (NO_GAIN_OF_SHARE if low else NO_GAIN)


def _without_gain(progress: Progress) -> str:
    if len(progress.curve) < ENOUGH:
        return "short"
    if (progress.worse > RISEN and _ends_worst(progress)) or _risen_for_good(progress):
        return "lost"
    return "unclear" if _hidden_in_noise(progress) else "stuck"


def _risen_for_good(progress: Progress) -> bool:
    """Whether a loss ends above 1.25 times its start, and all its points from some point on lie above all before it.

    A blow-up of so few points is itself most of their noise, beside which no level counts.
    """
    value = progress.curve.value
    if progress.curve.role != "loss" or progress.end <= progress.start + RISEN * abs(progress.start):
        return False
    before = np.maximum.accumulate(value)[APART - 1 : len(value) - APART]
    after = np.minimum.accumulate(value[::-1])[::-1][APART : len(value) - APART + 1]
    return bool((after > before).any())


def _hidden_in_noise(progress: Progress) -> bool:
    """Whether the noise would hide a gain that is more than little: then none seen does not mean none made."""
    way = abs(progress.start) if progress.ideal is None else abs(progress.start - progress.ideal)
    return BEYOND_NOISE * progress.error > LITTLE * way


def _stands_still(progress: Progress) -> bool:
    """Whether the last quarter gains nothing, or no more than its noise."""
    late = progress.late * abs(progress.best - progress.start)
    return progress.late <= STILL or late <= 2 * progress.error


def few_right(progress: Progress) -> bool:
    """Whether an accuracy, or an error rate of words, ends with less than a fifth of the answers right."""
    curve = progress.curve
    if is_error_rate(curve):
        return progress.end > (1 - FEW_RIGHT) * whole_of_rate(curve.value)
    if progress.ideal is None or curve.role != "metric_higher" or not ACCURACY.search(curve.tag):
        return False
    return progress.end < FEW_RIGHT * progress.ideal


def _has_settled(progress: Progress) -> bool:
    """Whether all of the last evaluations, a quarter of them and eight at least, keep three quarters of the gain.

    Of evaluations of which a third are bad to the end, one run in 26 or fewer ends with eight good ones.
    """
    if progress.best == progress.start:
        return False
    last = progress.curve.value[-max(ENOUGH, len(progress.curve) // 4) :]
    kept = (last - progress.start) / (progress.best - progress.start)
    return bool(kept.min() >= KEPT)


def _beyond_batches(progress: Progress) -> bool:
    """Whether a quarter of the gain is more than the noise of two levels: a batch or an episode is no evaluation."""
    levels = np.sqrt(min(1.0, BLOCKS / len(progress.curve)))
    return progress.heldout or abs(progress.best - progress.start) / 4 > 2 * progress.noise * float(levels)


def _given_back(progress: Progress) -> str:
    """A curve that ends below half of its gain: for good, or within swings, or in its last point alone."""
    if progress.lost_at is None:
        return "unclear"
    since = int(np.count_nonzero(progress.curve.step >= progress.lost_at))
    if since < 2 or len(progress.curve) < ENOUGH:
        return "unclear"
    return "lost"


def _starts_near_best(progress: Progress) -> bool:
    """A share that starts above 0.8 of what is possible, and is not far below that at the end."""
    if progress.lower or progress.ideal is None or progress.start < NEAR_BEST * progress.ideal:
        return False
    return progress.end >= STAYS * progress.start


def _ends_worst(progress: Progress) -> bool:
    """Whether the end lies nearer to the worst level than to the start: not coming down again."""
    value = progress.curve.value
    worst = float(percentile(value, 95 if progress.lower else 5))
    return abs(progress.end - worst) <= abs(progress.end - progress.start)
