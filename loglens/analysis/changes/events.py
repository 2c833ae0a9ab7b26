"""Events just before an onset: restarts, evaluations, checkpoints, epochs, stages of a schedule, planned steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from loglens.analysis.changes.onset import Onset
from loglens.model.change import Change
from loglens.model.redaction import redact_params
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.stats.arrays import Ints
from loglens.stats.quantiles import median
from loglens.stats.setting_changes import chance_of_nearness, stages

#: A pause between two points counts as a stop from so many times the usual one.
STOP = 20.0
_SAVES = re.compile(r"checkpoint|ckpt|(?<![a-z])saved?(?![a-z])", re.I)
_PLANS = re.compile(r"step|iter|epoch|warm_?up|milestone|freeze|start|begin|switch", re.I)


def events_before(onset: Onset, run: Run, curves: Sequence[Series]) -> Iterator[Change]:
    """The last event of each kind before the onset, and each parameter that names a step there."""
    for name, steps in _steps_of_events(run, curves, onset.axis):
        past = np.sort(steps[steps <= onset.step])
        if len(past):
            yield from _if_near("event", name, int(past[-1]), int(np.count_nonzero(np.diff(past))), onset)
    for name, value in redact_params(run.params).items():
        if type(value) is int and 0 < value <= onset.step and _PLANS.search(name):
            yield from _if_near("parameter", name, value, 0, onset)


def _if_near(kind: str, what: str, step: int, seen: int, onset: Onset) -> Iterator[Change]:
    """What happened at `step`, where that is within the lead. seen: how often it happened before."""
    points = onset.points(step)
    if points < onset.lead:
        yield Change(
            kind=kind,
            what=what,
            before=None,
            after=float(step) if kind == "parameter" else None,
            since=None,
            step=step,
            points=points,
            seen=seen,
            history=onset.history,
            times=None,
            chance=chance_of_nearness(seen, onset.history, points + 1),
        )


def _steps_of_events(run: Run, curves: Sequence[Series], axis: str) -> Iterator[tuple[str, Ints]]:
    """The kinds of events that a log shows, each with the steps at which it happened."""
    shown = [curve for curve in curves if curve.axis == axis and len(curve) > 1]
    yield "a restart", np.array([rewind.first for found in run.rewinds.values() for rewind in found], np.int64)
    for curve in (curve.finite for curve in shown):
        if curve.role == "epoch":
            yield "a new epoch", curve.step[1:][np.diff(np.floor(curve.value)) > 0]
        if curve.role == "lr":
            yield f"a new stage of {curve.tag}", curve.step[stages(curve.value)]
    yield "an evaluation", _all_steps(curve for curve in shown if curve.split in ("val", "test"))
    yield "a checkpoint save", _all_steps(curve for curve in shown if _SAVES.search(curve.tag))
    if shown:
        yield "a stop of the run", _stops(max(shown, key=len))


def _all_steps(curves: Iterable[Series]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *(curve.step for curve in curves)])


def _stops(curve: Series) -> Ints:
    """The steps before which nothing was logged for far longer than usual."""
    pause = np.diff(curve.time)
    known = pause[np.isfinite(pause)]
    usual = float(median(known)) if len(known) else 0.0
    return curve.step[1:][pause > STOP * usual] if usual > 0 else curve.step[:0]
