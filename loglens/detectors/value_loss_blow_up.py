"""The loss of the value function or of the policy grows a thousandfold.

Why it matters. Advantages and targets are made from the value function. One that is wrong by orders of magnitude
sends the policy anywhere; values that chase their own overestimates grow without bound (the deadly triad: Sutton
and Barto 2018, section 11.3). TRL's guide to its logs says of the value loss that it spikes when training goes wrong.

How it is found. Any loss of a value function or critic, a Q value's size, or an entropy coefficient (a temperature
that is learned) that ends above a thousand times its usual level: the median of the first fifth, or of the second
where the curve starts at zero. The end is the last fiftieth, at least two points; an infinite value counts as above
any level. Values grow as rewards do, and their loss with the square: the ratio is divided by the square of the growth
of the reward's size. It is an error where the reward falls by a third of the range that it had covered, or where a
value is not finite, and a warning otherwise. With such a fall, a hundredfold is a warning too, and a thousandfold that
has passed again is an error as well (falls of the reward with spikes of the policy and value loss belong together:
Unity ML-Agents issue 1336). A loss of the policy counts only with such a fall, and only above 1: with advantages of
unit spread, more than that needs probability ratios beyond any clip range.

A thousandfold jump within one point is a warning as well, where the explained variance, half or more before it, ends
below zero for good: the value function is worse than a constant, whatever the reward does.

When it is wrong. A task whose rewards become larger on purpose (a curriculum) without a logged reward.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, present
from loglens.model.sign import Sign
from loglens.remedies import actions as remedies
from loglens.stats.gains import loses_after
from loglens.stats.quantiles import median, row_medians
from loglens.stats.usual_size import USUAL, absolute_size, usual_size

RULE = Rule("value-loss-blow-up", "RL", Severity.ERROR, leads_to=("reward-collapse", "non-finite-metric"))

#: A curve is blown up once it is large for a fiftieth of its points.
LASTING = 0.02
#: Rewards that show a level.
REWARD_POINTS = 5
#: Points just before a jump that are the level it is measured from, points after it that show a level, and the
#: explained variance of a value function that had learned.
JUST_BEFORE, AFTER, EXPLAINS = 5, 5, 0.5


class BlowUp(NamedTuple):
    """A curve, its usual size, the index where it leaves it by a factor, and whether it is there at its end."""

    curve: Series
    usual: float
    at: int
    lasts: bool


def detect(
    rl_value_loss: tuple[Series, ...],
    rl_q_value: tuple[Series, ...],
    rl_entropy_coef: tuple[Series, ...],
    rl_policy_loss: tuple[Series, ...],
    rl_explained_var: Series | None,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    factor: float = 1000.0,
    harmful: float = 100.0,
    harm: float = 0.33,
    min_policy_loss: float = 1.0,
) -> Iterator[Finding]:
    values = _judged((*rl_value_loss, *rl_q_value, *rl_entropy_coef), min_points)
    policy = _judged(rl_policy_loss, min_points)
    if not values and not policy:
        raise Skip(
            f"no loss of a value function or a policy with {min_points} points and a level above zero was logged"
        )
    growth = max(1.0, _growth(rl_reward)) ** 2 if rl_reward is not None else 1.0
    blown = [
        *_blown(values, factor * growth),
        *(one for one in _blown(values, harmful * growth) if _falls(rl_reward, one, harm)),
        *(one for one in _blown(policy, factor * growth, min_policy_loss) if _falls(rl_reward, one, harm)),
    ]
    blown = [one for one in blown if one.lasts or _falls(rl_reward, one, harm)]
    if not blown:
        forgets = (critic_forgets(curve, rl_explained_var, factor) for curve, _ in values) if rl_explained_var else ()
        for sign in filter(None, forgets):
            yield sign.finding([remedies.slower_policy(lr, sign.onset), remedies.clip_grad_norm(None)])
            return
        return
    # the highest factor that finds a curve comes first, and with it the point where it is plain
    found = min({one.curve.tag: one for one in reversed(blown)}.values(), key=lambda one: int(one.curve.step[one.at]))
    yield _finding(found, factor * growth, _falls(rl_reward, found, harm), rl_reward, lr)


def _judged(curves: Sequence[Series], min_points: int) -> list[tuple[Series, float]]:
    """Curves that are long enough, each with its usual size; a curve that starts at zero for long has none."""
    long = [curve for curve in curves if len(curve) >= min_points]
    return [(curve, usual) for curve in long if (usual := usual_size(absolute_size(curve.value))) is not None]


def _growth(reward: Series) -> float:
    """By how much the size of the reward grows from the first fifth to the last, where it rises."""
    value = reward.finite
    if len(value) < REWARD_POINTS:
        return 1.0
    first, last = float(median(value.head(USUAL))), float(median(value.tail(USUAL)))
    return abs(last) / abs(first) if first and last > first else 1.0


def _blown(curves: Sequence[tuple[Series, float]], factor: float, min_size: float = 0.0) -> Iterator[BlowUp]:
    """Where each curve is above its usual size by the factor: to its end, or else for the first time for that long."""
    for curve, usual in curves:
        high = absolute_size(curve.value) > max(factor * usual, min_size)
        length = max(2, int(LASTING * len(high)))
        if high[-length:].all():
            yield BlowUp(curve, usual, int(np.flatnonzero(~high)[-1]) + 1, True)
            continue
        counted = np.concatenate(([0], np.cumsum(high)))
        runs = np.flatnonzero(counted[length:] - counted[:-length] == length)
        if len(runs):
            yield BlowUp(curve, usual, int(runs[0]), False)


def _falls(reward: Series | None, blown: BlowUp, harm: float) -> bool:
    """Whether the reward loses a share of its range from the blow-up on; of the last points the median is enough."""
    if reward is None:
        return False
    value, onset = reward.finite.value, int(blown.curve.step[blown.at])
    split = int(np.searchsorted(reward.finite.step, onset))
    if loses_after(value, split, harm):
        return True
    before, after = value[:split], value[split:]
    if len(before) < REWARD_POINTS or not 0 < len(after) < REWARD_POINTS:
        return False
    lowest = float(before[len(before) // 2 :].min())
    return float(median(after)) < lowest - harm * float(np.ptp(before))


def critic_forgets(curve: Series, explained: Series, factor: float) -> Sign | None:
    """A jump above what the curve was just before, after which the explained variance never comes back.

    Before it, the value function explained half of the variance of the returns or more; after it, less than nothing.
    """
    size, step = absolute_size(curve.value), curve.step
    known = explained.finite
    usual = row_medians(np.lib.stride_tricks.sliding_window_view(size, JUST_BEFORE)[:-1])
    jumps = np.flatnonzero((usual > 0) & (factor * usual < size[JUST_BEFORE:]))
    if not len(jumps):
        return None
    before, at = float(usual[jumps[0]]), int(jumps[0]) + JUST_BEFORE
    split = int(np.searchsorted(known.step, step[at]))
    was, since = known.value[max(0, split - JUST_BEFORE) : split], known.value[split:]
    if min(len(was), len(since)) < AFTER or median(was) < EXPLAINS or median(since[-AFTER:]) > 0:
        return None
    return Sign(
        f"{curve.tag} jumps from {number(before)} to {number(size[at])} at {curve.axis} {number(step[at])}, and "
        f"{explained.tag} goes from {number(median(was))} to {number(median(since[-AFTER:]))} for good: "
        "the value function is lost",
        Severity.WARNING,
        Confidence.MEDIUM,
        {"usual": before, "peak": float(size[at]), "explained": float(median(since[-AFTER:]))},
        (curve, explained),
        int(step[at]),
        curve.last_step,
    )


def _finding(blown: BlowUp, factor: float, harmed: bool, reward: Series | None, lr: Series | None) -> Finding:
    curve, usual, at, lasts = blown
    onset, size = int(curve.step[at]), absolute_size(curve.value)
    peak, broken = float(size[at:].max()), not np.isfinite(curve.value[at:]).all()
    fall = f", and {reward.tag} falls" if harmed and reward is not None else ""
    when = (
        f"from {curve.axis} {number(onset)} to the end" if lasts else f"for some time from {curve.axis} {number(onset)}"
    )
    grave = broken or (harmed and peak > factor * usual)
    return Finding(
        f"{curve.tag} grows from {number(usual)} to {number(peak)}, {when}{fall}",
        Severity.ERROR if grave else Severity.WARNING,
        Confidence.HIGH if grave else Confidence.MEDIUM,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={"usual": usual, "peak": peak, "reward_falls": harmed},
        remedies=[
            remedies.slower_policy(lr, onset),
            remedies.clip_grad_norm(None),
            remedies.scale_reward(0.1),
        ],
        series=(curve, *present(reward)),
    )
