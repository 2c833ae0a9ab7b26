"""Most units of a layer sit at the flat ends of their activation.

Why it matters. The slope of tanh or sigmoid is almost zero there, so hardly any gradient passes, and
what the layer computes is one bit per unit.

How it is found. The logged share of saturated units of a layer is above one half over its last tenth
(DeepDiagnosis: inputs beyond 5 for more than half of the layer). Of histograms of activations it follows from the mean
slope, 1 - a^2 of tanh (outputs that reach both -1 and 1) and a (1 - a) of sigmoid (where the tag names it): at least
1 - 5 times that of the units are flatter than a fifth of the steepest, by Markov's inequality.

When it is wrong. Gates of an LSTM and attention weights saturate on purpose; their share says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.quantiles import median

RULE = Rule(
    "saturated-activations", "activations", Severity.WARNING, leads_to=("vanishing-gradient", "loss-not-decreasing")
)
_SATURATED = re.compile(r"satur", re.I)
#: A share may exceed 1 by what float32 rounds.
ROUNDING = 1e-6
#: Share of saturated units of a layer that leaves no doubt.
CERTAIN = 0.8


def detect(
    activation: tuple[Series, ...], lr: Series | None, *, min_points: int = 3, share: float = 0.5
) -> Iterator[Finding]:
    layers = [curve.finite for curve in activation if _SATURATED.search(curve.tag) and len(curve.finite) >= min_points]
    if not layers:
        raise Skip(f"no share of saturated activations of {min_points} points was logged")
    ends = {layer.tag: float(median(layer.tail())) for layer in layers}
    # in per cent where any value of any layer is above 1 by more than rounding: a layer alone may stay below
    scale = 100.0 if max(float(layer.value.max()) for layer in layers) > 1 + ROUNDING else 1.0
    flat = [layer for layer in layers if ends[layer.tag] > share * scale]
    if not flat:
        return
    worst = max(flat, key=lambda layer: ends[layer.tag])
    free = np.flatnonzero(worst.value[: -len(worst.tail())] <= share * scale)
    yield Finding(
        f"{ends[worst.tag] / scale:.0%} of the units in {worst.layer or worst.tag} are saturated at the end "
        f"({len(flat):,} of {len(layers):,} layers above {share:.0%})",
        Severity.WARNING,
        Confidence.HIGH if ends[worst.tag] > CERTAIN * scale else Confidence.MEDIUM,
        onset_step=int(worst.step[free[-1] + 1]) if len(free) else None,
        end_step=worst.last_step,
        evidence={"saturated_share": ends[worst.tag] / scale, "saturated_layers": [layer.layer for layer in flat]},
        remedies=_advice(lr, inputs=len(layers) > 1 and [layer.tag for layer in flat] == [layers[0].tag]),
        series=(worst,),
    )


def _advice(lr: Series | None, *, inputs: bool) -> list[Remedy]:
    """inputs: the first layer alone is saturated, by what is fed to it rather than by the weights."""
    first = [remedies.change_init("xavier"), remedies.clean_data()]
    return [
        *(first[::-1] if inputs else first),
        remedies.add_normalization(),
        remedies.change_activation(),
        remedies.scale_lr(0.1, lr, "smaller updates keep the inputs of the activation small"),
    ]
