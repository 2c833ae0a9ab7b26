"""A metric, a reward, a value loss or a layer becomes NaN or infinite.

Why it matters. A metric that is not finite says nothing about the model, and a value loss that is not finite has
ruined the value function. The loss may look fine all the while. A layer whose weights are NaN computes nothing.

How it is found. Every curve of a metric (training, validation, test), a reward, a return, and the losses of
policies and value functions. A curve that is finite first and not finite at its end, for longer than twice
its longest gap before, is an error: NaN that stands for "not measured in this row" leaves gaps all along the
curve. An infinite last value counts by itself. A curve of three points or more that is never finite is a note, and a
warning where none of them ever is.
Single gaps are a note. Points before the first finite one are not counted: rewards are NaN until an episode ends.
Norms of the weights and gradients of layers, logged or of their histograms, that end so, or of which none is ever
finite: an error for weights, a warning for gradients. Where a loss is not finite at its end, so is all else, and
nan-loss says it.

When it is wrong. A metric that is undefined on this data (the area under the curve with one class only) is NaN
by nature; it measures nothing, though. Losses of supervised training are for nan-loss to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.remedies import actions as remedies

RULE = Rule("non-finite-metric", "outcome", Severity.ERROR)


def detect(
    metric_higher: tuple[Series, ...],
    metric_lower: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    val_metric_lower: tuple[Series, ...],
    test_metric_higher: tuple[Series, ...],
    test_metric_lower: tuple[Series, ...],
    rl_reward: tuple[Series, ...],
    rl_return: tuple[Series, ...],
    rl_value_loss: tuple[Series, ...],
    rl_policy_loss: tuple[Series, ...],
    weight_norm_layer: tuple[Series, ...],
    grad_norm_layer: tuple[Series, ...],
    loss: tuple[Series, ...],
    *,
    min_points: int = 3,
) -> Iterator[Finding]:
    dead_loss = any(len(curve) and curve.ends_nonfinite for curve in loss)
    layers = () if dead_loss else (*weight_norm_layer, *grad_norm_layer)
    if broken := [curve for kind in (weight_norm_layer, grad_norm_layer) for curve in _broken(kind)] if layers else []:
        yield _broken_layers(broken)
    held_out = (*val_metric_higher, *val_metric_lower, *test_metric_higher, *test_metric_lower)
    unsupervised = (*rl_reward, *rl_return, *rl_value_loss, *rl_policy_loss)
    curves = [curve for curve in (*held_out, *metric_higher, *metric_lower, *unsupervised) if len(curve) >= min_points]
    if not curves and not layers:
        raise Skip(f"no metric or reward of {min_points} points was logged")
    lasting = [curve for curve in curves if _lasts(curve)]
    never = [curve for curve in curves if not len(curve.finite)]
    gaps = [curve for curve in curves if _has_gaps(curve) and not _lasts(curve)]
    if lasting:
        of_held_out = set(map(id, held_out))
        yield _lasting(lasting, only_held_out=all(id(curve) in of_held_out for curve in lasting))
    if never:
        yield _never(never, Severity.WARNING if len(never) == len(curves) else Severity.NOTE)
    if gaps:
        yield _passing(gaps)


def _gaps(curve: Series) -> list[int]:
    """The lengths of the runs of points that are not finite, from the first finite point on."""
    bad = ~np.isfinite(curve.value)
    first = int(np.argmin(bad))
    return [len(list(run)) for is_bad, run in groupby(bad[first:].tolist()) if is_bad]


def _lasts(curve: Series) -> bool:
    """Whether the curve ends in points that are not finite, more than its usual gaps."""
    if not curve.nonfinite or np.isfinite(curve.value[-1]) or not len(curve.finite):
        return False
    *before, end = _gaps(curve)
    return end > 2 * max(before, default=0) and (end > 1 or bool(np.isinf(curve.value[-1])))


def _has_gaps(curve: Series) -> bool:
    return bool(curve.nonfinite and len(curve.finite) and _gaps(curve))


def _onset(curve: Series) -> int:
    """The step of the first point after the last finite one."""
    last = int(np.flatnonzero(np.isfinite(curve.value))[-1])
    return int(curve.step[last + 1])


def _lasting(curves: list[Series], only_held_out: bool) -> Finding:
    first = min(curves, key=_onset)
    onset = _onset(first)
    word = "infinite" if np.isinf(first.value[first.step >= onset][0]) else "NaN"
    others = f", and so are {len(curves) - 1:,} other curves" if len(curves) > 1 else ""
    advice = [remedies.resume_from(first.finite.last_step, first.axis), remedies.skip_nonfinite_batches()]
    if only_held_out:
        advice.insert(0, remedies.eval_in_fp32())
    return Finding(
        f"{first.tag} becomes {word} at {first.axis} {number(onset)} and is not finite at the end (last finite value "
        f"{number(first.finite.value[-1])}){others}",
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=onset,
        end_step=first.last_step,
        evidence={
            "nonfinite_points": first.nonfinite,
            "points": len(first),
            "last_finite": float(first.finite.value[-1]),
            "curves_not_finite": [curve.tag for curve in curves],
        },
        remedies=advice,
        series=(first, *(curve for curve in curves if curve is not first)),
    )


def _broken(layers: tuple[Series, ...]) -> list[Series]:
    """The layers that end not finite, or all where none ever is: one alone may be unused, or not measured."""
    measured = [curve for curve in layers if len(curve)]
    return [curve for curve in measured if _lasts(curve)] if any(len(curve.finite) for curve in measured) else measured


def _broken_layers(curves: list[Series]) -> Finding:
    """Layers whose weights, or whose gradients, are not finite to the end."""
    weights = [curve for curve in curves if curve.role == "weight_norm_global"]
    first = min(weights or curves, key=_broken_from)
    onset, alive = _broken_from(first), bool(len(first.finite))
    others = f", and of {len(curves) - 1:,} more curves of layers" if len(curves) > 1 else ""
    what = "weights" if weights else "gradients"
    resume = [remedies.resume_from(first.finite.last_step, first.axis)] if alive else []
    return Finding(
        f"the {what} of {first.layer or first.tag} are not finite from {first.axis} {number(onset)} to the end{others}",
        Severity.ERROR if weights else Severity.WARNING,
        Confidence.HIGH if alive else Confidence.MEDIUM,
        onset_step=onset,
        end_step=first.last_step,
        evidence={
            "nonfinite_points": first.nonfinite,
            "points": len(first),
            "curves_not_finite": [curve.tag for curve in curves],
        },
        remedies=[*resume, remedies.skip_nonfinite_batches()],
        series=(first, *(curve for curve in curves if curve is not first)),
    )


def _broken_from(curve: Series) -> int:
    return _onset(curve) if len(curve.finite) else int(curve.step[0])


def _never(curves: list[Series], severity: Severity) -> Finding:
    first = curves[0]
    others = f", and so do {len(curves) - 1:,} other curves" if len(curves) > 1 else ""
    advice: list[Remedy] = [remedies.clean_data(), remedies.eval_in_fp32()]
    return Finding(
        f"{first.tag} has no finite value in {len(first):,} points{others}: it measures nothing",
        severity,
        Confidence.MEDIUM,
        end_step=first.last_step,
        evidence={"points": len(first), "curves_not_finite": [curve.tag for curve in curves]},
        remedies=advice,
        series=tuple(curves),
    )


def _passing(curves: list[Series]) -> Finding:
    first = max(curves, key=lambda curve: curve.nonfinite)
    return Finding(
        f"{first.tag} is not finite at {first.nonfinite} of its {len(first):,} points, and finite again after them",
        Severity.NOTE,
        Confidence.LOW,
        end_step=first.last_step,
        evidence={"nonfinite_points": first.nonfinite, "points": len(first)},
        series=(first,),
    )
