"""The next remedy after one was tried: from the rates of the runs so far, and without what did not help."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from loglens.model.finding import Remedy
from loglens.remedies import actions

#: Two rates closer than this are the same rate.
SAME_RATE = 1.1
#: Actions that continue from what is there now, so that they may be taken again.
RELATIVE = frozenset("scale_lr increase_capacity train_longer scale_reward".split())
#: The largest step from a rate that is still too high.
FARTHEST = 0.01


@dataclass(frozen=True)
class Trial:
    """A run of the recipe: its peak learning rate (None where unknown) and in which way that was wrong.

    direction: 1 where the run broke or never settled, -1 where it was too slow, 0 where neither is known. first: the
    remedy that came first.
    """

    rate: float | None
    direction: int
    first: Remedy | None = None


def next_factor(now: Trial, before: Sequence[Trial]) -> float | None:
    """By how much to multiply the rate of a run, given earlier runs at other rates; None where they do not tell.

    Between a rate that is too high and one that is too low the next is their geometric mean (bisection in the
    logarithm). Where all were too high, or all too low, the step in the logarithm doubles.
    """
    if now.rate is None or not now.direction:
        return None
    known = [(one.rate, one.direction) for one in before if one.rate is not None and one.direction]
    other = [rate for rate, direction in known if direction == -now.direction]
    beyond = [rate for rate in other if (rate < now.rate) == (now.direction > 0)]
    if beyond:
        nearest = max(beyond) if now.direction > 0 else min(beyond)
        return actions.two_digits(math.sqrt(nearest / now.rate))
    higher = [rate for rate, direction in known if direction > 0 and rate > SAME_RATE * now.rate]
    if now.direction > 0 and higher:
        return actions.two_digits(max((now.rate / min(higher)) ** 2, FARTHEST))
    lower = [rate for rate, direction in known if direction < 0 and rate * SAME_RATE < now.rate]
    if now.direction < 0 and lower:
        return actions.two_digits(min((now.rate / max(lower)) ** 2, 1 / FARTHEST))
    return None


def without(
    remedies: Sequence[Remedy], tried: Collection[tuple[str, str]], in_vain: Collection[tuple[str, str]]
) -> list[Remedy]:
    """The remedies in order; at the end those that were tried and take hold only once, and those tried in vain."""
    done = [one for one in remedies if key(one) in in_vain or (key(one) in tried and one.action not in RELATIVE)]
    return [*(one for one in remedies if one not in done), *done]


def key(remedy: Remedy) -> tuple[str, str]:
    """What makes two remedies the same: the action, and what it puts in place."""
    return remedy.action, str(remedy.params.get("to", remedy.params.get("kind", "")))
