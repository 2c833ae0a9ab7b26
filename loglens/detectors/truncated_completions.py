"""Most completions are cut off at the length limit.

Why it matters. A completion that is cut has no end and often no answer, so its reward is that of a failure, whatever
it says so far. A policy that never ends its text earns little more for learning, and costs the most to sample.

How it is found. The share of truncated completions (TRL's `completions/clipped_ratio` and similar) has a median above
one half in the last third of the run: most of what is learned from has no end. It is a warning where the reward did
not rise beyond its noise and a tenth of its size; otherwise a note.

When it is wrong. A limit that is short on purpose, for a reward that counts length only.
"""

from __future__ import annotations

from collections.abc import Iterator

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, as_share, present, require
from loglens.remedies import actions as remedies
from loglens.stats.gains import gains
from loglens.stats.quantiles import median

RULE = Rule("truncated-completions", "RL", Severity.WARNING, leads_to=("reward-not-rising",))

#: A share may exceed 1 by what float32 rounds.
ROUNDING = 1e-6
#: Share of the points that shows the level at the start.
START = 0.1


def detect(
    rl_truncation: Series,
    rl_reward: Series | None,
    *,
    min_points: int = 10,
    share: float = 0.5,
    errors: float = 3.0,
    min_gain: float = 0.1,
) -> Iterator[Finding]:
    curve = as_share(require(rl_truncation, min_points, "shares of truncated completions"))
    late = float(median(curve.tail(1 / 3)))
    if curve.value.max() > 1 + ROUNDING:
        raise Skip(f"{rl_truncation.tag} is not a share: it counts up to {number(rl_truncation.finite.value.max())}")
    if late <= share:
        return
    reward = rl_reward.finite if rl_reward is not None and len(rl_reward.finite) >= min_points else None
    rewarded = reward is None or gains(reward.value, min_gain=min_gain, errors=errors)
    yield Finding(
        f"{late:.0%} of the completions are cut off at the length limit in the last third of the run ({curve.tag})"
        + ("" if rewarded or rl_reward is None else f", and {rl_reward.tag} does not rise"),
        Severity.NOTE if rewarded else Severity.WARNING,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"late_share": late, "start_share": float(median(curve.head(START))), "reward_gains": rewarded},
        remedies=[] if rewarded or reward is None else _advice(float(median(reward.tail(1 / 3)))),
        series=(curve, *present(rl_reward)),
    )


def _advice(level: float) -> list[Remedy]:
    """Half of a reward is less where it is above zero; of one that is not, there is nothing to take away."""
    first = remedies.scale_reward(0.5) if level > 0 else remedies.check_labels()
    return [first, remedies.set_kl_coef(0.1)]
