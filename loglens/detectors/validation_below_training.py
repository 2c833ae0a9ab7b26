"""The validation loss is below the training loss all through the run.

Why it matters. Examples of the validation set among those of training, or near copies of them, make every
validation figure worthless. More often the cause is harmless, but worth knowing before the figures are
published.

How it is found. At four of five evaluations or more, the validation loss is more than 10 % below the mean
training loss since the evaluation before, and below that until the next one, so that a loss that falls fast
does not count. UMLAUT warns of a validation accuracy 5 points above that of training, at one epoch; healthy
small networks do that by chance, so here it has to last.

When it is wrong. Dropout, augmentation, label smoothing and a regularisation term are in the training loss
only, and a training loss is averaged over weights that were still worse: all of these look the same. It is
never more than a note of low confidence.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.quantiles import median

RULE = Rule("validation-below-training", "generalisation", Severity.NOTE, supervised=True)


def detect(
    loss: Series,
    val_loss: Series,
    *,
    min_points: int = 8,
    below: float = 0.1,
    share: float = 0.8,
) -> Iterator[Finding]:
    train, held_out = loss.finite, val_loss.finite
    if len(held_out) < min_points or len(train) < min_points:
        raise Skip(f"needs {min_points} training and validation losses, has {len(train):,} and {len(held_out):,}")
    if loss.axis != val_loss.axis or not 0.5 <= held_out.step[-1] / max(train.last_step, 1) <= 2:
        raise Skip("the two losses count their steps differently")
    if (train.value <= 0).any() or (held_out.value <= 0).any():
        raise Skip("shares of a loss mean something only where it is positive")
    sums = np.concatenate([[0.0], np.cumsum(train.value)])
    until = np.searchsorted(train.step, held_out.step, side="right")
    count = np.diff(until)
    some = count > 0
    if np.count_nonzero(some) < min_points - 1:
        raise Skip("too few evaluations with training losses between them")
    mean = np.diff(sums[until])[some] / count[some]
    # a loss that falls is lower after the evaluation than before it, one that rises the other way round
    ratio = held_out.value[1:][some] / np.minimum(mean, np.append(mean[1:], mean[-1]))
    part = float(np.mean(ratio < 1 - below))
    if part < share:
        return
    yield Finding(
        f"{val_loss.tag} is over {below:.0%} below {loss.tag} at {part:.0%} of {len(ratio):,} evaluations "
        f"(median {1 - float(median(ratio)):.0%}): dropout or augmentation in training, or examples that are "
        "in both sets",
        Severity.NOTE,
        Confidence.LOW,
        end_step=held_out.last_step,
        evidence={"share": part, "median_ratio": float(median(ratio)), "evaluations": len(ratio)},
        remedies=[remedies.clean_data()],
        series=(val_loss, loss),
    )
