"""A classifier whose run ended while it was still learning the first things."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.model.finding import Confidence, Severity
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.model.sign import Sign
from loglens.model.vocabulary import ACCURACY
from loglens.stats.blocks import noise
from loglens.stats.guessing import chance_classes
from loglens.stats.quantiles import median

#: Evaluations that show a course.
EVALUATIONS = 10
#: A loss is at the ln C of guessing within this share of it (as in loss-not-decreasing), or within that one where an
#: accuracy begins at no more than so many times 1 / C: untrained nets are a few hundredths above.
AT_CHANCE, NEAR_CHANCE, GUESSES = 0.02, 0.05, 2.0
#: It keeps more than this share of that, and gains more than this share of its whole gain in its last quarter. Of 147
#: healthy runs of small nets and 330 of AlgoPerf that reached their target, no validation loss does both.
KEPT, LATE = 0.5, 0.05
#: Deviations of a level by which the last quarter gains.
ERRORS = 3.0


def ends_on_its_way(train: Series, held_out: Series, metrics: Sequence[Series]) -> Sign | None:
    """Both losses still fall at their end, and the held-out one keeps most of the ln C where it began. All finite."""
    if min(len(held_out), len(train)) < EVALUATIONS:
        return None
    start, before, end = _course(held_out)
    classes = chance_classes(start, AT_CHANCE) or _near_chance(start, metrics)
    late = (before - end) / (start - end) if start > end else 0.0
    if classes is None or end <= KEPT * start or late <= LATE or before - end <= ERRORS * noise(held_out.value):
        return None
    _, then, now = _course(train)
    if now >= then:
        return None
    return Sign(
        f"{held_out.tag} begins at {number(start)}, the ln {classes} of guessing, and ends at {number(end)} with "
        f"{late:.0%} of its gain in the last quarter of the run: it ended on its way, by a run too short or by steps "
        "too small",
        Severity.WARNING,
        Confidence.MEDIUM,
        {"start": start, "val_end": end, "train_end": now, "late_share": late},
        (held_out, train),
        end=held_out.last_step,
    )


def _near_chance(start: float, metrics: Sequence[Series]) -> int | None:
    """The number of classes of which a loss is near the ln C, where an accuracy is near 1 / C as well."""
    classes = chance_classes(start, NEAR_CHANCE)
    accuracies = [metric for metric in metrics if ACCURACY.search(metric.tag)]
    return classes if classes and any(0 < metric.value[0] <= GUESSES / classes for metric in accuracies) else None


def _course(curve: Series) -> tuple[float, float, float]:
    """The first value, and the levels at three quarters and at the end."""
    value, n = curve.value, len(curve)
    return (
        float(value[0]),
        float(median(value[n * 7 // 10 : n * 8 // 10 + 1])),
        float(median(value[-max(1, n // 10) :])),
    )
