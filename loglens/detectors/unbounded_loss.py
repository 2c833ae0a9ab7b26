"""The loss of a classifier falls below zero without bound.

Why it matters. Cross-entropy of labels from 0 to 1 cannot be negative. A loss that falls by as much at the end as at
the start, far below zero, has the wrong labels (prices or class numbers under a binary cross-entropy) or the wrong
sign: it can be made as small as one likes without learning anything.

How it is found. The training loss is negative over the whole second half and ends below -10, or ten times as far
below zero as it started, where a classification metric was logged as well (accuracy, F1, AUC, precision,
recall and similar). In the last third of the run it falls by at least half of what it fell in the first third.
An error unless that metric rises by a tenth.

When it is wrong. A likelihood of continuous data, or a sum of losses with one that is bounded below far from zero,
may be negative and still fall; where the metric rises, it is only a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies
from loglens.stats.quantiles import median

RULE = Rule("unbounded-loss", "outcome", Severity.ERROR, leads_to=("metric-stuck",), supervised=True)

#: Words of a tag that measures classification.
CLASSIFICATION = re.compile(r"(?<![a-z])(?:\w*acc(?:uracy)?|auc|auroc|f1|precision|recall|top_?\d)(?![a-z])", re.I)
#: Shares of the points that show the level of a metric at either end.
END = 0.1


def detect(
    loss: Series,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    *,
    min_points: int = 6,
    far: float = 10.0,
    steady: float = 0.5,
    rises: float = 0.1,
) -> Iterator[Finding]:
    metric = next((one for one in (*metric_higher, *val_metric_higher) if CLASSIFICATION.search(one.tag)), None)
    if metric is None:
        raise Skip("no classification metric was logged besides the loss")
    curve = require(loss, min_points, "losses")
    value = curve.value
    third = len(value) // 3
    start, end = float(median(value[: max(1, third // 3)])), float(median(value[-max(1, third // 3) :]))
    if (value[len(value) // 2 :] >= 0).any() or end > -far * max(1.0, -start):
        return
    first, last = (float(part[0] - part[-1]) for part in (value[:third], value[-third:]))
    if last < steady * first:
        return
    learns = _rises(metric, rises)
    below = np.flatnonzero(value >= 0)
    onset = int(curve.step[int(below[-1]) + 1 if len(below) else 0])
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


def _rises(metric: Series, min_gain: float) -> bool:
    """Whether the metric ends above its start by a share of its size."""
    value = metric.finite
    if len(value) < 2:
        return False
    first, last = float(median(value.head(END, 1))), float(median(value.tail(END, 1)))
    return last - first > min_gain * max(abs(first), abs(last)) and last > first
