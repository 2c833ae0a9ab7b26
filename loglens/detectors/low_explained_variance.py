"""The value function explains nothing of the returns.

Why it matters. The advantage of an action is its return less what the value function predicted. One that
predicts nothing leaves the policy gradient as noisy as without it, and one below 0 makes it worse.

How it is found. The median explained variance, 1 - Var(return - value) / Var(return), of the last four fifths of the
run is 0.01 or less: no better than a constant (Stable-Baselines3's reading of its `explained_variance`), as 0.01 is a
correlation of a tenth. Or the median of the last fifth is that low, after it was above a tenth before: the value
function has lost what it knew. It is a warning where the reward did not rise either (less than a tenth of its size, or
of three standard errors of its noise) or falls from there on, otherwise a note; and a warning where nine of ten of
those values are within a thousandth of 0, as a value that is the same in all states has it, and the reward does not
rise by its own size.

When it is wrong. Where all returns are alike, there is nothing to explain. A policy can learn without a
value function, only more slowly: some runs learn well at 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.stats.blocks import blocks
from loglens.stats.gains import gains, loses_after
from loglens.stats.quantiles import median

RULE = Rule("low-explained-variance", "RL", Severity.WARNING, leads_to=("reward-not-rising",))

#: A reward beyond this size asks for scaling: value functions start near 0 and learn in steps of the learning rate.
LARGE_REWARD = 100.0
#: Blocks of a run: 5 % each.
BLOCKS = 20
#: An explained variance so near to 0, at so many points, is that of a constant: one that is merely bad varies.
CONSTANT, MOST = 0.001, 0.9
#: A reward that rises by its own size and more is that of a policy that learns without it.
GROWN = 1.0


def detect(
    rl_explained_var: Series,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    max_explained: float = 0.01,
    settles: float = 0.2,
    known: float = 0.1,
    harm: float = 0.33,
    min_gain: float = 0.1,
    errors: float = 3.0,
) -> Iterator[Finding]:
    curve = require(rl_explained_var, min_points, "values of the explained variance")
    late, end = float(median(curve.tail(1 - settles))), float(median(curve.tail(settles)))
    reward = rl_reward.finite if rl_reward is not None and len(rl_reward.finite) >= min_points else None
    onset = None
    if late > max_explained:
        onset = _forgot_at(curve, known) if end <= max_explained else None
        if onset is None:
            return
    stuck = reward is not None and not gains(reward.value, min_gain=min_gain, errors=errors)
    if reward is not None and onset is not None and not stuck:
        stuck = loses_after(reward.value, int(np.searchsorted(reward.step, onset)), harm) is not None
    constant = bool((np.abs(curve.tail(1 - settles)) < CONSTANT).mean() >= MOST)
    constant = constant and not (reward is not None and gains(reward.value, min_gain=GROWN, errors=errors))
    yield _finding(curve, late if onset is None else end, onset, reward, (stuck, constant), lr)


def _forgot_at(curve: Series, known: float) -> int | None:
    """The step after the last block with an explained variance above `known`; None without one."""
    block = blocks(curve.step, curve.value, max_blocks=BLOCKS)
    good = np.flatnonzero(block.level > known)
    return int(curve.step[block.start[min(int(good[-1]) + 1, len(block) - 1)]]) if len(good) else None


def _finding(
    curve: Series, level: float, onset: int | None, reward: Series | None, why: tuple[bool, bool], lr: Series | None
) -> Finding:
    stuck, constant = why
    advice: list[Remedy] = [remedies.slower_policy(lr, onset)]
    if reward is not None and (size := float(median(np.abs(reward.value)))) > LARGE_REWARD:
        advice.insert(0, remedies.scale_reward(remedies.two_digits(1 / size)))
    when = (
        "after the first fifth" if onset is None else f"at the end, and was better until {curve.axis} {number(onset)}"
    )
    harm = "falls or does not rise" if onset is not None else "does not rise"
    return Finding(
        f"{curve.tag} has a median of {number(level)} {when}: the value function predicts the returns no better "
        f"than a constant{', and is one' if constant else ''}"
        + (f", and {reward.tag} {harm}" if stuck and reward is not None else ""),
        Severity.WARNING if stuck or constant else Severity.NOTE,
        Confidence.MEDIUM if constant else Confidence.LOW,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={"median": level, "highest": float(curve.value.max()), "reward_gains": not stuck},
        remedies=advice,
        series=(curve, *present(reward)),
    )
