"""The policy's entropy collapses before it has learned.

Why it matters. A policy that has become deterministic no longer explores: what it does not do yet, it
never will.

How it is found. The entropy falls below a tenth of its early level and stays there for a tenth of the run (or ends
below a hundredth of it, for three points), while the reward hardly rises: by less than a tenth of its size and less
than three standard errors of its noise. Policies spend most of their entropy early, and some of that is learning, so
the reward decides: an error where the entropy is gone in the first half of the run, a warning later, and a note where
the reward gains anyway or was not logged, and the entropy ends below a hundredth of its early level. The standard
deviation of continuous actions stands in for an entropy that was not logged or has both signs: that of a Gaussian is
the logarithm of its deviation and a constant, so that a tenth is a loss of 2.3 nats for each action.

When it is wrong. A task whose best policy is deterministic and found at once looks the same, except that its
reward is high; the log alone cannot say what is high. The entropy of continuous actions has no lower bound at zero:
one that becomes negative is judged by the deviation of the actions only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.gains import gains
from loglens.stats.levels import Levels, fell_at_once, levels
from loglens.stats.quantiles import median

RULE = Rule("entropy-collapse", "RL", Severity.ERROR, leads_to=("reward-collapse", "reward-not-rising"))

#: Share of the points whose highest entropy is the early one.
EARLY = 0.05
#: Values of the other sign count from this share of the largest of the usual sign.
BOTH_SIGNS = 0.01


def detect(
    rl_entropy: Series | None,
    rl_entropy_loss: Series | None,
    rl_action_std: Series | None,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 10,
    share: float = 0.1,
    gone: float = 0.01,
    stays: float = 0.1,
    min_gain: float = 0.1,
    errors: float = 3.0,
) -> Iterator[Finding]:
    curve = _logged(rl_entropy if rl_entropy is not None else rl_entropy_loss, rl_action_std, min_points)
    entropy = np.abs(curve.value)
    early = float(entropy[: max(1, int(EARLY * len(entropy)))].max())
    large = np.flatnonzero(entropy >= share * early)
    small_from = int(large[-1]) + 1 if len(large) else 0
    measured = rl_reward is not None and len(rl_reward.finite) >= min_points
    end = float(median(entropy[-3:]))
    if small_from > (1 - stays) * len(entropy) and not (entropy[-3:] < gone * early).all():
        if not measured:
            raise Skip("a falling entropy means nothing without the reward")
        return
    reward = rl_reward.finite if measured and rl_reward is not None else None
    late = small_from >= len(entropy) // 2
    # what was learned before a late collapse counts, even if it was lost again
    if reward is None or (_ever_rose if late else gains)(reward.value, min_gain=min_gain, errors=errors):
        if end < gone * early:
            yield _finding(curve, small_from, early, end, reward, True, lr)
        elif reward is None:
            raise Skip("a falling entropy means nothing without the reward")
        return
    yield _finding(curve, small_from, early, end, reward, False, lr)


def _logged(entropy: Series | None, deviation: Series | None, min_points: int) -> Series:
    """The curve that shows how varied the actions are: the entropy (or its negative), else their deviation."""
    std = deviation.finite if deviation is not None else None
    known = std is not None and len(std) >= min_points and bool((std.value > 0).any() and (std.value >= 0).all())
    if entropy is None:
        if std is None or not known:
            raise Skip("neither the policy's entropy nor the deviation of its actions was logged")
        return std
    curve = entropy.finite
    if std is not None and known and (len(curve) < min_points or _has_both_signs(curve.value)):
        return std
    require(entropy, min_points, "entropies")
    if _has_both_signs(curve.value):
        raise Skip(f"{curve.tag} has both signs: the entropy of continuous actions has no lower bound at zero")
    return curve


def _has_both_signs(value: Floats) -> bool:
    """Whether a curve goes below zero by more than a hundredth of what it has above it, or the other way round."""
    above, below = float(value.max(initial=0.0)), -float(value.min(initial=0.0))
    return min(above, below) > BOTH_SIGNS * max(above, below)


def _beside(reward: Series | None, found: Levels | None, rewarded: bool) -> str:
    """What the reward does meanwhile: " while reward stays at -1"."""
    if reward is None or found is None:
        return "; no reward was logged"
    start, end = number(-found.start), number(-found.end)
    if rewarded:
        return f", while {reward.tag} goes from {start} to {end}"
    if start == end:
        return f", while {reward.tag} stays at {start}"
    return f", while {reward.tag} {'falls' if found.end > found.start else 'rises only'} from {start} to {end}"


def _ever_rose(reward: Floats, *, min_gain: float, errors: float) -> bool:
    """Whether the reward was ever above its start by a share of its size and beyond its noise."""
    found = levels(-reward)
    return found.start - found.best > max(min_gain * abs(found.start), errors * found.noise) or fell_at_once(-reward)


def _finding(
    curve: Series, at: int, early: float, end: float, reward: Series | None, rewarded: bool, lr: Series | None
) -> Finding:
    onset = int(curve.step[at])
    found = levels(-reward.value) if reward is not None else None
    late = at >= len(curve) // 2
    advice: list[Remedy] = [
        remedies.set_entropy_coef(0.01),
        remedies.scale_lr(0.1, lr, "smaller policy updates keep exploring"),
        remedies.train_longer(2.0),
    ]
    return Finding(
        f"{curve.tag} falls below a tenth of its start by {curve.axis} {number(onset)} and stays there (end "
        f"{number(end)}){_beside(reward, found, rewarded)}",
        Severity.NOTE if rewarded else Severity.WARNING if late else Severity.ERROR,
        Confidence.MEDIUM if rewarded or late else Confidence.HIGH,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={
            "early": early,
            "end": end,
            "reward_start": -found.start if found else None,
            "reward_end": -found.end if found else None,
        },
        remedies=[] if rewarded else advice,
        series=(curve, *present(reward)),
    )
