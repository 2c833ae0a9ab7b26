"""The value function explains nothing of the returns.

Why it matters. The advantage of an action is its return less what the value function foresaw. One that
foresees nothing leaves the policy gradient as noisy as without it, and one below 0 makes it worse.

How it is found. The median explained variance, 1 - Var(return - value) / Var(return), of the last four
fifths of the run is 0 or less: no better than a constant (Stable-Baselines3's reading of its
`explained_variance`). A warning where the reward gained nothing either (less than a tenth of its size, or
of three standard errors of its noise), else a note.

When it is wrong. Where all returns are alike, there is nothing to explain. A policy can learn without a
value function, only more slowly: some runs learn well at 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.levels import levels

RULE = Rule("low-explained-variance", "RL", Severity.WARNING, leads_to=("reward-not-rising",))


def detect(
    rl_explained_var: Series,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    most: float = 0.0,
) -> Iterator[Finding]:
    curve = rl_explained_var.finite
    if len(curve) < min_points:
        raise Skip(f"needs {min_points} values of the explained variance, has {len(curve)}")
    late = float(np.median(curve.value[len(curve) // 5 :]))
    if late > most:
        return
    stuck = False
    if rl_reward is not None and len(rl_reward.finite) >= min_points:
        found = levels(-rl_reward.finite.value)
        stuck = found.start - found.best <= max(0.1 * abs(found.start), 3 * found.noise)
    yield Finding(
        f"{rl_explained_var.tag} is {late:.3g} in the median after the first fifth: the value function foresees the "
        "returns no better than a constant" + (f", and {rl_reward.tag} gains nothing" if stuck and rl_reward else ""),
        Severity.WARNING if stuck else Severity.NOTE,
        Confidence.LOW,
        end_step=int(curve.step[-1]),
        evidence={"median": late, "highest": float(curve.value.max()), "reward_gains": not stuck},
        remedies=[remedies.slower_policy(lr)],
        series=(rl_explained_var, *((rl_reward,) if rl_reward is not None else ())),
    )
