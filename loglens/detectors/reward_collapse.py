"""The reward rises and is lost again, or falls far below its range.

Why it matters. What the policy had learned is gone: the checkpoint to keep is the one before, and the run
after it was wasted.

How it is found. By one of two signs; it is an error where the reward is at its start or lower for a fifth of the run,
or out of range, and otherwise a warning. (1) A gain that is lost: the reward had risen above its start by more than
eight times the noise of its level (of the whole run or of the part until its best, whichever is larger); at the end at
least three quarters of that gain are gone, and four fifths of the last points lie below half of it. Levels are medians
over blocks of 5 % of the run, since single episodes vary by more than a run gains. The last points are those of the
last fifth, or of the last tenth, then with less confidence: replayed data may bring a policy back. (2) A fall out of
range: the last points (two, and one more for every thousand) lie all below the lowest that was seen before the fall by
three times the range covered until then. This sign needs neither a gain nor a long run.

When it is wrong. A task that becomes harder by design (curriculum, self-play) lowers the reward of a policy
that still improves. Methods that replay old data recover late (policies that fall and return are reported for PPO as
well: Unity ML-Agents issue 1336): watch a run that was stopped in a dip.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.model.vocabulary import PREFERENCE
from loglens.remedies import actions as remedies
from loglens.stats.blocks import Blocks, blocks, noise
from loglens.stats.quantiles import median

RULE = Rule("reward-collapse", "RL", Severity.ERROR)

#: Blocks of a run: 5 % each.
BLOCKS = 20
#: Of fewer levels than these, second differences measure the curve's bends rather than its noise.
LEVELS_FOR_NOISE = 10
#: A median of m points has 1.25 times the standard error of a mean.
MEDIAN_ERROR = 1.25
#: Shares of the run in which a gain must be gone: lost for good, and lost when the log ends.
LONG, SHORT = 0.2, 0.1
#: Share of the last points that lie below half of the gain: single episodes may be good by chance.
MOSTLY = 0.8
#: Share of the gain from which an end below the start is far below it.
MAX_SHARE = 9.99
#: A block is good that keeps three quarters of the gain: the fall begins after the last one.
GOOD = 0.25
#: A fall out of the range lasts for two points and a thousandth of them, after a tenth of the points or five.
LASTING, KNOWN, KNOWN_POINTS = 0.001, 0.1, 5
#: Share of the points before a fall that shows the level at the start.
START = 0.2


class Fall(NamedTuple):
    """Levels of a reward at its start, its best and its end, and the index of the first point of its fall."""

    start: float
    best: float
    end: float
    onset: int
    noise: float
    severity: Severity


def detect(
    rl_reward: Series,
    lr: Series | None,
    *,
    min_points: int = 20,
    times_noise: float = 8.0,
    lost: float = 0.75,
    times_range: float = 3.0,
) -> Iterator[Finding]:
    if PREFERENCE.search(rl_reward.tag):
        raise Skip(f"{rl_reward.tag} is a score of preference training, and no reward of a policy")
    curve = require(rl_reward, min_points, "rewards")
    fall = _out_of_range(curve, times_range)
    if fall is None:
        block = blocks(curve.step, curve.value, max_blocks=BLOCKS)
        if not _rose(curve, block, times_noise):
            raise Skip(f"{rl_reward.tag} has not risen beyond its noise, so there is nothing to lose")
        fall = _gain_lost(curve, block, lost)
    if fall is not None:
        yield _finding(curve, fall, lr)


def _level_noise(curve: Series, block: Blocks) -> float:
    """Standard deviation of a block's level, of the whole run or of the part until its best.

    A reward at its worst is the same in every episode, so that the part after a collapse has little noise.
    """
    until_best = (int(np.argmax(block.level)) + 1) * len(curve) // len(block)
    point = max(noise(curve.value), noise(curve.value[:until_best]))
    between = noise(block.level) if len(block) >= LEVELS_FOR_NOISE else 0.0
    return max(between, MEDIAN_ERROR * point * float(np.sqrt(len(block) / len(curve))))


def _rose(curve: Series, block: Blocks, times_noise: float) -> bool:
    return float(block.level.max() - block.level[0]) > times_noise * _level_noise(curve, block)


def _gain_lost(curve: Series, block: Blocks, lost: float) -> Fall | None:
    """A gain of which most is gone at the end: in the last fifth of the run, or at least in the last tenth."""
    level = block.level
    start, best = float(level[0]), float(level.max())
    gain = best - start
    for length in (LONG, SHORT):
        tail = curve.tail(length)
        end = float(median(tail))
        if end > best - lost * gain or float(np.mean(tail < best - gain / 2)) < MOSTLY:
            continue
        good = np.flatnonzero(level >= best - GOOD * gain)
        onset = int(block.start[min(int(good[-1]) + 1, len(level) - 1)])
        severity = Severity.ERROR if length == LONG and end <= start else Severity.WARNING
        return Fall(start, best, end, onset, _level_noise(curve, block), severity)
    return None


def _out_of_range(curve: Series, times_range: float) -> Fall | None:
    """A fall far below everything before it, that lasts to the end."""
    value = curve.value
    lowest, highest = np.minimum.accumulate(value), np.maximum.accumulate(value)
    bar = lowest - times_range * (highest - lowest)  # at each point, from all points up to it
    highest_after = np.maximum.accumulate(value[::-1])[::-1]
    tail = 2 + int(LASTING * len(value))
    onsets = np.arange(max(int(KNOWN * len(value)), KNOWN_POINTS), len(value) - tail + 1)
    fallen = onsets[(highest_after[onsets] < bar[onsets - 1]) & (highest[onsets - 1] > lowest[onsets - 1])]
    if not len(fallen):
        return None
    onset = int(fallen[0])
    start = float(median(value[: max(3, int(START * onset))]))
    end = float(median(value[onset:]))
    return Fall(start, float(highest[onset - 1]), end, onset, noise(value[:onset]), Severity.ERROR)


def _finding(curve: Series, fall: Fall, lr: Series | None) -> Finding:
    onset = int(curve.step[fall.onset])
    gain = fall.best - fall.start
    share = (fall.best - fall.end) / gain if gain > 0 else float("inf")
    below = "far below its start" if share > MAX_SHARE else "below its start"
    how_much = f"{share:.0%} of its gain is lost" if share <= 1 else below
    return Finding(
        f"{curve.tag} goes from {number(fall.start)} to {number(fall.best)} and is at {number(fall.end)} at the end "
        f"(medians): {how_much}, from {curve.axis} {number(onset)} on",
        fall.severity,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={"start": fall.start, "best": fall.best, "end": fall.end, "lost": share, "noise": fall.noise},
        remedies=[remedies.keep_best(onset, curve.axis), remedies.slower_policy(lr, onset)],
        series=(curve,),
    )
