"""The policy's entropy collapses before it has learned.

Why it matters. A policy that has become deterministic explores no more: what it does not do yet, it
never will.

How it is found. The entropy falls below a tenth of its early level and stays there, while the reward gains nothing
after that: less than a tenth of its size and less than three standard errors of its noise. Policies spend most of
their entropy early, and some of that is learning, so the reward decides: an error where the entropy is gone in the
first half of the run, a warning later, and a note where the reward gains all the same or was not logged, and the
entropy ends below a hundredth of its early level.

When it is wrong. A task whose best policy is deterministic and found at once looks alike, except that its
reward is high; the log alone cannot say what is high. The entropy of continuous actions has no zero to fall to:
one that becomes negative is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.levels import levels, rises

RULE = Rule("entropy-collapse", "RL", Severity.ERROR, leads_to=("reward-collapse", "reward-not-rising"))


def detect(
    rl_entropy: Series | None,
    rl_entropy_loss: Series | None,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 10,
    share: float = 0.1,
    gone: float = 0.01,
    stays: float = 0.1,
    least_gain: float = 0.1,
    errors: float = 3.0,
) -> Iterator[Finding]:
    logged = rl_entropy if rl_entropy is not None else rl_entropy_loss
    if logged is None:
        raise Skip("no policy entropy was logged")
    curve = require(logged, min_points, "entropies")
    entropy = _positive(curve)
    early = float(entropy[: max(1, len(entropy) // 20)].max())
    large = np.flatnonzero(entropy >= share * early)
    small_from = int(large[-1]) + 1 if len(large) else 0
    measured = rl_reward is not None and len(rl_reward.finite) >= min_points
    if small_from > (1 - stays) * len(entropy):
        if not measured:
            raise Skip("a falling entropy says nothing without the reward")
        return
    end = float(np.median(entropy[-3:]))
    reward = rl_reward.finite if measured and rl_reward is not None else None
    late = small_from >= len(entropy) // 2
    # what was learned before a late collapse counts, even if it was lost again
    if reward is None or (_ever_rose if late else rises)(reward.value, least=least_gain, errors=errors):
        if end < gone * early:
            yield _finding(curve, small_from, early, end, reward, True, lr)
        elif reward is None:
            raise Skip("a falling entropy says nothing without the reward")
        return
    yield _finding(curve, small_from, early, end, reward, False, lr)


def _positive(curve: Series) -> Floats:
    """The entropy itself: an entropy loss is its negative. Raises Skip where it has both signs."""
    value = curve.value if float(np.median(curve.value)) >= 0 else -curve.value
    if value.min() < 0 and -float(value.min()) > 0.01 * float(value.max()):
        raise Skip(f"{curve.tag} has both signs: the entropy of continuous actions has no zero to fall to")
    return np.abs(value)


def _ever_rose(reward: Floats, *, least: float, errors: float) -> bool:
    """Whether the reward was ever above its start by a share of its size and beyond its noise."""
    found = levels(-reward)
    return found.start - found.best > max(least * abs(found.start), errors * found.noise)


def _finding(
    curve: Series, at: int, early: float, end: float, reward: Series | None, gains: bool, lr: Series | None
) -> Finding:
    onset = int(curve.step[at])
    found = levels(-reward.value) if reward is not None else None
    rewards = f"({-found.start:.4g} to {-found.end:.4g})" if found is not None else ""
    beside = "; no reward was logged" if reward is None else f", while {reward.tag} gains{'' if gains else ' nothing'} "
    late = at >= len(curve) // 2
    advice: list[Remedy] = [
        remedies.set_entropy_coef(0.01),
        remedies.scale_lr(0.1, lr, "smaller policy updates keep exploring"),
        remedies.train_longer(2.0),
    ]
    return Finding(
        f"{curve.tag} falls below a tenth of its start by {curve.axis} {onset} and stays there (end {end:.3g})"
        f"{beside}{rewards}",
        Severity.NOTE if gains else Severity.WARNING if late else Severity.ERROR,
        Confidence.MEDIUM if gains or late else Confidence.HIGH,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={
            "early": early,
            "end": end,
            "reward_start": -found.start if found else None,
            "reward_end": -found.end if found else None,
        },
        remedies=[] if gains else advice,
        series=(curve, *present(reward)),
    )
