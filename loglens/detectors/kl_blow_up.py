"""The policy strays far, and its reward or its variety is lost.

Why it matters. Policy-gradient methods hold only near the policy that collected the data. An update far
outside of that region is made on estimates that no longer mean anything, and the policy can be lost in one.
A language model far from its reference has found one answer that the reward model likes.

How it is found. The KL divergence is above ten times its level in the first fifth, and above 0.1, at five of nine
logged updates or more (a large one is often followed by a small one, so that it need not be five in a row), or is
above 10 once (the level of Trackio's example alert), or above 1 and a hundred times its level once; 0.01 to 0.015 is
what Spinning Up aims at, and Stable-Baselines3 stops an update at 1.5 times its target. It is a warning with harm:
from there on, the reward loses a third of the range that it had covered, beyond its noise; or the policy's entropy
ends below a tenth of its start; or the policy is still that far away at the end (above 10, or above 1 and a hundred
times its level), and the reward has not risen in the whole run. The distance to a fixed reference model grows by
nature (0 to 10 and more when tuning language models), so a large KL alone is not a fault: a jump from one update to
the next, to above 1 and a hundred times the level of the updates before it, is a note.

When it is wrong. A reward that falls because its scale, task or judge was changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.gains import gains, loses_after
from loglens.stats.quantiles import median

RULE = Rule("kl-blow-up", "RL", Severity.WARNING, leads_to=("reward-collapse", "value-loss-blow-up"))

#: So many points a level needs.
MIN_POINTS = 5
#: Shares of the first points that show the usual divergence, and the entropy at the start.
USUAL, EARLY = 0.2, 0.05


def detect(
    rl_kl: Series,
    rl_reward: Series | None,
    rl_entropy: Series | None,
    lr: Series | None,
    *,
    min_points: int = 10,
    factor: float = 10.0,
    min_kl: float = 0.1,
    updates: int = 5,
    at_once: float = 10.0,
    jump: float = 100.0,
    min_jump: float = 1.0,
    harm: float = 0.33,
    entropy_left: float = 0.1,
) -> Iterator[Finding]:
    kl = require(rl_kl, min_points, "values of the KL divergence")
    reward = rl_reward.finite if rl_reward is not None and len(rl_reward.finite) >= min_points else None
    entropy = rl_entropy.finite if rl_entropy is not None and len(rl_entropy.finite) >= min_points else None
    usual, end = float(median(kl.head(USUAL, MIN_POINTS))), float(median(kl.tail()))
    far = max(jump * usual, min_jump)
    highs = ((kl.value > max(factor * usual, min_kl), updates), (kl.value > at_once, 1), (kl.value > far, 1))
    at = min((index for high, count in highs if (index := _mostly(high, count)) is not None), default=None)
    if at is None:
        return
    onset = int(kl.step[at])
    if reward is not None and (lost := loses_after(reward.value, int(np.searchsorted(reward.step, onset)), harm)):
        fall = f"falls from {number(lost[0])} to {number(lost[1])}"
        yield _finding(kl, usual, at, f", and {reward.tag} {fall}", reward, lr)
    elif entropy is not None and end > at_once and (left := _left(entropy)) < entropy_left:
        yield _finding(kl, usual, at, f", and {entropy.tag} ends at {left:.0%} of its start", entropy, lr)
    elif reward is not None and end > min(at_once, far) and not gains(reward.value):
        yield _finding(kl, usual, at, f", and {reward.tag} does not rise in the whole run", reward, lr)
    elif (leap := _leap(kl.value, jump, min_jump)) is not None:
        harm_said = "; no reward was logged" if reward is None else f"; {reward.tag} does not suffer"
        yield replace(_finding(kl, usual, leap, harm_said, reward or kl, lr), severity=Severity.NOTE)
    elif reward is not None and int(np.count_nonzero(reward.step >= onset)) < MIN_POINTS:
        raise Skip(f"{kl.tag} is large from {kl.axis} {number(onset)} on, with too few rewards after it to see harm")
    elif reward is None and entropy is None:
        raise Skip("a large KL divergence means nothing without the reward or the policy's entropy")


def _leap(value: Floats, jump: float, min_jump: float) -> int | None:
    """Index of the first point above `jump` times each of the ten (five at least) before it; None without one."""
    padded = np.concatenate((np.full(2 * MIN_POINTS, -np.inf), value[:-1]))
    before = np.lib.stride_tricks.sliding_window_view(padded, 2 * MIN_POINTS).max(axis=1)
    leaps = (before > 0) & (value > np.maximum(jump * before, min_jump))
    leaps[:MIN_POINTS] = False
    return int(np.argmax(leaps)) if leaps.any() else None


def _left(entropy: Series) -> float:
    """The share of its first level that the entropy has at the end; 1 where it has none to lose."""
    start = float(median(entropy.head(EARLY)))
    return float(median(entropy.tail())) / start if start > 0 else 1.0


def _mostly(high: np.ndarray, updates: int) -> int | None:
    """Index of the first of `updates` high points that make up more than half of their span; None without."""
    places = np.flatnonzero(high)
    if len(places) < updates:
        return None
    close = places[updates - 1 :] - places[: len(places) - updates + 1] < 2 * updates - 1
    return int(places[np.argmax(close)]) if close.any() else None


def _finding(kl: Series, usual: float, at: int, harm: str, beside: Series, lr: Series | None) -> Finding:
    """Make the finding; harm: the end of its sentence, which says what was lost."""
    onset, peak = int(kl.step[at]), float(kl.value[at:].max())
    advice: list[Remedy] = [remedies.slower_policy(lr, onset), remedies.clip_grad_norm(None)]
    if beside.role == "rl_entropy":
        advice.insert(0, remedies.set_kl_coef(0.1))
    return Finding(
        f"{kl.tag} rises from {number(usual)} to {number(peak)} from {kl.axis} {number(onset)} on{harm}",
        Severity.WARNING,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=kl.last_step,
        evidence={"usual": usual, "peak": peak, "harm": harm.lstrip(",; ").removeprefix("and ")},
        remedies=advice,
        series=(kl, *(one for one in present(beside) if one is not kl)),
    )
