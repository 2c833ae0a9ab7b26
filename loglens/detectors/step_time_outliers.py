"""Single steps take far longer than the rest, or the run stands still.

Why it matters. A few steps that wait (for storage, another machine, a garbage collection) can cost more
than all the others together, and a run that stands still for half an hour pays for nothing.

How it is found. A step time is an outlier above five robust standard deviations (SageMaker Debugger's
StepOutlier) and twice the median; they are reported where at most one point in twenty is one and together they
cost a tenth of all the logged time, the first twentieth (start, compilation) left out. A stall is 1800
seconds (SageMaker's StalledTraining) and 20 median intervals or more between two logged points of the
densest curve, where the steps continue as before. Both are notes: the result is not harmed.

When it is wrong. Evaluation, checkpoints and a queue between two sessions take time by design. Where only
every hundredth step is timed, what happened in between is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import spread
from loglens.stats.quantiles import median

RULE = Rule("step-time-outliers", "system", Severity.NOTE)

#: Share of the first points that is left out: there caches fill and code is compiled.
WARMUP = 0.05
#: Share of the points up to which slow ones are single steps, rather than the pace of the run.
SINGLE = 0.05
#: Seconds of an hour.
HOUR = 3600


def detect(
    step_time: Series | None,
    run: Run,
    *,
    min_points: int = 40,
    sigma: float = 5.0,
    cost: float = 0.1,
    stall_seconds: float = 1800.0,
    stall_intervals: float = 20.0,
) -> Iterator[Finding]:
    timed = step_time.finite if step_time is not None else None
    clocked = max(run.curves.values(), key=_clocked, default=None)
    enough = timed is not None and len(timed) >= min_points
    seen = clocked is not None and _clocked(clocked) >= min_points
    if not enough and not seen:
        raise Skip(f"needs {min_points} step times, or as many points with the time of day")
    if enough and timed is not None and (found := _outliers(timed, sigma, cost)):
        yield found
    if seen and clocked is not None and (found := _stall(clocked, run, stall_seconds, stall_intervals)):
        yield found


def _clocked(curve: Series) -> int:
    return int(np.count_nonzero(np.isfinite(curve.time)))


def _outliers(timed: Series, sigma: float, cost: float) -> Finding | None:
    begin = int(WARMUP * len(timed))
    value, step = timed.value[begin:], timed.step[begin:]
    normal = float(median(value))
    slow = value > max(normal + sigma * spread(value), 2 * normal)
    lost = float((value[slow] - normal).sum() / value.sum()) if normal > 0 else 0.0
    if not 0 < np.count_nonzero(slow) <= SINGLE * len(value) or lost < cost:
        return None
    first, worst = int(step[slow][0]), int(step[np.argmax(value)])
    count = int(np.count_nonzero(slow))
    return Finding(
        f"{count} of {len(value):,} values of {timed.tag} are over twice the median of {number(normal)}, up to "
        f"{number(value.max())} at {timed.axis} {number(worst)}: they cost {lost:.0%} of the logged time",
        Severity.NOTE,
        Confidence.MEDIUM,
        onset_step=first,
        evidence={"outliers": count, "median": normal, "longest": float(value.max()), "share_of_time": lost},
        remedies=[remedies.fix_input_pipeline()],
        series=(timed,),
    )


def _stall(curve: Series, run: Run, seconds: float, intervals: float) -> Finding | None:
    known = np.isfinite(curve.time)
    time, step = curve.time[known], curve.step[known]
    gap = np.diff(time)
    usual = float(median(gap))
    # after a resume, the surviving points on both sides were written by two sessions
    resumed = [rewind.first for rewind in run.rewinds.get(curve.tag, ())]
    stride = np.diff(step)
    still = (gap >= max(seconds, intervals * usual)) & (stride <= 2 * median(stride)) & ~np.isin(step[1:], resumed)
    if usual <= 0 or not still.any():
        return None
    at = int(np.argmax(np.where(still, gap, 0)))
    many = int(np.count_nonzero(still))
    return Finding(
        f"nothing is logged for {number(gap[at] / HOUR)} hours between {curve.axis} {number(step[at])} and "
        f"{step[at + 1]} of "
        f"{curve.tag}, where {number(usual)} seconds are usual" + (f" ({many} such gaps)" if many > 1 else ""),
        Severity.NOTE,
        Confidence.MEDIUM,
        onset_step=int(step[at]),
        end_step=int(step[at + 1]),
        evidence={"seconds": float(gap[at]), "usual_seconds": usual, "gaps": many},
        series=(curve,),
        key="stall",
    )
