"""The validation loss rises while the training loss falls.

Why it matters. From its lowest validation loss on, the model learns the training set by heart and gets
worse on everything else; the checkpoint to keep is the one at the lowest point.

How it is found. The validation loss ends at least 20 % above its lowest level, beyond three standard
errors of its noise, while the training loss does not rise after that point: trainproof's rule (eval
above 1.2 times its minimum while training falls), which fires on 0.2 % of 4,192 AlgoPerf runs that
reach their target. A gap between training and validation alone is no sign: rules on the gap call
46 % of such runs overfitted.

When it is wrong. A validation loss can rise by overconfidence while the validation accuracy still
improves; then the model may be better than its loss. A change of the validation set looks alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import blocks, noise

RULE = Rule("overfitting", "generalisation", Severity.WARNING, leads_to=("metric-collapse",), supervised=True)


def detect(
    loss: Series,
    val_loss: Series,
    *,
    min_points: int = 8,
    rise: float = 0.2,
    errors: float = 3.0,
) -> Iterator[Finding]:
    held_out, train = val_loss.finite, loss.finite
    if len(held_out) < min_points or len(train) < min_points:
        raise Skip(f"needs {min_points} training and validation losses, has {len(train)} and {len(held_out)}")
    level = blocks(held_out.step, held_out.value, most=30, least=2 if len(held_out) < 60 else 3)
    lowest = int(np.argmin(level.level))
    best = float(level.level[lowest])
    tail = held_out.value[-max(3, len(held_out) // 10) :]
    end = float(np.median(tail))
    error = max(noise(held_out.value) / np.sqrt(2), noise(level.level))
    if end - best < rise * abs(best) or level.level[-2:].min() - best < errors * error:
        return
    first, last = int(level.start[lowest]), int(level.start[min(lowest + 1, len(level) - 1)])
    onset = int(held_out.step[first + int(np.argmin(held_out.value[first : max(last, first + 1)]))])
    before, after = _around(train, onset, held_out)
    if after > before * (1.05 if before > 0 else 0.95):
        return  # training rises as well: that is divergence
    grows = (end - best) / abs(best) if best else float("inf")
    much = f" by {grows:.0%}" if best else ""
    yield Finding(
        f"{val_loss.tag} is lowest at {val_loss.axis} {onset} ({best:.4g}) and rises{much} "
        f"to {end:.4g}, while {loss.tag} goes on from {before:.4g} to {after:.4g}",
        Severity.WARNING,
        Confidence.HIGH if end > 1.5 * abs(best) else Confidence.MEDIUM,
        onset_step=onset,
        end_step=int(held_out.step[-1]),
        evidence={
            "lowest": best,
            "lowest_step": onset,
            "end": end,
            "rise": grows,
            "train_end": after,
        },
        remedies=[
            remedies.early_stop(onset, val_loss.axis),
            remedies.weight_decay(),
            remedies.dropout(),
            remedies.l1(),
        ],
        series=(val_loss, loss),
    )


def _around(train: Series, onset: int, held_out: Series) -> tuple[float, float]:
    """Level of the training loss where validation was lowest, and at its end.

    Where the two count their steps differently, places are matched by their share of the run.
    """
    if train.step[-1] >= 0.5 * held_out.step[-1] and held_out.step[-1] >= 0.5 * train.step[-1]:
        at = int(np.searchsorted(train.step, onset))
    else:
        at = int(len(train) * np.searchsorted(held_out.step, onset) / len(held_out))
    width = max(3, len(train) // 20)
    start = max(0, min(at - width // 2, len(train) - width))
    return float(np.median(train.value[start : start + width])), float(np.median(train.value[-width:]))
