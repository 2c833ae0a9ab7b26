"""The learning rate is zero, jumps back up, or ignores its schedule.

Why it matters. A schedule that was set for another number of steps, or not restored with a checkpoint,
costs part of the run without any error: steps at rate zero teach nothing, and a rate that jumps back undoes
some.

How it is found. Four notes, each from the logged rate alone. (1) Exactly zero at more than a tenth of the points
(trainproof's share), the first and the last of them left out. (2) Reset on resume: after the steps went back, the rate
is or rises to five times what it was right before, where it had fallen already; where the warmup runs again it may
begin lower. (3) Restarts: five times higher from one point to the next, after a fall by as much, unless the parameters
name a schedule that restarts or cycles (warm restarts, Loshchilov and Hutter 2017, are so by design). (4) Never
decayed: the parameters name a decaying schedule (cosine, linear, polynomial, exponential, step), the rate is one
number throughout.

When it is wrong. Freezing by a zero rate and cyclic schedules are often meant; so nothing of this is a
complaint. What harm a rate does shows in the loss, where other rules look for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.run import Run
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies
from loglens.remedies.further_actions import restore_optimizer
from loglens.remedies.schedule_and_decay import fix_schedule

RULE = Rule("lr-schedule", "schedule", Severity.NOTE)

_NAMES = re.compile(
    r"(^|[./_])((lr|learning_rate)_?(scheduler|schedule|policy|decay_style)(_type)?|scheduler(_type)?)$"
)
_CYCLES = re.compile(r"restart|cycl", re.I)
_DECAYS = re.compile(r"cosine|linear|poly|exponential|multi_?step|step_?lr|one_?cycle|inverse_sqrt", re.I)

#: Places that the evidence lists, and characters of a parameter that are shown.
MAX_PLACES, MAX_LENGTH = 10, 40


def detect(
    lr: Series,
    run: Run,
    *,
    min_points: int = 20,
    zero_share: float = 0.1,
    jump: float = 5.0,
) -> Iterator[Finding]:
    curve = require(lr, min_points, "learning rates")
    yield from _zero(curve, zero_share)
    resets = _resets(curve, run, jump)
    if resets:
        step, before, after = resets[0]
        yield _note(
            curve,
            f"{lr.tag} is up to {number(after)} after the resume at {lr.axis} {number(step)}, {number(before)} "
            "before it: "
            "the schedule was not restored with the checkpoint, or started over",
            step,
            {"before": before, "after": after, "resumes": len(resets)},
            "reset",
            [restore_optimizer(), fix_schedule("no_jump")],
        )
    named = {
        key: str(value) for key, value in run.params.items() if isinstance(value, str) and _NAMES.search(key.lower())
    }
    if not any(map(_CYCLES.search, named.values())):
        yield from _restarts(curve, {step for step, _, _ in resets}, jump)
    yield from _never_decayed(curve, named)


def _note(
    curve: Series,
    message: str,
    onset: int | None,
    evidence: dict[str, object],
    key: str,
    advice: list[Remedy] | None = None,
) -> Finding:
    return Finding(
        message,
        Severity.NOTE,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=curve.last_step,
        evidence=evidence,
        remedies=advice or [],
        series=(curve,),
        key=key,
    )


def _zero(curve: Series, zero_share: float) -> Iterator[Finding]:
    """A rate of zero between the first and the last point, where a warmup starts and a schedule ends."""
    zero = curve.value == 0
    if (share := float(zero[1:-1].mean())) <= zero_share:
        return
    rows = np.flatnonzero(zero[1:-1]) + 1
    yield _note(
        curve,
        f"{curve.tag} is exactly 0 at {share:.0%} of its points, first at {curve.axis} {number(curve.step[rows[0]])}",
        None if zero[:2].all() else int(curve.step[rows[0]]),
        {"zero_share": share},
        "zero",
        [remedies.check_optimizer_step()]
        if zero[:2].all()
        else [fix_schedule("later_decay"), remedies.check_optimizer_step()],
    )


def _resets(curve: Series, run: Run, jump: float) -> list[tuple[int, float, float]]:
    """The resumes after which a rate that had fallen is so much higher: step, rate before, highest rate after."""
    found = []
    for rewind in run.rewinds.get(curve.tag, ()):
        at = int(np.searchsorted(curve.step, rewind.first))
        if not 0 < at < len(curve):
            continue
        before, after = float(curve.value[at - 1]), float(curve.value[at:].max())
        if 0 < before < curve.value[:at].max() and after >= jump * before:
            found.append((rewind.first, before, after))
    return found


def _restarts(curve: Series, resets: set[int], jump: float) -> Iterator[Finding]:
    value = curve.value
    highest = np.maximum.accumulate(value)[:-1]
    fallen = (value[:-1] > 0) & (value[:-1] <= highest / jump)
    up = [
        at for at in np.flatnonzero(fallen & (value[1:] >= jump * value[:-1])) + 1 if int(curve.step[at]) not in resets
    ]
    if not up:
        return
    places = [int(curve.step[at]) for at in up]
    yield _note(
        curve,
        f"{curve.tag} jumps back up from {number(value[up[0] - 1])} to {number(value[up[0]])} at {curve.axis} "
        f"{number(places[0])}" + (f", and {len(up) - 1:,} more times" if len(up) > 1 else ""),
        places[0],
        {"jumps": len(up), "steps": places[:MAX_PLACES]},
        "restart",
    )


def _never_decayed(curve: Series, named: dict[str, str]) -> Iterator[Finding]:
    declared = next(((key, value) for key, value in named.items() if _DECAYS.search(value)), None)
    if declared is None or (curve.value != curve.value[0]).any() or not curve.value[0] > 0:
        return
    key, value = declared
    yield _note(
        curve,
        f"{curve.tag} is {number(curve.value[0])} at every one of {len(curve):,} points, though {key} is "
        f"{value[:MAX_LENGTH]}: the scheduler is never stepped, or its span is far longer than the run",
        None,
        {"rate": float(curve.value[0]), "declared": value[:MAX_LENGTH]},
        "constant",
    )
