"""Most of each step is spent waiting for data.

Why it matters. An accelerator that waits is paid for and idle: more loader workers, a cache or larger files
may speed the run up twofold and more, at no cost to its result.

How it is found. At least half of the time (trainproof's share) is spent waiting for data, as the median over
blocks of 16 steps or more, in both halves of the run. Not the median over steps: several workers deliver
their batches together, so most steps wait for nothing and one waits for all. Some loops include the wait in
the step time, some do not. A step that has the wait in it is longer by as much where the wait is longer,
one that excludes it is not: where the slope of the step time over the wait is nearer to 0 than to 1, or the wait
is the longer of the two at one point in twenty, the share is taken of their sum. Where the waits are all alike,
that cannot be seen; they are then taken to be within the step, as most loops count them. It is a note: nothing is
wrong with what is learned.

When it is wrong. A tiny model on a small data set is bound by its loader by nature. Two times in different
units cannot be compared; a ratio over 20 is taken for that, and the rule is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.blocks import blocks
from loglens.stats.quantiles import median

RULE = Rule("data-loader-bound", "system", Severity.NOTE)

#: A wait of twenty steps is in another unit.
OTHER_UNIT = 20.0
#: Blocks of like waits by which the slope of the step time is found.
LIKE_WAITS = 20
#: The wait lies beside the step time where it is longer than the step in a twentieth of the points.
LONGER = 0.05
#: Waits that differ by a hundredth of their level show their share in the step time.
VARIES = 0.01
#: Steps of a block, and the most blocks of a run.
BLOCK_STEPS, BLOCKS = 16, 50


def detect(
    data_time: Series,
    step_time: Series,
    rl_reward: Series | None,
    *,
    min_points: int = 20,
    share: float = 0.5,
) -> Iterator[Finding]:
    if rl_reward is not None:
        raise Skip("in reinforcement learning, collecting data is the work and not a wait for it")
    if "val" in (data_time.split, step_time.split):
        raise Skip("only the loader of the validation data was timed")
    _, one, two = np.intersect1d(data_time.step, step_time.step, return_indices=True)
    wait, step = data_time.value[one], step_time.value[two]
    known = np.isfinite(wait) & np.isfinite(step) & (step > 0)
    wait, step = wait[known], step[known]
    if len(wait) < min_points:
        raise Skip(f"needs {min_points} points with both the data wait and the step time, has {len(wait):,}")
    if median(wait) > OTHER_UNIT * median(step):
        raise Skip("the data wait and the step time seem to be in different units")
    parts = _parts(wait, step + wait if _varies(wait) and _beside(wait, step) else step)
    part = float(median(parts))
    if min(float(median(half)) for half in (parts[: (len(parts) + 1) // 2], parts[len(parts) // 2 :])) < share:
        return
    yield Finding(
        f"{part:.0%} of the time is spent waiting for data ({data_time.tag} {number(np.mean(wait))} of "
        f"{step_time.tag} {number(np.mean(step))} on average)",
        Severity.NOTE,
        Confidence.MEDIUM,
        end_step=data_time.last_step,
        evidence={"share": part, "data_time": float(np.mean(wait)), "step_time": float(np.mean(step))},
        remedies=[remedies.fix_input_pipeline()],
        series=(data_time, step_time),
    )


def _beside(wait: Floats, step: Floats) -> bool:
    """Whether the wait is not within the step time. The slope is that of medians over blocks of like waits."""
    order = np.argsort(wait, kind="stable")
    alike = blocks(wait[order], step[order], max_blocks=LIKE_WAITS)
    apart = alike.x - alike.x.mean()
    slope = float(apart @ alike.level) / float(apart @ apart) if apart.any() else 1.0
    return slope < 0.5 or bool(np.mean(wait > step) >= LONGER)


def _varies(wait: Floats) -> bool:
    """Whether the waits differ enough to see their share in the step time: a hundredth of their level."""
    return bool(np.ptp(wait) > VARIES * median(wait))


def _parts(wait: Floats, whole: Floats) -> Floats:
    """The share of the time that is spent waiting, in blocks of 16 steps or more, 50 at most."""
    count = max(1, min(BLOCKS, len(wait) // BLOCK_STEPS))
    edges = np.linspace(0, len(wait), count + 1).round().astype(np.intp)[:-1]
    shares: Floats = np.add.reduceat(wait, edges) / np.add.reduceat(whole, edges)
    return shares
