"""The policy strays far from the last one, and the reward falls.

Why it matters. Policy-gradient methods hold only near the policy that collected the data. An update far
outside of that region is made on estimates that no longer mean anything, and the policy can be lost in one.

How it is found. The KL divergence is above ten times its level in the first fifth, and above 0.1, at five of
nine logged updates or more (a large one is often followed by a small one, so that it need not be five in a
row), or is above 10 once (the level of Trackio's example alert); 0.01 to 0.015 is what Spinning Up aims at,
and Stable-Baselines3 stops an update at 1.5 times its target. Only with harm: from there on, the reward
loses a third of the range that it had covered, beyond its noise. The distance to a fixed reference model
grows by nature (0 to 10 and more when tuning language models), so a large KL alone is no finding.

When it is wrong. A reward that falls because its scale, task or judge was changed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import noise

RULE = Rule("kl-blow-up", "RL", Severity.WARNING, leads_to=("reward-collapse", "value-loss-blow-up"))


def detect(
    rl_kl: Series,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    factor: float = 10.0,
    least: float = 0.1,
    updates: int = 5,
    at_once: float = 10.0,
    harm: float = 0.33,
) -> Iterator[Finding]:
    kl = rl_kl.finite
    if len(kl) < min_points:
        raise Skip(f"needs {min_points} values of the KL divergence, has {len(kl)}")
    if rl_reward is None or len(rl_reward.finite) < min_points:
        raise Skip("a large KL divergence says nothing without the reward")
    usual = float(np.median(kl.value[: max(5, len(kl) // 5)]))
    found = (_mostly(kl.value > max(factor * usual, least), updates), _mostly(kl.value > at_once, 1))
    at = min((index for index in found if index is not None), default=None)
    if at is None:
        return
    onset, reward = int(kl.step[at]), rl_reward.finite
    split = int(np.searchsorted(reward.step, onset))
    if split < 5 or len(reward) - split < 5:
        return
    before = float(np.median(reward.value[max(0, split - max(5, split // 5)) : split]))
    after = float(np.median(reward.value[-max(5, (len(reward) - split) // 5) :]))
    covered = float(np.subtract(*np.percentile(reward.value, [95, 5])))
    if before - after < max(harm * covered, 2 * noise(reward.value)):
        return
    peak = float(kl.value[at:].max())
    yield Finding(
        f"{rl_kl.tag} rises from {usual:.3g} to {peak:.3g} from {rl_kl.axis} {onset} on, and {rl_reward.tag} falls "
        f"from {before:.4g} to {after:.4g}",
        Severity.WARNING,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(kl.step[-1]),
        evidence={"usual": usual, "peak": peak, "reward_before": before, "reward_end": after},
        remedies=[
            remedies.slower_policy(lr, onset),
            remedies.clip_grad_norm(None),
        ],
        series=(rl_kl, rl_reward),
    )


def _mostly(high: np.ndarray, updates: int) -> int | None:
    """The index of the first of so many high points that are more than half of the points that they span."""
    places = np.flatnonzero(high)
    close = places[updates - 1 :] - places[: len(places) - updates + 1] < 2 * updates - 1
    return int(places[np.argmax(close)]) if close.any() else None
