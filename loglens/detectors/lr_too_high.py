"""A very large learning rate, and a loss that never learns.

Why it matters. With steps that overshoot every valley the weights only bounce; more steps do not help.

How it is found. The learning rate peaks above 0.1; the loss is never better than at its start by 5 %, or
gains less than that after the first tenth of the run, ends between half and twice its start, and
bounces by 2 % or more from point to point. 0.1 is the classic start for stochastic gradient descent on
normalised nets; for Adam, 0.01 is already too high (UMLAUT), but the log seldom says which optimizer
ran. A large learning rate alone is no sign.

When it is wrong. A loss that is stuck for another reason (labels, a cut graph) under a learning rate
that is large but right; the first test, a tenth of it, tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens import remedies
from loglens.errors import Skip
from loglens.report import Confidence, Finding, Rule, Severity
from loglens.run import Series
from loglens.stats.level import levels

RULE = Rule(
    "lr-too-high",
    "schedule",
    Severity.WARNING,
    leads_to=("loss-not-decreasing", "divergence", "loss-spike", "nan-loss"),
    supervised=True,
)


def detect(
    loss: Series,
    lr: Series,
    *,
    min_points: int = 20,
    large: float = 0.1,
    gain: float = 0.05,
    bounce: float = 0.02,
) -> Iterator[Finding]:
    curve, rate = loss.finite, lr.finite
    if len(curve) < min_points or not len(rate):
        raise Skip(f"needs {min_points} losses, has {len(curve)}")
    peak = float(rate.value.max())
    start = float(min(curve.value[0], np.median(curve.value[:3])))
    late = curve.value[len(curve) // 10 :]
    found = levels(late)
    flat = found.drop < gain and found.best >= 0.5 * start
    never_better = levels(curve.value).best >= (1 - gain) * start
    if peak <= large or not (flat or never_better) or found.end > 2 * start:
        return
    if found.point_noise < bounce * abs(found.end):
        return  # it does not bounce: it is stuck or done
    yield Finding(
        f"{loss.tag} bounces around {found.end:.4g} from the first tenth on (start {start:.4g}) under a learning rate "
        f"of {peak:.3g}, which is very large",
        Severity.WARNING,
        Confidence.MEDIUM if peak >= 10 * large else Confidence.LOW,
        end_step=int(curve.step[-1]),
        evidence={"peak_lr": peak, "start": start, "end": found.end, "late_drop": found.drop},
        remedies=[
            remedies.scale_lr(0.1, lr, "the usual first test of a run that bounces"),
            remedies.add_warmup(int(curve.step[-1] - curve.step[0])),
        ],
        series=(loss, lr),
    )
