"""The loss scale of mixed precision falls and never recovers.

Why it matters. A dynamic loss scale is halved at every overflow, and the update is skipped. A scale that
only falls means that every step overflows: the model stands still, or its gradients underflow to zero.

How it is found. The scale ends 256 times (eight halvings) below its highest value, and in the last fifth of
the run has fallen and not risen; or it is at 1 or below, the least scale that DeepSpeed and Megatron-LM allow,
after a fall. PyTorch starts at 65536 and doubles every 2000 clean steps, so that some halvings at the start are
normal, and a scale that then stays where it is has found its level: no step overflows any more.

When it is wrong. A scale set by hand to a small constant is left alone, as it does not fall.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies

RULE = Rule("loss-scale-collapse", "precision", Severity.ERROR, leads_to=("nan-loss", "loss-not-decreasing", "crashed"))

#: Share of the last points in which the scale has to fall and must not rise.
LATE = 0.2


def detect(
    loss_scale: Series,
    grad_norm_global: Series | None,
    lr: Series | None,
    *,
    min_points: int = 5,
    factor: float = 256.0,
    min_scale: float = 1.0,
) -> Iterator[Finding]:
    scale = require(loss_scale, min_points, "loss scales")
    top, end = float(scale.value.max()), float(scale.value[-1])
    tail = scale.value[-max(2, int(LATE * len(scale))) :]
    if top == float(scale.value.min()):
        raise Skip(f"{loss_scale.tag} is {number(top)} throughout, so it is not dynamic")
    rises, falls = bool((np.diff(tail) > 0).any()), tail[-1] < tail[0]
    lowest = end < min_scale or (end == min_scale and end * factor <= top)
    if rises or end >= top or not (lowest or (falls and end * factor <= top)):
        return
    highest = np.flatnonzero(scale.value == top)
    onset = int(scale.step[min(int(highest[-1]) + 1, len(scale) - 1)])
    from_start = highest[-1] == 0
    halvings = float(np.log2(top / end)) if end > 0 else float("inf")
    before = grad_norm_global.before(onset) if grad_norm_global is not None else None
    yield Finding(
        f"{loss_scale.tag} falls from {number(top)} to {number(end)} from {loss_scale.axis} {number(onset)} on and "
        "never recovers: "
        "every step overflows and is skipped",
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=None if from_start else onset,
        end_step=scale.last_step,
        evidence={"highest": top, "end": end, "halvings": halvings},
        remedies=[
            remedies.use_bf16(),
            remedies.scale_lr(0.5, lr, "smaller updates keep activations within the range of float16"),
            remedies.clip_grad_norm(before),
            remedies.disable_fp16(),
        ],
        series=(loss_scale,),
    )
