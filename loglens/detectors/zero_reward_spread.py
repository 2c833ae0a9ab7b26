"""All answers to a prompt get the same reward.

Why it matters. Methods that compare the answers of a group (GRPO, RLOO) learn from the differences of their
rewards. A group of equal rewards has no gradient: it costs as much to generate and teaches nothing (DAPO,
Yu et al. 2025, filters such groups out).

How it is found. In the second half of the run, more than four fifths of the groups have no spread (median of TRL's
`frac_reward_zero_std` and similar), or the spread of the reward is exactly zero at more than four fifths of the
points. It is a warning where the reward did not rise either, beyond a tenth of its size and three times its noise;
otherwise a note, as a task that is solved looks the same.

When it is wrong. A task whose reward was at its highest from the start, and an environment without chance,
where a fixed policy always gets the same reward.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, as_share, present, require
from loglens.remedies.further_actions import more_generations, set_temperature
from loglens.stats.gains import gains
from loglens.stats.quantiles import median

RULE = Rule("zero-reward-spread", "RL", Severity.WARNING, leads_to=("vanishing-gradient", "reward-not-rising"))

#: A little above 1, at which samples follow the model's own distribution (the default of TRL's trainers).
WARMER = 1.2


def detect(
    rl_degenerate: Series | None,
    rl_reward_std: Series | None,
    rl_reward: Series | None,
    *,
    min_points: int = 10,
    share: float = 0.8,
    min_gain: float = 0.1,
    errors: float = 3.0,
) -> Iterator[Finding]:
    logged = rl_degenerate if rl_degenerate is not None else rl_reward_std
    if logged is None:
        raise Skip("neither the share of groups with equal rewards nor the spread of the reward was logged")
    curve = require(logged, min_points, f"points of {logged.tag}")
    groups = logged is rl_degenerate
    late = as_share(curve).tail(0.5) if groups else curve.tail(0.5)
    part = float(median(late)) if groups else float(np.mean(late == 0))
    if part > 1:
        raise Skip(f"{logged.tag} is not a share: it counts up to {number(curve.value.max())}")
    if part <= share:
        return
    reward = rl_reward.finite if rl_reward is not None and len(rl_reward.finite) >= min_points else None
    gained = reward is None or gains(reward.value, min_gain=min_gain, errors=errors)
    what = "of the groups have equal rewards" if groups else "of the points have no spread"
    yield Finding(
        f"{part:.0%} {what} in the second half of the run ({logged.tag})"
        + (f", and {reward.tag} does not rise" if reward is not None and not gained else ""),
        Severity.NOTE if gained else Severity.WARNING,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"share": part, "reward_gains": gained},
        remedies=_advice(part) if not gained else [],
        series=(logged, *present(rl_reward)),
    )


def _advice(part: float) -> list[Remedy]:
    """Samples that differ more, first where all groups are alike, which more of the same would not change."""
    warmer, more = set_temperature(WARMER), more_generations(2.0)
    return [warmer, more] if part >= 1 else [more, warmer]
