"""The validation loss was lowest well before the end.

Why it matters. The last checkpoint is not the best one, and the steps after the best one were spent for
nothing.

How it is found. The validation loss ends 5 to 20 % above its lowest level, beyond three standard errors of its noise
from there on, and the lowest level was reached in the first four fifths of the run. A larger rise is reported by the
rules overfitting and divergence. A final validation loss over 1.05 times its lowest is found in 1.0 % of 2,003
AlgoPerf runs that reach their target: they are healthy, so this is a note.

When it is wrong. A metric can improve while the loss rises by overconfidence. Schedules that end at a high
rate make the last evaluations noisy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series, require
from loglens.remedies import actions as remedies
from loglens.stats.arrays import relative
from loglens.stats.blocks import blocks, noise
from loglens.stats.quantiles import median

RULE = Rule("missed-early-stop", "generalisation", Severity.NOTE, supervised=True)

#: Evaluations are judged by 30 medians at the most, of two each up to 60 evaluations, of three from there on.
BLOCKS, SHORT = 30, 60
#: A lowest level in the last fifth is an end, not a stop that was missed.
LATE = 0.8


def detect(
    val_loss: Series,
    *,
    min_points: int = 10,
    min_rise: float = 0.05,
    max_rise: float = 0.2,
    errors: float = 3.0,
) -> Iterator[Finding]:
    curve = require(val_loss, min_points, "validation losses")
    level = blocks(curve.step, curve.value, max_blocks=BLOCKS, min_points=2 if len(curve) < SHORT else 3)
    lowest = int(np.argmin(level.level))
    best, end = float(level.level[lowest]), float(median(curve.tail()))
    rise = relative(end - best, best)
    # the descent before the lowest level is steep and bent, which would count as noise; the same loss once more is of
    # weights that did not move, and hides what there is
    moved = curve.value[np.append(True, np.diff(curve.value) != 0)]
    error = max(noise(moved) / np.sqrt(2), noise(level.level[lowest:]))
    if not min_rise <= rise < max_rise or level.level[-2:].min() - best < errors * error or lowest >= LATE * len(level):
        return
    first, last = int(level.start[lowest]), int(level.start[min(lowest + 1, len(level) - 1)])
    onset = int(curve.step[first + int(np.argmin(curve.value[first : max(last, first + 1)]))])
    yield Finding(
        f"{val_loss.tag} is lowest at {val_loss.axis} {number(onset)} ({number(best)}) and ends {rise:.1%} above it "
        f"({number(end)})",
        Severity.NOTE,
        Confidence.MEDIUM,
        onset_step=onset,
        end_step=curve.last_step,
        evidence={"lowest": best, "lowest_step": onset, "end": end, "rise": rise},
        remedies=[remedies.early_stop(onset, val_loss.axis)],
        series=(val_loss,),
    )
