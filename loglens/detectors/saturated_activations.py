"""Most units of a layer sit at the flat ends of their activation.

Why it matters. The slope of tanh or sigmoid is almost zero there, so hardly any gradient passes, and
what the layer computes is one bit a unit.

How it is found. The logged share of saturated units of a layer is above one half over its last tenth
(DeepDiagnosis: inputs beyond 5 for more than half of the layer).

When it is wrong. Gates of an LSTM and attention weights saturate on purpose; their share says nothing.
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
    "saturated-activations", "activations", Severity.WARNING, leads_to=("vanishing-gradient", "loss-not-decreasing")
)
#: A layer of which four fifths are saturated leaves no doubt.
SURE = 0.8
_SATURATED = re.compile(r"satur", re.I)


def detect(activation: tuple[Series, ...], lr: Series | None, *, share: float = 0.5) -> Iterator[Finding]:
    layers = [curve.finite for curve in activation if _SATURATED.search(curve.tag) and len(curve.finite)]
    if not layers:
        raise Skip("no share of saturated activations was logged")
    ends = {layer.tag: float(np.median(layer.tail())) for layer in layers}
    scale = 100.0 if max(ends.values()) > PERCENT_FROM else 1.0  # percent or share
    flat = [layer for layer in layers if ends[layer.tag] > share * scale]
    if not flat:
        return
    worst = max(flat, key=lambda layer: ends[layer.tag])
    free = np.flatnonzero(worst.value[: -len(worst.tail())] <= share * scale)
    yield Finding(
        f"{ends[worst.tag] / scale:.0%} of the units in {worst.layer or worst.tag} are saturated at the end "
        f"({len(flat)} of {len(layers)} layers above {share:.0%})",
        Severity.WARNING,
        Confidence.HIGH if ends[worst.tag] > SURE * scale else Confidence.MEDIUM,
        onset_step=int(worst.step[free[-1] + 1]) if len(free) else None,
        end_step=worst.last_step,
        evidence={"saturated_share": ends[worst.tag] / scale, "saturated_layers": [layer.layer for layer in flat]},
        remedies=[
            remedies.add_normalization(),
            remedies.change_init("xavier"),
            remedies.change_activation(),
            remedies.scale_lr(0.1, lr, "smaller updates keep the inputs of the activation small"),
        ],
        series=(worst,),
    )
