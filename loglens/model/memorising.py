"""A training loss that falls while nothing is learned of other data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglens.model.finding import Confidence, Severity
from loglens.model.learning import any_covers
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.model.sign import Sign
from loglens.stats.guessing import chance_classes
from loglens.stats.levels import levels, sinking
from loglens.stats.quantiles import median

#: Evaluations that show a course, and points of a training loss that show a level.
EVALUATIONS, LEVEL_POINTS = 5, 5
#: A loss this near to its first value is the same; one that is so far above it, as a share, has risen.
SAME, RISEN = 0.01, 0.05
#: A metric above this may have been good from the start.
GUESSABLE = 0.6
#: A loss is at the ln C of guessing within this share of it (as in loss-not-decreasing).
AT_CHANCE = 0.02


def memorises(train: Series, held_out: Series, metrics: Sequence[Series]) -> Sign | None:
    """What training learns never holds for other data: validation is at its best at the first evaluation.

    Its loss ends a twentieth higher and is nowhere a hundredth lower, no metric of it gets a twentieth of its way to
    1 or is above `GUESSABLE`, and the training loss falls by a twentieth, to below that first value. Where that is the
    ln C of guessing, and nine tenths of each metric are below twice the 1 / C of that, the loss need not rise.
    All are finite.
    """
    value = held_out.value
    if len(value) < EVALUATIONS or not metrics:
        return None
    first, end = float(value[0]), float(median(value[-3:]))
    classes = chance_classes(first, AT_CHANCE) or 0
    guesses = classes > 2 and all(np.quantile(metric.value, 0.9) <= 2 / classes for metric in metrics)
    if any_covers(metrics, RISEN) and not guesses:
        return None
    same, risen = (AT_CHANCE, 0.0) if guesses else (SAME, RISEN)
    if value.min() < first - same * abs(first) or end < first + risen * abs(first):
        return None
    known = levels(train.value) if len(train) >= LEVEL_POINTS else None
    later = train.value[len(train) // 10 :]  # the first updates of a run that is lost bring the loss down as well
    if known is None or known.end > first or known.drop < RISEN or sinking(later, 3) < RISEN / 2:
        return None
    if max(float(metric.value.max()) for metric in metrics) > GUESSABLE:
        return None
    begins = f"begins at ln {classes}, the level of guessing" if guesses else "is lowest at its first evaluation"
    return Sign(
        f"{held_out.tag} {begins} ({number(first)}) and ends at {number(end)}, and "
        f"{metrics[0].tag} never leaves its start, while {train.tag} falls from {number(known.start)} to "
        f"{number(known.end)}: what is learned does not hold for other data",
        Severity.WARNING,
        Confidence.MEDIUM,
        {"lowest": first, "end": end, "train_end": known.end},
        (held_out, train, metrics[0]),
        int(held_out.step[0]),
        held_out.last_step,
    )
