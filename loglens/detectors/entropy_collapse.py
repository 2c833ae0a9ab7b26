"""The policy's entropy collapses before it has learned.

Why it matters. A policy that has become deterministic explores no more: what it does not do yet, it
never will.

How it is found. The entropy falls below a tenth of its early level within the first half of the run
and stays there, while the reward gains nothing after that: less than a tenth of its size and less
than three standard errors of its noise. Policies spend most of their entropy early, and some of that
is learning, so the reward decides.

When it is wrong. A task whose best policy is deterministic and found at once looks alike, except that its
reward is high; the log alone cannot say what is high.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.levels import levels

RULE = Rule("entropy-collapse", "RL", Severity.ERROR, leads_to=("reward-collapse", "reward-not-rising"))


def detect(
    rl_entropy: Series | None,
    rl_entropy_loss: Series | None,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 10,
    share: float = 0.1,
) -> Iterator[Finding]:
    curve = rl_entropy if rl_entropy is not None else rl_entropy_loss
    if curve is None:
        raise Skip("no policy entropy was logged")
    if len(curve.finite) < min_points:
        raise Skip(f"needs {min_points} entropies, has {len(curve.finite)}")
    if rl_reward is None or len(rl_reward.finite) < min_points:
        raise Skip("a falling entropy says nothing without the reward")
    step, entropy = curve.finite.step, np.abs(curve.finite.value)  # an entropy loss is the entropy's negative
    early = float(entropy[: max(1, len(entropy) // 20)].max())
    large = np.flatnonzero(entropy >= share * early)
    small_from = int(large[-1]) + 1 if len(large) else 0
    if small_from >= len(entropy) // 2:
        return
    onset = int(step[small_from])
    reward = rl_reward.finite
    found = levels(-reward.value)
    gained = found.start - found.end
    if gained > max(0.1 * abs(found.start), 3 * found.noise):
        return
    yield Finding(
        f"{curve.tag} falls below a tenth of its start by {curve.axis} {onset} and stays there (end "
        f"{float(np.median(entropy[-3:])):.3g}), while {rl_reward.tag} gains nothing "
        f"({-found.start:.4g} to {-found.end:.4g})",
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=onset,
        end_step=int(step[-1]),
        evidence={
            "early": early,
            "end": float(np.median(entropy[-3:])),
            "reward_start": -found.start,
            "reward_end": -found.end,
        },
        remedies=[remedies.scale_lr(0.1, lr, "smaller policy updates keep exploring"), remedies.train_longer(2.0)],
        series=(curve, rl_reward),
    )
