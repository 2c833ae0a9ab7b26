"""A loss is exactly 0.0, and nothing explains it.

Why it matters. Cross-entropy and squared errors come near zero and do not reach it. Exactly 0.0 is what a trainer
prints that hides NaN (Hugging Face's Trainer does, transformers#13619), what is left where every label is masked,
and what a validation loop averages over no batch. The model learns nothing, or nothing is measured.

How it is found. A training or validation loss whose last three points or more, and at least a hundredth of the
curve, are 0.0, from the first point on or after a jump: the last values before it had not come down to a hundredth
of the first. A loss that shrinks until its printed digits are 0 is not a jump. A loss that is 0 at some points and
not at others (a column filled in where nothing was computed) is not judged.

When it is wrong. Hinge, triplet and margin losses are 0 where every sample keeps its margin: on an easy set that
may happen from one epoch to the next. In reinforcement learning and GANs a loss of zero means little, so it is
not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.quantiles import median

RULE = Rule("zero-loss", "outcome", Severity.ERROR, leads_to=("metric-stuck", "metric-collapse"), supervised=True)


def detect(
    loss: tuple[Series, ...],
    val_loss: tuple[Series, ...],
    lr: Series | None,
    grad_norm_global: Series | None,
    *,
    min_points: int = 10,
    min_zeros: int = 3,
    share: float = 0.01,
    small: float = 0.01,
) -> Iterator[Finding]:
    curves = [curve.finite for curve in (*loss, *val_loss)]
    for curve in curves:
        start = _zero_from(curve, max(min_zeros, int(len(curve) * share)), small)
        if start is not None:
            yield _finding(curve, start, lr, grad_norm_global)
            return
    if max(map(len, curves), default=0) < min_points:
        raise Skip(f"no loss of {min_points} points was logged")


def _zero_from(curve: Series, min_zeros: int, small: float) -> int | None:
    """The index from which on the loss is exactly zero without having come down to it; None elsewhere."""
    nonzero = np.flatnonzero(curve.value)
    start = int(nonzero[-1]) + 1 if len(nonzero) else 0
    if len(curve) - start < min_zeros:
        return None
    before = curve.value[:start]
    if len(before) and ((before == 0).any() or median(np.abs(before[-3:])) < small * median(np.abs(before[:3]))):
        return None
    return start


def _finding(curve: Series, start: int, lr: Series | None, grad: Series | None) -> Finding:
    onset = int(curve.step[start])
    validation = curve.split == "val"
    how = (
        "from its first point"
        if start == 0
        else f"from {curve.axis} {number(onset)} on, {number(curve.value[start - 1])} before"
    )
    advice: list[Remedy] = [remedies.check_labels()]
    if not validation:
        rate = remedies.scale_lr(
            0.1, lr, "an update that is too large makes the loss NaN, which the trainer shows as 0"
        )
        advice = [rate, remedies.check_labels(), remedies.use_bf16()] if start else [remedies.check_labels(), rate]
    return Finding(
        f"{curve.tag} is exactly 0.0 {how} ({len(curve) - start:,} points): "
        + ("nothing is measured" if validation else "a hidden NaN, or no label counts"),
        Severity.ERROR,
        Confidence.HIGH if not validation else Confidence.MEDIUM,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={
            "zero_points": len(curve) - start,
            "points": len(curve),
            "last_nonzero": float(curve.value[start - 1]) if start else None,
        },
        remedies=advice,
        series=(curve, *present(grad)),
    )
