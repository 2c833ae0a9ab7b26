"""The reward does not rise.

Why it matters. The policy earns no more than it did untrained: a bug in the returns or their sign, too little
exploration, a learning rate far off, or a reward that is too rare to learn from.

How it is found. The main curve of the reward is divided into 5 to 20 blocks, each with its level (a mean without the
outermost hundredth: a median does not see a success rate below one half). No level is above the start (the first
block, or the first three points where they lie below it beyond their error) by three standard errors of a level and by
a tenth of the reward's size, and neither is the end. A run in which the end may lie above the start by half of the
range of its single rewards (5th to 95th percentile), or by its level where half of the rewards are the lowest one,
given that error, is too short or too noisy to tell, and is skipped. The error of a level is taken from the levels
themselves as well as from the points, since rewards wander from update to update. It is an error where the end lies
below the start by as much, and by what would have been seen as a rise: the policy became worse.

When it is wrong. A policy that starts at its best (tuned before, or a task that is solved by any policy) has
nothing to gain: rewards from 0 to 1 that start above 0.9 are not judged. A log that starts late (at a step beyond
its own length) has no start. Where evaluations, a success rate or a rating rise (of self-play, whose rewards are a sum
of zero), the rewards of training are not judged. The first point of a reward may be an average over the whole first
epoch, after most was learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.learning import keeping_gain
from loglens.model.numbers import number
from loglens.model.series import Series, present, require
from loglens.model.vocabulary import PREFERENCE
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.blocks import noise
from loglens.stats.levels import fell_at_once
from loglens.stats.quantiles import median, percentile

RULE = Rule("reward-not-rising", "RL", Severity.ERROR)

#: Blocks of a run: as many as leave 20 points each, within these bounds; single episodes vary by more than a run gains.
MIN_BLOCKS, MAX_BLOCKS, POINTS = 5, 20, 20
#: Of fewer levels than these, second differences measure the curve's bends rather than its noise.
LEVELS_FOR_NOISE = 10
#: The correlation of neighbours that is allowed for: at a higher one a block holds no second point of its own.
MAX_CORRELATION = 0.9
#: Per cent of the points that may be outliers, of the lowest and of the highest.
OUTERMOST = 0.5
#: A policy whose entropy moves by no more than this share of itself is the one that it was.
SAME_ENTROPY = 0.01
#: Shares of the run that show the level at its end, and the first level of the entropy.
LATE, EARLY = 0.2, 0.05
#: A reward ranges from this percentile to the 95th.
RANGE = 5


class Course(NamedTuple):
    """Levels of a reward at the start, its highest after it and its end, and the standard error of a level."""

    start: float
    best: float
    end: float
    error: float


def detect(
    rl_reward: Series,
    val_rl_reward: tuple[Series, ...],
    rl_success: tuple[Series, ...],
    metric_higher: tuple[Series, ...],
    rl_entropy: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    errors: float = 3.0,
    min_gain: float = 0.1,
    solved: float = 0.9,
    visible: float = 0.5,
) -> Iterator[Finding]:
    if PREFERENCE.search(rl_reward.tag):
        raise Skip(f"{rl_reward.tag} is a score of preference training, which only its margins make sense of")
    curve = require(rl_reward, min_points, "rewards")
    if int(curve.step[0]) > curve.last_step - int(curve.step[0]):
        raise Skip(
            f"the log starts at {curve.axis} {number(int(curve.step[0]))}, so the start of the reward is not known"
        )
    course = _course(curve, errors)
    if curve.value.min() >= 0 and curve.value.max() <= 1 and course.start >= solved:
        raise Skip(f"{curve.tag} starts at {number(course.start)} of 1: there is nothing to gain")
    needed = max(errors * course.error, min_gain * abs(course.start))
    if course.end - course.start > needed:
        return
    seen = _visible(curve, course.start, visible)
    hidden = course.end - course.start + errors * course.error > seen
    if hidden and not _stands_still(rl_entropy, min_points):
        raise Skip(f"{len(curve)} points of {curve.tag} are too noisy to tell whether it rises")
    if course.best - course.start > needed:
        return
    if better := keeping_gain((*val_rl_reward, *rl_success, *metric_higher), int(curve.step[0])):
        raise Skip(f"{better[0].tag} rises, which says more than {curve.tag}")
    yield _finding(curve, course, course.start - course.end > max(needed, seen), rl_entropy, lr)


def _stands_still(entropy: Series | None, min_points: int) -> bool:
    """Whether the entropy of the policy is what it was at the start, to a hundredth: it never became another one."""
    if entropy is None or len(entropy.finite) < min_points:
        return False
    value = entropy.finite.value
    return float(np.ptp(value)) <= SAME_ENTROPY * abs(float(value[0]))


def _course(curve: Series, errors: float) -> Course:
    value = np.clip(curve.value, percentile(curve.value, OUTERMOST), percentile(curve.value, 100 - OUTERMOST))
    parts = np.array_split(value, int(np.clip(len(value) // POINTS, MIN_BLOCKS, MAX_BLOCKS)))
    level = np.array([part.mean() for part in parts])
    # the median over blocks: a fall within one of them is no noise
    point = max(noise(value), float(median([part.std() for part in parts])))
    alone = point * float(np.sqrt(len(level) / len(value)))  # the error of a level of independent points
    error = max(noise(level), alone) if len(level) >= LEVELS_FOR_NOISE else alone * _widening(parts)
    # some policies learn within the first block, some before their second point
    head, start = value[: max(3, len(value) // 100)], float(level[0])
    if start - float(head.mean()) > errors * max(alone, point / float(np.sqrt(len(head)))):
        start = float(head.mean())
    if fell_at_once(-value):
        start = float(value[0])
    # the second highest: the highest of many levels is high by chance
    best, end = float(np.sort(level[1:])[-2]), float(np.mean(level[-max(1, int(LATE * len(level))) :]))
    return Course(start, best, end, error)


def _visible(curve: Series, start: float, share: float) -> float:
    """The smallest rise that would have been seen: a share of the range, or a doubled level of rare successes."""
    low, high = percentile(curve.value, RANGE), percentile(curve.value, 100 - RANGE)
    lowest = curve.value == curve.value.min()
    if lowest.all():
        return float("inf")
    rare = float(lowest.mean()) >= 0.5
    return abs(start - float(curve.value.min())) if rare else share * float(high - low)


def _widening(parts: list[Floats]) -> float:
    """By how much errors of means grow where neighbours are alike: sqrt((1 + r) / (1 - r)) for AR(1) noise."""
    rest = [part - part.mean() for part in parts]
    power = float(sum(np.dot(part, part) for part in rest))
    alike = float(sum(np.dot(part[1:], part[:-1]) for part in rest)) / power if power else 0.0
    # the mean of a block of m points takes about 1 / m of the correlation with it
    alike = float(np.clip(alike + len(parts) / sum(map(len, parts)), 0.0, MAX_CORRELATION))
    return float(np.sqrt((1 + alike) / (1 - alike)))


def _finding(curve: Series, course: Course, worse: bool, entropy: Series | None, lr: Series | None) -> Finding:
    constant = bool((curve.value == curve.value[0]).all())
    said = (
        f"is {number(course.start)} at every point"
        if constant
        else f"starts at {number(course.start)}, its best level after that is"
    )
    ends = "" if constant else f" {number(course.best)}, and it ends at {number(course.end)}"
    kept = _kept(entropy)
    advice: list[Remedy] = [
        remedies.check_labels(),
        remedies.scale_lr(0.3, lr, "a smaller step learns from noisy returns"),
    ]
    if kept is not None and kept < 0.5:
        advice.insert(0, remedies.set_entropy_coef(0.01))
    elif abs(course.start) >= 100:
        advice.insert(0, remedies.scale_reward(remedies.two_digits(1 / abs(course.start))))
    advice.append(remedies.train_longer(2.0))
    return Finding(
        f"{curve.tag} {said}{ends}: the policy earns no more than at its start",
        Severity.ERROR if worse else Severity.WARNING,
        Confidence.MEDIUM if worse or constant else Confidence.LOW,
        end_step=curve.last_step,
        evidence={
            "start": course.start,
            "best": course.best,
            "end": course.end,
            "error": course.error,
            "entropy_kept": kept,
        },
        remedies=advice,
        series=(curve, *present(entropy)),
    )


def _kept(entropy: Series | None) -> float | None:
    """The share of its first level that the policy's entropy has at the end."""
    if entropy is None or len(entropy.finite) < 3:
        return None
    start = abs(float(median(entropy.finite.head(EARLY))))
    return abs(float(median(entropy.finite.tail()))) / start if start else None
