"""The value function's loss grows a thousandfold.

Why it matters. Advantages and targets are made from the value function. One that is wrong by orders of magnitude
sends the policy anywhere; values that chase their own overestimates grow without bound (the deadly triad: Sutton
and Barto 2018, section 11.3).

How it is found. Any loss of a value function or critic, a Q value's size, or an entropy coefficient (a
temperature that is learned) that ends above a thousand times its usual level: the median of the first fifth, or of
the second where the curve starts at zero. The end is the last fiftieth, at least two points; an infinite value
counts as above any level. Values grow as rewards do, and their loss with the square: the ratio is divided by the
square of the growth of the reward's size. It is an error where the reward falls by a third of the range that it
had covered, or where a value is not finite, and a warning else.

When it is wrong. A task whose rewards become larger on purpose (a curriculum) without a logged reward.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats

RULE = Rule("value-loss-blow-up", "RL", Severity.ERROR, leads_to=("reward-collapse", "non-finite-metric"))


def detect(
    rl_value_loss: tuple[Series, ...],
    rl_q_value: tuple[Series, ...],
    rl_entropy_coef: tuple[Series, ...],
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    factor: float = 1000.0,
    harm: float = 0.33,
) -> Iterator[Finding]:
    curves = [curve for curve in (*rl_value_loss, *rl_q_value, *rl_entropy_coef) if len(curve) >= min_points]
    if not curves:
        raise Skip(f"no value loss of {min_points} points was logged")
    growth = max(1.0, _growth(rl_reward)) ** 2 if rl_reward is not None else 1.0
    blown = [(curve, *found) for curve in curves if (found := _blown(curve, factor * growth))]
    if not blown:
        return
    curve, usual, at = min(blown, key=lambda one: int(one[0].step[one[2]]))
    yield _finding(curve, usual, at, _harmed(rl_reward, int(curve.step[at]), harm), rl_reward, lr)


def _size(curve: Series) -> Floats:
    """The curve's absolute values; NaN counts as infinite from the first finite point on."""
    size = np.abs(curve.value)
    return np.where(np.isnan(size), np.inf, size)


def _growth(reward: Series) -> float:
    """By how much the size of the reward grows from the first fifth to the last, where it rises."""
    value = reward.finite
    if len(value) < 5:
        return 1.0
    first, last = float(np.median(value.head(0.2))), float(np.median(value.tail(0.2)))
    return abs(last) / abs(first) if first and last > first else 1.0


def _blown(curve: Series, factor: float) -> tuple[float, int] | None:
    """The usual level and the index from which on the curve is above it by the factor, if it ends there."""
    size = _size(curve)
    fifth = max(3, len(size) // 5)
    usual = next(
        (float(level) for level in (np.median(size[:fifth]), np.median(size[fifth : 2 * fifth])) if level > 0), 0.0
    )
    if not 0 < usual < np.inf:
        return None
    high = size > factor * usual
    tail = max(2, len(size) // 50)
    if not high[-tail:].all():
        return None
    return usual, int(np.flatnonzero(~high)[-1]) + 1


def _harmed(reward: Series | None, onset: int, harm: float) -> bool:
    """Whether the reward ends below its level before the onset by a third of what it had covered until then."""
    if reward is None:
        return False
    before, value = reward.before(onset).finite.value, reward.finite.value
    if len(before) < 5 or len(value) == len(before):
        return False
    level, covered = float(np.median(before[-max(5, len(before) // 5) :])), float(np.ptp(before))
    return level - float(np.median(value[-max(1, (len(value) - len(before)) // 2) :])) > harm * covered


def _finding(curve: Series, usual: float, at: int, harmed: bool, reward: Series | None, lr: Series | None) -> Finding:
    onset, peak = int(curve.step[at]), float(_size(curve)[at:].max())
    broken = not np.isfinite(curve.value[at:]).all()
    fall = f", and {reward.tag} falls" if harmed and reward is not None else ""
    return Finding(
        f"{curve.tag} grows from {usual:.3g} to {peak:.3g}, from {curve.axis} {onset} to the end{fall}",
        Severity.ERROR if harmed or broken else Severity.WARNING,
        Confidence.HIGH if harmed or broken else Confidence.MEDIUM,
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
