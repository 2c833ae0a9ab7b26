"""The reward rises, and is lost again.

Why it matters. What the policy had learned is gone: the checkpoint to keep is the one before, and the run
after it was wasted.

How it is found. The reward had risen above its start by more than eight times the noise of its level (of
the whole run or of the part until its best, whichever is larger), and by a quarter of what it then lost; at
least three quarters of that gain are gone in the last fifth of the run, and more than half in each of that
fifth's blocks. Error where it ends at its start or lower, warning else. Levels are medians over blocks of 5
% of the run, since single episodes vary by more than a run gains, and of a hundred updates smaller blocks
have too few to tell. Where the reward has not risen so far, there is nothing to lose, and the rule is
skipped.

When it is wrong. A task that becomes harder by design (curriculum, self-play) lowers the reward of a policy
that still improves. Methods that replay old data recover late: watch a run that was stopped in a dip.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import blocks, noise

RULE = Rule("reward-collapse", "RL", Severity.ERROR)


def detect(
    rl_reward: Series,
    lr: Series | None,
    *,
    min_points: int = 40,
    times_noise: float = 8.0,
    lost: float = 0.75,
) -> Iterator[Finding]:
    curve = rl_reward.finite
    if len(curve) < min_points:
        raise Skip(f"needs {min_points} rewards, has {len(curve)}")
    block = blocks(curve.step, curve.value, most=20)
    level, highest = block.level, int(np.argmax(block.level))
    start, best = float(level[0]), float(level[highest])
    gain, tail = best - start, level[-max(2, len(level) // 5) :]
    end = float(np.median(tail))
    # a reward at its worst is the same in every episode: the noise is that of the part before;
    # a median has 1.25 times the standard error of a mean
    calm = max(noise(curve.value), noise(curve.value[: (highest + 1) * len(curve) // len(level)]))
    wander = max(noise(level), 1.25 * calm * float(np.sqrt(len(level) / len(curve))))
    if gain <= times_noise * wander or gain < (best - end) / 4:
        raise Skip(f"{rl_reward.tag} has not risen beyond its noise, so there is nothing to lose")
    if end > best - lost * gain or (tail > best - gain / 2).any():
        return
    good = np.flatnonzero(level >= best - gain / 4)
    onset = int(curve.step[block.start[min(int(good[-1]) + 1, len(level) - 1)]])
    share = (best - end) / gain
    yield Finding(
        f"{rl_reward.tag} rises from {start:.4g} to {best:.4g} and is at {end:.4g} in the end: {min(share, 9.99):.0%} "
        f"of its gain is lost, from {rl_reward.axis} {onset} on",
        Severity.ERROR if end <= start else Severity.WARNING,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(curve.step[-1]),
        evidence={"start": start, "best": best, "end": end, "lost": share, "noise": wander},
        remedies=[
            remedies.keep_best(onset, rl_reward.axis),
            remedies.slower_policy(lr, onset),
        ],
        series=(rl_reward,),
    )
