"""Most units of a layer are zero for every input.

Why it matters. A ReLU that is below zero for all inputs passes no gradient, so it stays dead; a layer
of such units cuts the net in two.

How it is found. The logged share of zero activations of a layer is at least 0.9 over its last tenth
(half of a healthy ReLU's outputs are zero). A share of units that are dead for all inputs, where the tag says
so, is judged by AUTOTRAINER's 0.7 (SageMaker Debugger takes 0.5). Counts of units are not shares. Of histograms of
activations the zeros are counted, where no output is negative; bins of equal width show only a layer of nothing else.

When it is wrong. Sparse inputs, top-k gates and mixtures of experts are sparse by design.
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
    "dead-relu",
    "activations",
    Severity.WARNING,
    leads_to=("divergence", "loss-not-decreasing", "unchanged-weights", "vanishing-gradient"),
)
_ZERO = re.compile(r"zero|dead|spars", re.I)
#: A share may exceed 1 by what float32 rounds.
ROUNDING = 1e-6
#: Share of zero activations of a layer that leaves no doubt.
CERTAIN = 0.97


def detect(
    activation: tuple[Series, ...],
    lr: Series | None,
    *,
    min_points: int = 3,
    share: float = 0.9,
    dead_share: float = 0.7,
) -> Iterator[Finding]:
    layers = [curve.finite for curve in activation if _ZERO.search(curve.tag) and len(curve.finite) >= min_points]
    if not layers:
        raise Skip(f"no share of zero activations of {min_points} points was logged")
    ends = {layer.tag: float(median(layer.tail())) for layer in layers}
    # in per cent where any value of any layer is above 1 by more than rounding: a layer alone may stay below
    scale = 100.0 if max(float(layer.value.max()) for layer in layers) > 1 + ROUNDING else 1.0
    if all(layer.value.max() > 1 and (layer.value == np.round(layer.value)).all() for layer in layers):
        raise Skip(f"{layers[0].tag} counts units, of which the number is not known")
    limits = {layer.tag: scale * (dead_share if "dead" in layer.tag.lower() else share) for layer in layers}
    dead = [layer for layer in layers if ends[layer.tag] >= limits[layer.tag]]
    if not dead:
        return
    worst = max(dead, key=lambda layer: ends[layer.tag])
    alive = np.flatnonzero(worst.value[: -len(worst.tail())] < limits[worst.tag])
    onset = int(worst.step[alive[-1] + 1]) if len(alive) else None
    yield Finding(
        f"{ends[worst.tag] / scale:.0%} of the activations in {worst.layer or worst.tag} are zero at the end "
        f"({len(dead):,} of {len(layers):,} layers have {limits[worst.tag] / scale:.0%} or more)",
        Severity.WARNING,
        Confidence.HIGH if ends[worst.tag] >= CERTAIN * scale else Confidence.MEDIUM,
        onset_step=onset,
        end_step=worst.last_step,
        evidence={"zero_share": ends[worst.tag] / scale, "dead_layers": [layer.layer for layer in dead]},
        remedies=_advice(lr, onset),
        series=(worst,),
    )


def _advice(lr: Series | None, onset: int | None) -> list[Remedy]:
    """Units that are dead from the first point on were initialised so; those that die later, by an update too large."""
    slower = remedies.scale_lr(0.1, lr, "one update too large pushes all biases below zero for good")
    begin, rest = remedies.change_init("he"), [remedies.change_activation("leaky_relu"), remedies.add_normalization()]
    return [begin, *rest, slower] if onset is None else [slower, *rest, begin]
