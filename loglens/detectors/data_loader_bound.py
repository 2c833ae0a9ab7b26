"""Most of each step is spent waiting for data.

Why it matters. An accelerator that waits is paid for and idle: more loader workers, a cache or larger files
may speed the run up twofold and more, at no cost to its result.

How it is found. The median time waiting for data is at least half of the median step time (trainproof's
share), in both halves of the run. Some loops count the wait into the step and some beside it: where the
wait is the longer of the two at one point in twenty, it cannot be within, and the share is taken of their
sum. It is a note: nothing is wrong with what is learned.

When it is wrong. A tiny model on a small data set is bound by its loader by nature. Two times in different
units cannot be compared; a ratio over 20 is taken for that, and the rule is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens import remedies
from loglens.errors import Skip
from loglens.report import Confidence, Finding, Rule, Severity
from loglens.run import Series

RULE = Rule("data-loader-bound", "system", Severity.NOTE)


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
        raise Skip(f"needs {min_points} points with both the wait for data and the step time, has {len(wait)}")
    if np.median(wait) > 20 * np.median(step):
        raise Skip("the wait for data and the step time seem to be in different units")
    beside = bool(np.mean(wait > step) >= 0.05)
    half = len(wait) // 2
    early, late = (_part(wait[part], step[part], beside) for part in (slice(half), slice(half, None)))
    if min(early, late) < share:
        return
    part = _part(wait, step, beside)
    yield Finding(
        f"{part:.0%} of a step is spent waiting for data ({data_time.tag} {np.median(wait):.3g}, {step_time.tag} "
        f"{np.median(step):.3g})",
        Severity.NOTE,
        Confidence.MEDIUM,
        end_step=int(data_time.step[-1]),
        evidence={"share": part, "data_time": float(np.median(wait)), "step_time": float(np.median(step))},
        remedies=[remedies.fix_input_pipeline()],
        series=(data_time, step_time),
    )


def _part(wait: np.ndarray, step: np.ndarray, beside: bool) -> float:
    whole = np.median(step) + (np.median(wait) if beside else 0.0)
    return float(np.median(wait) / whole)
