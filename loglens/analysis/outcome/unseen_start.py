"""Runs whose held-out curves begin when most was learned: what they gain from there on says little.

A first evaluation after an epoch, or after a third of a fine-tune, is not the start of training.
"""

from __future__ import annotations

from collections.abc import Sequence

from loglens.analysis.outcome.curve_progress import BEYOND_NOISE, Progress
from loglens.analysis.outcome.curve_state import ENOUGH, LITTLE, RISEN, few_right
from loglens.analysis.outcome.indicators import Indicator
from loglens.model.learning import start_was_seen
from loglens.model.numbers import number
from loglens.model.outcome import SUCCESS
from loglens.model.vocabulary import ACCURACY
from loglens.stats.guessing import constant_answer_entropy
from loglens.stats.quantiles import median

#: A held-out cross entropy below this share of that of a constant answer shows that inputs are told apart. Chosen.
TELLS_APART = 0.9


def learned_before(found: Sequence[Indicator], indicator: Indicator) -> Indicator | None:
    """The training curve that had made half of its gain before a held-out curve was first measured; None without one.

    found: all indicators. indicator: of a held-out curve. None as well where that got worse from its first point on,
    where training ends far better (memorised) and the first evaluation does not show what was gained by then, where
    eight evaluations and more show a course of their own (it may stand still, far from its best), and where few
    answers are right.
    """
    held_out = indicator.progress
    if held_out is None or len(held_out.curve) >= ENOUGH or not indicator.heldout or not _no_worse(indicator):
        return None
    if few_right(held_out):
        return None
    for other in found:
        progress = other.progress
        if other.heldout or other.metric or other.state not in SUCCESS or progress is None:
            continue
        if _generalises(indicator, found, progress.end) and not start_was_seen(
            [held_out.curve], progress.curve, progress.start, progress.end
        ):
            return other
        if not indicator.metric and _agrees_at_first(held_out, progress):
            return other
    return None


def _agrees_at_first(held_out: Progress, training: Progress) -> bool:
    """Whether training had made a gain that counts by the first evaluation, which shows more than half of it.

    Later epochs may memorise the training data; what was learned before the first evaluation was no memorising.
    """
    loss, first = training.curve, held_out.curve
    before = loss.value[loss.step <= first.step[0]]
    if loss.axis != first.axis or len(before) < ENOUGH:
        return False
    gain = training.start - float(median(before[-max(3, len(before) // 10) :]))
    sure = gain >= max(LITTLE * abs(training.start), BEYOND_NOISE * training.error)
    return sure and training.start - float(first.value[0]) > gain / 2


def knows_from_the_start(found: Sequence[Indicator]) -> str | None:
    """Why a model whose held-out accuracy starts high and stays there knows its task, in words; None where it may not.

    A loss clearly below the cross entropy of an answer that is the same for every input, and right as often, tells
    inputs apart (see `constant_answer_entropy`). Every held-out metric has to hold its level or to improve.
    """
    metrics = [indicator for indicator in found if indicator.heldout and indicator.metric]
    held = [one for one in metrics if one.state == "held" and ACCURACY.search(one.curve.tag)]
    losses = [one for one in found if one.heldout and not one.metric and one.progress is not None]
    if not held or not losses or any(one.state not in ("held", "short", *SUCCESS) for one in metrics):
        return None
    accuracy, loss = held[0].progress, losses[0].progress
    if accuracy is None or loss is None or accuracy.ideal is None or loss.ideal is None:
        return None
    constant = constant_answer_entropy(accuracy.end / accuracy.ideal)
    if loss.end >= TELLS_APART * constant:
        return None
    return (
        f"{accuracy.curve.tag} goes from {number(accuracy.start)} to {number(accuracy.end)}, and {loss.curve.tag} ends "
        f"at {number(loss.end)}, below the {number(constant)} of a constant answer that is right as often"
    )


def _no_worse(indicator: Indicator) -> bool:
    progress = indicator.progress
    if progress is None:
        return False
    return progress.end < progress.start if progress.lower else progress.end > progress.start


def _generalises(indicator: Indicator, found: Sequence[Indicator], training: float) -> bool:
    """Whether the end of a training loss goes with the end of a held-out loss, or of an accuracy.

    A cross entropy below that of a constant answer as good as the held-out accuracy was reached on training data only.
    """
    progress = indicator.progress
    if progress is None or training <= 0:
        return False
    if not indicator.metric:
        return 0 < progress.end <= (1 + RISEN) * training
    if progress.ideal is None or not ACCURACY.search(progress.curve.tag):
        # the held-out losses speak for other metrics (a perplexity, an error rate)
        return any(_generalises(one, found, training) for one in found if one.heldout and not one.metric)
    return training >= TELLS_APART * constant_answer_entropy(progress.end / progress.ideal)
