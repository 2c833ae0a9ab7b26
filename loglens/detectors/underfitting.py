"""Training and validation level off early, equally high.

Why it matters. A model that cannot fit its training set does not need more data or regularisation but
more capacity, better features or less regularisation.

How it is found. The training loss gains less than 3 % in the second half and less than a quarter in all,
the validation loss ends within 5 % of it, and a logged accuracy ends below 0.6 without having
gained in the second half. It is an error where metrics of training and of validation all end below a fifth
(after 20 losses and 100 steps, and past the warmup). Losses alone cannot tell a model that is too small from
one that is fine-tuned near its optimum, so without an accuracy there is no more than a note: where the validation loss
comes to a level at once, within a quarter of its first value, and goes up and down there.

Or the training loss starts at the ln C of guessing among three classes or more, and gains less than a tenth of it in a
run that is long enough (10 points, 100 steps, past the warmup), with an accuracy logged: hardly any label is learned,
as where most labels are wrong. Two classes are left out: a rare one makes such losses. Or the validation loss begins at
that ln C, keeps over half of it, and makes over a twentieth of its gain in its last quarter: the run ended on its way.

Or the norm of all weights is below a tenth of its start for the last fifth of the run, while the training loss hardly
improves: by less than 3 % in the second half and less than a quarter in all. Then decay pulls the weights to zero
faster than the gradients can hold them (the norm of the decayed weights at which both balance is in inverse proportion
to the decay).

When it is wrong. A task that is noise for the most part has a low best accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.learning import bounded, is_old_enough
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.model.sign import Sign
from loglens.model.unfinished import ends_on_its_way
from loglens.model.vocabulary import ACCURACY
from loglens.remedies import actions as remedies
from loglens.remedies.learning_rate import decays_by_the_middle
from loglens.stats import standstill
from loglens.stats.blocks import MEDIAN_ERROR, noise
from loglens.stats.guessing import chance_classes
from loglens.stats.levels import levels, sinking
from loglens.stats.quantiles import median

RULE = Rule("underfitting", "loss", Severity.WARNING)

#: An accuracy whose second half is two hundredths above its second quarter is still on its way.
FLAT = 0.02
#: Points of a loss that show whether it comes down.
LOSS_POINTS = 10
#: A loss is at ln C within this share of it; fewer classes than three are left out.
AT_CHANCE, FEWEST_CLASSES = 0.02, 3

#: Why a higher rate is worth a try.
WHY = "a rate too low stalls as well; a sweep of 3 and 10 times tells"
#: Why a smaller decay helps.
LESS_DECAY = "the decay of this run pulls the weights to zero; with so little they keep the size that the loss asks for"


def detect(
    loss: Series,
    val_loss: Series | None,
    weight_norm_global: Series | None,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    lr: Series | None,
    *,
    min_points: int = 10,
    gain: float = 0.25,
    late_gain: float = 0.03,
    apart: float = 0.05,
    low: float = 0.6,
    useless: float = 0.2,
    unlearned: float = 0.1,
) -> Iterator[Finding]:
    train = loss.finite
    if weight_norm_global is not None and (sign := weights_vanish(train, weight_norm_global, gain, late_gain)):
        yield sign.finding([replace(remedies.weight_decay(1e-4), why=LESS_DECAY)])
        return
    if sign := near_guessing(train, bounded((*val_metric_higher, *metric_higher), min_points), lr, unlearned):
        yield sign.finding([remedies.check_labels(), remedies.increase_capacity(4.0), remedies.scale_lr(3.0, lr, WHY)])
        return
    held_out = val_loss.finite if val_loss is not None else None
    if val_loss is None or held_out is None or len(train) < min_points or len(held_out) < min_points // 2:
        raise Skip(f"needs {min_points} losses of training and half as many of validation")
    accuracies = bounded((*val_metric_higher, *metric_higher), min_points)
    if sign := ends_on_its_way(train, held_out, accuracies):
        yield sign.finding([remedies.train_longer(4.0), remedies.scale_lr(3.0, lr, WHY)])
        return
    if not accuracies:
        yield settles_at_once(held_out, lr).finding([remedies.check_labels(), remedies.increase_capacity(4.0)])
        return
    poor = [curve for curve in accuracies if median(curve.value[-3:]) < low and _flat(curve)]
    if len(poor) == len(accuracies) and (sign := level_off(train, held_out, poor[0], gain, late_gain, apart)):
        if _useless(poor, useless) and is_old_enough(train, lr):
            sign = replace(sign, severity=Severity.ERROR)
        slow = remedies.scale_lr(3.0, lr, WHY)
        yield sign.finding([remedies.increase_capacity(4.0), slow, remedies.train_longer(2.0)])


def near_guessing(loss: Series, metrics: Sequence[Series], lr: Series | None, unlearned: float) -> Sign | None:
    """The training loss (finite) of a classifier starts at ln C and gains less than a share of that, and something."""
    if len(loss) < LOSS_POINTS or not is_old_enough(loss, lr, LOSS_POINTS):
        return None
    found = levels(loss.value)
    classes = chance_classes(found.start, AT_CHANCE)
    if classes is None or classes < FEWEST_CLASSES or not any(ACCURACY.search(metric.tag) for metric in metrics):
        return None
    if not AT_CHANCE < found.drop < unlearned:
        return None
    metric = metrics[0]
    return Sign(
        f"{loss.tag} starts at {number(found.start)}, the ln {classes} of guessing, and ends at {number(found.end)}, "
        f"only {found.drop:.1%} below: hardly any label of the training set is learned, with {metric.tag} at "
        f"{number(median(metric.value[-3:]))}",
        Severity.WARNING,
        Confidence.MEDIUM,
        {"start": found.start, "train_end": found.end, "drop": found.drop},
        (loss, metric),
        end=loss.last_step,
    )


def settles_at_once(val_loss: Series, lr: Series | None) -> Sign:
    """The validation loss (finite) stays from the first tenth on near where its first evaluation was; else skips."""
    if not standstill.settles_near_start(val_loss.value) or (lr is not None and decays_by_the_middle(lr)):
        raise Skip("without an accuracy a model too small cannot be told apart from fine-tuning near its optimum")
    first, end = float(val_loss.value[0]), float(median(val_loss.value[-3:]))
    return Sign(
        f"{val_loss.tag} begins at {number(first)}, comes to its level at once and goes up and down there to the end "
        f"({number(end)}): the updates are large enough, so labels that belong to other inputs or a model that is too "
        "small may be what holds it; a model that had converged before looks the same",
        Severity.NOTE,
        Confidence.LOW,
        {"start": first, "val_end": end},
        (val_loss,),
        end=val_loss.last_step,
    )


def level_off(
    loss: Series, val_loss: Series, metric: Series, gain: float, late_gain: float, apart: float
) -> Sign | None:
    """Both losses (finite) stand still at one level, little below the start of training."""
    found, late = levels(loss.value), sinking(loss.value[len(loss) // 2 :], 3)
    end = float(median(val_loss.value[-3:]))
    stalls = abs(late) < late_gain and -late_gain < found.drop < gain
    if not stalls or abs(end - found.end) > apart * abs(found.end):
        return None
    return Sign(
        f"{loss.tag} and {val_loss.tag} level off together at {number(found.end)} and {number(end)} (start "
        f"{number(found.start)}, all medians), with {metric.tag} at {number(median(metric.value[-3:]))}",
        Severity.WARNING,
        Confidence.MEDIUM,
        {"start": found.start, "train_end": found.end, "val_end": end, "late_drop": late},
        (loss, val_loss),
        end=loss.last_step,
    )


def weights_vanish(loss: Series, norm: Series, gain: float, late_gain: float) -> Sign | None:
    """The weights shrink to less than a tenth of their start, and the loss (finite) does not come down."""
    size = norm.finite.value
    if len(loss) < LOSS_POINTS or not standstill.vanishes(size):
        return None
    start, end = float(median(size[:3])), float(size[-1])
    found = levels(loss.value)
    if found.drop > gain or sinking(loss.value[len(loss) // 2 :], 3) > late_gain:
        return None
    return Sign(
        f"{norm.tag} shrinks from {number(start)} to {number(end)}, and {loss.tag} stays at {number(found.end)} "
        f"(start {number(found.start)}): decay pulls the weights to zero, so that the model cannot fit anything",
        Severity.WARNING,
        Confidence.HIGH,
        {"norm_start": start, "norm_end": end, "start": found.start, "train_end": found.end},
        (loss, norm),
        end=loss.last_step,
    )


def _flat(metric: Series) -> bool:
    half = len(metric) // 2
    first, second = median(metric.value[half // 2 : half + 1]), median(metric.value[half:])
    # of a difference of medians of a quarter and of a half of the points
    error = MEDIAN_ERROR * noise(metric.value) * float(np.sqrt(6 / len(metric)))
    return bool(second - first < FLAT + 2 * error)


def _useless(metrics: Sequence[Series], useless: float) -> bool:
    """Whether metrics of training and of validation all end below a share of what is possible."""
    low = all(float(median(metric.value[-3:])) < useless for metric in metrics)
    return low and len({metric.split for metric in metrics}) > 1
