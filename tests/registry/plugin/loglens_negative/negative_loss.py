"""A loss that cannot be negative is.

Why it matters. A cross-entropy or a squared error below zero means that the loss is computed wrongly, so
that what is minimised is not what was meant.

How it is found. Any finite training loss below zero, where the run's parameters name such a loss.

When it is wrong. Likelihoods of continuous data are densities, so their negative logarithm may be
negative.
"""

from __future__ import annotations

from collections.abc import Iterator

from loglens.plugin import Confidence, Finding, Rule, Run, Series, Severity, Skip

RULE = Rule("negative-loss", "loss", Severity.WARNING)


def detect(loss: Series, run: Run, *, share: float = 0.0) -> Iterator[Finding]:
    if "cross_entropy" not in run.params.values():
        raise Skip("the run's parameters do not say that its loss is a cross-entropy")
    curve = loss.finite
    below = curve.value < 0
    if below.mean() > share:
        yield Finding(
            f"{loss.tag} is negative at {below.sum()} of {len(curve)} points",
            Severity.WARNING,
            Confidence.HIGH,
            onset_step=int(curve.step[below.argmax()]),
            series=(loss,),
        )
