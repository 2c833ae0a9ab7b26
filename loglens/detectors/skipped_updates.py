"""Many updates are skipped because their gradient was not finite.

Why it matters. A skipped step costs its time and changes nothing; the schedules of learning rate and data
advance as if it had. Where every step is skipped, nothing is learned at all.

How it is found. More than a tenth of the updates after the first twentieth of the run were skipped, or more than a
tenth of the logged points report an overflow. PyTorch's GradScaler doubles its scale every 2000 clean steps and skips
one when that was too much, one in 2000; AMP's first steps skip several. Counts that only rise are taken for totals,
counts of 0 and 1 for one step each, others for what happened since the point before. Without such counts the gradient
norm is used: mixed precision skips updates whose gradient is not finite. It is an error where no norm is finite from
some point to the end (ten points at least), and the loss, though it is finite and varies, does not improve from there
on by as much as 5 % or four deviations of its level, and had not improved before: no update is applied. A loss that
had come down may be near its best, and a norm that is an average is infinite by one step of many: then it is a note.
So is a norm that is not finite now and then while the loss falls, with more than a tenth of the points.

When it is wrong. Counts of samples, not of steps, have another unit; the share is then not of updates. Whether the
scale recovers is judged by `loss-scale-collapse`, so counts alone make a note. A norm that is computed before the
gradients are unscaled may overflow where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies
from loglens.stats.levels import levels
from loglens.stats.quantiles import median

RULE = Rule("skipped-updates", "precision", Severity.ERROR, leads_to=("loss-not-decreasing", "plateau"))

#: Points without a finite gradient norm from which a run is judged.
MIN_POINTS = 10
#: Share of the first points that is left out: dynamic loss scaling skips updates until it has found its scale.
WARMUP = 0.05


def detect(
    overflow: Series | None,
    samples_skipped: Series | None,
    grad_norm_global: Series | None,
    loss: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    share: float = 0.1,
    gain: float = 0.05,
    errors: float = 4.0,
) -> Iterator[Finding]:
    start = _never_finite_from(grad_norm_global)
    if grad_norm_global is not None and loss is not None and start is not None and _stays(loss, start, gain, errors):
        yield _nothing_applied(grad_norm_global, loss, start, gain, lr)
        return
    shown = samples_skipped if samples_skipped is not None else overflow
    alive = loss is not None and len(loss) > 0 and not loss.nonfinite  # a loss that is NaN makes every gradient so
    if shown is None and alive and grad_norm_global is not None and grad_norm_global.nonfinite:
        shown = _not_finite(grad_norm_global)
    if shown is None:
        raise Skip("neither skipped updates nor overflows nor gradient norms that are not finite were logged")
    curve = require(shown, min_points, f"points of {shown.tag}")
    late = int(WARMUP * len(curve))
    part = _share(curve.step[late:].astype(np.float64), curve.value[late:])
    if part is None:
        raise Skip(f"{shown.tag} counts more than there are steps, so not updates")
    if part <= share:
        return
    yield Finding(
        f"{part:.0%} of the updates are skipped after the first twentieth of the run ({shown.tag})",
        Severity.NOTE,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"share": part},
        remedies=_advice(lr),
        series=(shown,),
    )


def _advice(lr: Series | None) -> list[Remedy]:
    return [
        remedies.use_bf16(),
        remedies.scale_lr(0.5, lr, "smaller updates keep activations within the range of float16"),
    ]


def _never_finite_from(grad: Series | None) -> int | None:
    """The step from which on no gradient norm is finite, to the end; None where there are too few such points."""
    if grad is None:
        return None
    finite = np.flatnonzero(np.isfinite(grad.value))
    first = int(finite[-1]) + 1 if len(finite) else 0
    return int(grad.step[first]) if len(grad) - first >= MIN_POINTS else None


def _stays(loss: Series, start: int, gain: float, errors: float) -> bool:
    """Whether a finite loss varies from a step on, and gains nothing."""
    value = loss.value[loss.step >= start]
    if len(value) < MIN_POINTS or not np.isfinite(value).all() or np.ptp(value) == 0:
        return False
    found = levels(value)
    return found.start - min(found.best, found.end) <= max(gain * abs(found.start), errors * found.noise)


def _not_finite(grad: Series) -> Series:
    """1 where the gradient norm is not finite, 0 elsewhere."""
    return replace(grad, value=(~np.isfinite(grad.value)).astype(np.float64))


def _nothing_applied(grad: Series, loss: Series, start: int, gain: float, lr: Series | None) -> Finding:
    always = start <= int(grad.step[0])
    level, first = float(median(loss.value[loss.step >= start])), float(median(loss.finite.value[:3]))
    learned = not always and first - level > gain * abs(first)
    return Finding(
        f"{grad.tag} is not finite at any point"
        + ("" if always else f" from {grad.axis} {number(start)} on")
        + f", and {loss.tag} stays at {number(level)}: "
        + ("perhaps updates are applied no more" if learned else "no update is applied"),
        Severity.NOTE if learned else Severity.ERROR,
        Confidence.HIGH if always else Confidence.MEDIUM,
        onset_step=None if always else start,
        end_step=grad.last_step,
        evidence={"nonfinite_points": grad.nonfinite, "points": len(grad), "loss": level},
        remedies=[
            remedies.use_bf16(),
            remedies.disable_fp16(),
            remedies.scale_lr(0.5, lr, "smaller updates keep activations within the range of float16"),
            remedies.check_optimizer_step(),
        ],
        series=(grad, loss),
    )


def _share(step: np.ndarray, value: np.ndarray) -> float | None:
    """The share of updates that were skipped; None where the counts exceed the steps."""
    if value.max() <= 1:
        return float(value.mean())
    steps = float(step[-1] - step[0])
    rising = bool((np.diff(value) >= 0).all())
    part = float(value[-1] - value[0]) / steps if rising else float(value[1:].sum()) / steps
    return part if 0 <= part <= 1 else None
