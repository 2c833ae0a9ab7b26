"""Full learning rate from the first step, and an early blow-up.

Why it matters. The first updates are made with statistics of no steps at all; at full rate they can push
a net, transformers above all, into a region that it never leaves.

How it is found. The learning rate starts at 90 % or more of its peak; the gradient norm peaks in the
first 5 % of the run at five times its later median, or the loss rises there by half above its start,
either of them half above all that comes later (its 99th percentile), and the loss by four deviations of
its noise; and from the first tenth on the loss stays within a band of 10 to 20 %, above half of its start
and at most twice what it had come down to in those first 5 % (a loss that was far lower there had learned,
and forgot).

When it is wrong. Plain nets need no warmup; a loss that is stuck for another reason under a constant
learning rate looks the same if its first gradients are large.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.blocks import noise
from loglens.stats.levels import levels
from loglens.stats.quantiles import median, percentile

RULE = Rule(
    "no-warmup",
    "schedule",
    Severity.WARNING,
    leads_to=("loss-not-decreasing", "divergence", "loss-spike"),
    supervised=True,
)

#: The rate is at its peak at once where its first value is nine tenths of it.
FULL = 0.9
#: A loss that still falls by a fifth, or ends at half of its start, was not thrown off.
FELL, HALVED = 0.8, 0.5
#: A bump or burst stands one and a half times above all but a hundredth of the later points.
STANDS_OUT, ALL_BUT = 1.5, 99
#: Deviations of a point that the highest of the early ones stands above the start, beside a loss of single batches.
BEYOND_NOISE = 4.0
#: A loss that never moved by a twentieth was not blown up.
MOVED = 0.05
#: Gradient norms that show a burst, as a twentieth of them is early.
BURST_POINTS = 40
#: Shares of the points, from the first on, in which a burst is early, and after which the loss is judged.
EARLY, SETTLED = 0.05, 0.1


def detect(
    loss: Series,
    lr: Series,
    grad_norm_global: Series | None,
    *,
    min_points: int = 40,
    factor: float = 5.0,
    gain: float = 0.1,
    very_large: float = 0.25,
) -> Iterator[Finding]:
    curve, rate = loss.finite, lr.finite
    if len(curve) < min_points or not len(rate):
        raise Skip(f"needs {min_points} losses, has {len(curve):,}")
    if rate.value[0] < FULL * rate.value.max() or not rate.value.any():
        return
    if rate.value.max() > very_large:
        return  # a rate this large is the first suspect, with or without warmup
    start = float(min(curve.value[0], median(curve.value[:3])))
    late = levels(curve.value[int(SETTLED * len(curve)) :])
    if abs(late.drop) >= gain or late.best < FELL * late.end or late.end < HALVED * start:
        return
    early = max(2, int(EARLY * len(curve)))
    if late.end > 2 * curve.value[:early].min():
        return
    top = float(curve.value[:early].max())
    bump = top > STANDS_OUT * max(abs(start), float(percentile(curve.value[early:], ALL_BUT)))
    bump = bump and (curve.value.min() <= 0 or np.log(top / start) > BEYOND_NOISE * noise(np.log(curve.value)))
    moved = abs(start - late.end) > MOVED * abs(start)
    burst = moved and grad_norm_global is not None and _bursts(grad_norm_global.finite.value, factor)
    if not bump and not burst:
        return
    yield _finding(loss, grad_norm_global, lr, start, late.end, burst)


def _finding(loss: Series, grad: Series | None, lr: Series, start: float, end: float, burst: bool) -> Finding:
    curve, rate = loss.finite, lr.finite
    return Finding(
        f"the learning rate is at its peak of {number(rate.value.max())} from the first step, "
        + ("the gradient norm bursts" if burst else f"{loss.tag} rises")
        + f" within the first 5%, and {loss.tag} stays at {number(end)} afterwards (start {number(start)})",
        Severity.WARNING,
        Confidence.MEDIUM,
        end_step=curve.last_step,
        evidence={"start": start, "end": end, "first_lr": float(rate.value[0]), "gradient_bursts": burst},
        remedies=[
            remedies.add_warmup(int(curve.step[-1] - curve.step[0])),
            remedies.clip_grad_norm(None),
            remedies.scale_lr(0.3, lr, "a smaller peak needs no warmup"),
        ],
        series=present(loss, grad),
    )


def _bursts(norm: Floats, factor: float) -> bool:
    if len(norm) < BURST_POINTS:
        return False
    early = max(2, int(EARLY * len(norm)))
    first, later = float(norm[:early].max()), norm[early:]
    return bool(first > factor * median(later) and first > STANDS_OUT * percentile(later, ALL_BUT))
