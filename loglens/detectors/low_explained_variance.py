"""The value function explains nothing of the returns.

Why it matters. The advantage of an action is its return less what the value function foresaw. One that
foresees nothing leaves the policy gradient as noisy as without it, and one below 0 makes it worse.

How it is found. The median explained variance, 1 - Var(return - value) / Var(return), of the last four
fifths of the run is 0.01 or less: no better than a constant (Stable-Baselines3's reading of its
`explained_variance`), as 0.01 is a correlation of a tenth. A warning where the reward gained nothing either (less
than a tenth of its size, or of three standard errors of its noise), else a note.

When it is wrong. Where all returns are alike, there is nothing to explain. A policy can learn without a
value function, only more slowly: some runs learn well at 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.stats.levels import levels

RULE = Rule("low-explained-variance", "RL", Severity.WARNING, leads_to=("reward-not-rising",))

#: A reward beyond this size asks for scaling: value functions start near 0 and learn in steps of the learning rate.
LARGE_REWARD = 100.0


def detect(
    rl_explained_var: Series,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    most: float = 0.01,
    settles: float = 0.2,
    least_gain: float = 0.1,
    errors: float = 3.0,
) -> Iterator[Finding]:
    curve = require(rl_explained_var, min_points, "values of the explained variance")
    late = float(np.median(curve.tail(1 - settles)))
    if late > most:
        return
    reward = rl_reward.finite if rl_reward is not None and len(rl_reward.finite) >= min_points else None
    stuck = False
    if reward is not None:
        found = levels(-reward.value)
        stuck = found.start - found.best <= max(least_gain * abs(found.start), errors * found.noise)
    advice: list[Remedy] = [remedies.slower_policy(lr)]
    if reward is not None and (size := float(np.median(np.abs(reward.value)))) > LARGE_REWARD:
        advice.insert(0, remedies.scale_reward(remedies.two_digits(1 / size)))
    yield Finding(
        f"{rl_explained_var.tag} is {late:.3g} in the median after the first fifth: the value function foresees the "
        "returns no better than a constant" + (f", and {reward.tag} gains nothing" if stuck and reward else ""),
        Severity.WARNING if stuck else Severity.NOTE,
        Confidence.LOW,
        end_step=curve.last_step,
        evidence={"median": late, "highest": float(curve.value.max()), "reward_gains": not stuck},
        remedies=advice,
        series=(rl_explained_var, *present(rl_reward)),
    )
