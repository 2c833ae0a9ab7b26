"""Most units of a layer are zero for every input.

Why it matters. A ReLU that is below zero for all inputs passes no gradient, so it stays dead; a layer
of such units cuts the net in two.

How it is found. The logged share of zero activations of a layer is at least 0.9 over its last tenth
(half of a healthy ReLU's outputs are zero; SageMaker Debugger's and AUTOTRAINER's limits of 0.5 to
0.7 count units that are dead for all inputs, which a share of zeros alone cannot tell).

When it is wrong. Sparse inputs, top-k gates and mixtures of experts are sparse by design.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import PERCENT_FROM, Series
from loglens.remedies import actions as remedies

RULE = Rule(
    "dead-relu", "activations", Severity.WARNING, leads_to=("divergence", "loss-not-decreasing", "unchanged-weights")
)
#: A layer of which so much is zero leaves no doubt; at 0.9 it may be sparse by design.
SURE = 0.97
_ZERO = re.compile(r"zero|dead|spars", re.I)


def detect(activation: tuple[Series, ...], lr: Series | None, *, share: float = 0.9) -> Iterator[Finding]:
    layers = [curve.finite for curve in activation if _ZERO.search(curve.tag) and len(curve.finite)]
    if not layers:
        raise Skip("no share of zero activations was logged")
    ends = {layer.tag: float(np.median(layer.tail())) for layer in layers}
    scale = 100.0 if max(ends.values()) > PERCENT_FROM else 1.0  # percent or share
    dead = [layer for layer in layers if ends[layer.tag] >= share * scale]
    if not dead:
        return
    worst = max(dead, key=lambda layer: ends[layer.tag])
    alive = np.flatnonzero(worst.value[: -len(worst.tail())] < share * scale)
    onset = int(worst.step[alive[-1] + 1]) if len(alive) else None
    yield Finding(
        f"{ends[worst.tag] / scale:.0%} of the activations in {worst.layer or worst.tag} are zero at the end "
        f"({len(dead)} of {len(layers)} layers have {share:.0%} or more)",
        Severity.WARNING,
        Confidence.HIGH if ends[worst.tag] >= SURE * scale else Confidence.MEDIUM,
        onset_step=onset,
        end_step=worst.last_step,
        evidence={"zero_share": ends[worst.tag] / scale, "dead_layers": [layer.layer for layer in dead]},
        remedies=[
            remedies.scale_lr(0.1, lr, "one update too large pushes all biases below zero for good"),
            remedies.change_init("he"),
            remedies.change_activation("leaky_relu"),
            remedies.add_normalization(),
        ],
        series=(worst,),
    )
