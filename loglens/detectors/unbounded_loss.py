"""The loss of a classifier falls below zero without bound.

Why it matters. Cross-entropy of labels from 0 to 1 cannot be negative. A loss that falls by as much at the end as at
the start, far below zero, has the wrong labels (prices or class numbers under a binary cross-entropy) or the wrong
sign: it can be made as small as one likes without learning anything.

How it is found. The training loss is negative over the whole second half and ends below -10, or ten times as far
below zero as it started, where a classification metric was logged as well (accuracy, F1, AUC, precision,
recall and similar). In the last third of the run it falls by at least half of what it fell in the first third.
An error unless that metric rises by a tenth.
Without such a metric, a validation loss shows it: positive throughout, it ends ten times as high as it began, and as
far above zero as the training loss is below it, within a factor of ten: then training maximises what validation
measures.

When it is wrong. A likelihood of continuous data, or a sum of losses with one that is bounded below far from zero,
may be negative and still fall; where the metric rises, it is only a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.quantiles import median

RULE = Rule(
    "unbounded-loss", "outcome", Severity.ERROR, leads_to=("metric-stuck", "overfitting", "divergence"), supervised=True
)

#: Words of a tag that measures classification.
CLASSIFICATION = re.compile(r"(?<![a-z])(?:\w*acc(?:uracy)?|auc|auroc|f1|precision|recall|top_?\d)(?![a-z])", re.I)
#: What to look for where the sign is wrong.
SIGN = "look for a minus before the loss in training, and for maximize=True of the optimizer"
#: Shares of the points that show the level of a metric at either end.
END = 0.1


def detect(
    loss: Series,
    val_loss: Series | None,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    *,
    min_points: int = 6,
    far: float = 10.0,
    steady: float = 0.5,
    rises: float = 0.1,
) -> Iterator[Finding]:
    metric = next((one for one in (*metric_higher, *val_metric_higher) if CLASSIFICATION.search(one.tag)), None)
    curve = require(loss, min_points, "losses")
    if metric is None:
        if val_loss is not None and _mirrors(curve.value, val_loss.finite.value, far):
            yield _wrong_sign(curve, val_loss)
            return
        raise Skip("no classification metric was logged besides the loss")
    value = curve.value
    third = len(value) // 3
    start, end = float(median(value[: max(1, third // 3)])), float(median(value[-max(1, third // 3) :]))
    if (value[len(value) // 2 :] >= 0).any() or end > -far * max(1.0, -start):
        return
    first, last = (float(part[0] - part[-1]) for part in (value[:third], value[-third:]))
    if last < steady * first:
        return
    learns, above = _rises(metric, rises), np.flatnonzero(value >= 0)
    onset = int(curve.step[int(above[-1]) + 1 if len(above) else 0])
    yield Finding(
        f"{curve.tag} falls from {number(start)} to {number(end)}, far below zero and no slower at the end, with "
        f"{metric.tag}: "
        "a classification loss cannot be negative, so labels, sign or loss function are wrong",
        Severity.WARNING if learns else Severity.ERROR,
        Confidence.MEDIUM if learns else Confidence.HIGH,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={"start": start, "end": end, "fall_first_third": first, "fall_last_third": last},
        remedies=[remedies.check_labels()],
        series=(curve, metric),
    )


def _mirrors(train: Floats, held_out: Floats, far: float) -> bool:
    """Whether a training loss falls as far below zero as a positive validation loss rises above it."""
    if len(held_out) < 2 or held_out.min() <= 0:
        return False
    low, high = -float(train[-1]), float(held_out[-1])
    return low > far and high > far * float(held_out[0]) and max(low, high) < far * min(low, high)


def _wrong_sign(curve: Series, held_out: Series) -> Finding:
    first, last = (float(held_out.finite.value[at]) for at in (0, -1))
    return Finding(
        f"{curve.tag} falls from {number(curve.value[0])} to {number(curve.value[-1])}, and {held_out.tag} rises from "
        f"{number(first)} to {number(last)}: the sign of the loss in training is wrong, so that it maximises what "
        "validation measures",
        Severity.ERROR,
        Confidence.HIGH,
        onset_step=int(curve.step[int(np.argmax(curve.value < 0))]),
        end_step=curve.last_step,
        evidence={"start": float(curve.value[0]), "end": float(curve.value[-1]), "val_start": first, "val_end": last},
        remedies=[replace(remedies.check_optimizer_step(), why=SIGN), remedies.check_labels()],
        series=(curve, held_out),
    )


def _rises(metric: Series, min_gain: float) -> bool:
    """Whether the metric ends above its start by a share of its size."""
    value = metric.finite
    if len(value) < 2:
        return False
    first, last = float(median(value.head(END, 1))), float(median(value.tail(END, 1)))
    return last - first > min_gain * max(abs(first), abs(last)) and last > first
