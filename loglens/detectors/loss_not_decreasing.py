"""The loss stays at its starting or chance level.

Why it matters. The model learns nothing: whatever runs, it is not training. Every further hour is lost.

How it is found. The loss ends less than 5 % below where it started (medians of the first and last points), no block in
between was lower than that by more than its noise, and the validation loss, if there is one, gained as little; 10 % of
training loss are allowed where validation stays at chance, as memorising shuffled labels looks like that, and three
standard errors of the first twentieth where the norm of the weights is one and the same number throughout. A
classifier that guesses has a loss of ln C for C classes (Karpathy, A Recipe for Training Neural Networks, 2019; 2.303
for ten), so a level within 2 % of an ln C is named as chance. Or the loss gains less than 15 % after its first tenth,
and not one logged metric between 0 and 1, first measured before the loss had fallen by half of its way, covers 5 % of
its way to 1: then the first tenth only taught it the mean. Or, as a warning, it gains less than a third in all and
less than 5 % after its first tenth, and ten or more validation losses end within 2 % of the first one, unless an area
under the ROC or the like shows skill; if it gained more in that first tenth, this is a note, as a run that converged
at once looks the same. It is only a warning with fewer than 20 points or 100 steps, while the learning rate still warms
up, or where noise could hide the gain: where a line that gains as much lies within the 99 % interval of the trend. 5 %
between first and last medians alone calls 3.9 % of runs dead that reach their target; the noise and the validation loss
exclude these.

Where it would be a warning and nothing but the curve itself supports it (no ln C, no validation loss at chance, no
rate of zero, not one and the same value throughout), it is a note: of simulated noisy losses that fall by 3 %, up to
55 % were warned of, and fine-tunes and diffusion models have such losses. A log that begins at twice its own length is
the tail of a resumed run: its start is not in it, and the rule is skipped.

When it is wrong. Fine-tuning that starts near its optimum gains little and is fine. A learning rate far too low, labels
of other inputs and an optimizer that never steps look alike in one curve; the advice says how to tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from loglens.errors import Skip
from loglens.model.constant_metric import shows_skill
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.learning import any_covers, bounded, first_level, gained, is_old_enough, start_was_seen
from loglens.model.numbers import number
from loglens.model.run import Run
from loglens.model.series import Series, present, require
from loglens.model.sign import Sign
from loglens.remedies.standstill import against_standstill
from loglens.stats import standstill
from loglens.stats.guessing import chance_classes, stays_at_chance
from loglens.stats.levels import Levels, fell_at_once, levels
from loglens.stats.quantiles import median

RULE = Rule("loss-not-decreasing", "loss", Severity.ERROR, leads_to=("underfitting", "metric-stuck"), supervised=True)

#: Points of a validation loss that show a gain.
GAIN_POINTS = 3
#: A loss that ends so far above its lowest level, as a share of it, had learned, and lost it again: divergence. So had
#: one of which a single block lies below the start by that share of it, and by this many deviations of a block's level.
RISEN, LEARNED_ERRORS = 0.25, 10.0
#: A metric that ends higher than this says nothing: guessing may get that far; one improves where it gains this many
#: times the share that is asked of a loss.
GUESSABLE, METRIC_GAIN = 0.6, 4


class Course(NamedTuple):
    """The input of the signs: finite curves, and the number of classes at whose chance level validation stays."""

    loss: Series
    levels: Levels
    held_out: Series | None
    guessing: int | None
    metrics: Sequence[Series]
    lr: Series | None


def detect(
    loss: Series,
    val_loss: Series | None,
    lr: Series | None,
    grad_norm_global: Series | None,
    weight_norm_global: Series | None,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    run: Run,
    *,
    min_points: int = 10,
    gain: float = 0.05,
    chance: float = 0.02,
    late_start: float = 2.0,
) -> Iterator[Finding]:
    curve = require(loss, min_points, "losses")
    if curve.step[0] > late_start * (curve.last_step - curve.step[0]):
        raise Skip(f"the log begins at {curve.axis} {number(curve.step[0])}: the start of training is not in it")
    size = weight_norm_global.finite.value if weight_norm_global is not None else np.zeros(0)
    if standstill.vanishes(size):
        raise Skip("the weights decay to nothing, which underfitting covers")
    held_out = val_loss.finite if val_loss is not None and len(val_loss.finite) >= GAIN_POINTS else None
    guessing = stays_at_chance(held_out.value, chance) if held_out is not None else None
    found = levels(curve.value)
    course = Course(curve, found, held_out, guessing, bounded((*metric_higher, *val_metric_higher)), lr)
    # a net that only memorises shuffled labels lowers its loss a little, and guesses elsewhere
    bar = (2 * gain if guessing else gain) * abs(found.start)
    bar = max(bar, standstill.fall_by_noise(curve.value, found)) if standstill.is_constant(size) else bar
    began = found.start  # falling from a burst to the level of guessing is no learning
    if not chance_classes(found.end, chance):  # what is logged rarely may have come down by its second point
        began = float(curve.value[0]) if fell_at_once(curve.value) else first_level(curve, run, found.start)
    sign = None
    if began - found.end < bar and not standstill.falls_by(found, bar) and not gained(held_out, gain):
        sign = at_its_start(course, bar, gain, chance, val_loss)
    elif (late := standstill.after_first_tenth(curve.step, curve.value)).end <= found.best + RISEN * abs(found.best):
        sign = only_the_mean(course, late, max(began, found.start), gain)
        if sign is None and not run.rewinds and held_out is not None and len(held_out) >= min_points:
            sign = never_generalises(curve, held_out, late, began, gain, chance, course.metrics)
    if sign is not None:
        yield sign.finding(against_standstill(lr, grad_norm_global, frozen=sign.suspect == "frozen"))


def at_its_start(course: Course, bar: float, gain: float, chance: float, val_loss: Series | None) -> Sign | None:
    """The loss ends where it started. Not where it rose or had learned: divergence; nor where a metric improves."""
    curve, found, lr = course.loss, course.levels, course.lr
    if found.start - found.blocks.level.min() > max(RISEN * abs(found.start), LEARNED_ERRORS * found.noise):
        return None
    if found.end > standstill.highest_start(curve.value, found) + 2 * bar or any_covers(
        course.metrics, METRIC_GAIN * gain
    ):
        return None
    classes, guessed = chance_classes(found.end, chance), course.guessing
    frozen = lr is not None and bool(len(lr)) and not lr.value.any()
    level = "ln {0}, the level of guessing among {0} classes".format
    where = f", at {level(classes)}" if classes else f", while validation stays at {level(guessed)}" if guessed else ""
    supported = bool(where) or frozen or standstill.is_constant(curve.value)
    change = f"a change of {0 - round(found.drop, 3) + 0:+.1%} in {len(curve):,} points"
    grave = is_old_enough(curve, course.lr) and standstill.excludes_fall(curve.value, bar)
    return Sign(
        f"{curve.tag} starts at {number(found.start)} and ends at {number(found.end)} (medians){where}: {change}"
        + (f"; {lr.tag} is 0 throughout" if frozen and lr else ""),
        Severity.ERROR if grave else Severity.WARNING if supported else Severity.NOTE,
        Confidence.HIGH if supported else Confidence.MEDIUM,
        {
            "start": found.start,
            "end": found.end,
            "lowest": found.best,
            "drop": found.drop,
            "point_noise": found.point_noise,
            "chance_classes": classes or guessed,
        },
        present(curve, val_loss),
        end=curve.last_step,
        suspect="frozen" if frozen else "",
    )


def only_the_mean(course: Course, late: Levels, began: float, gain: float) -> Sign | None:
    """The loss came down to what the mean of the targets gives, and the metric never left its start."""
    curve = course.loss
    stuck = [metric for metric in course.metrics if standstill.first_and_last(metric.value)[1] <= GUESSABLE]
    if not stuck or late.drop >= 3 * gain or any_covers(stuck, gain):
        return None
    if not start_was_seen(stuck, curve, began, late.end):
        return None
    metric = stuck[-1]
    first, last = float(median(metric.value[:3])), float(median(metric.value[-3:]))
    grave = is_old_enough(curve, course.lr) and standstill.excludes_fall(-metric.value, gain * (1 - first))
    return Sign(
        f"{metric.tag} never leaves its start ({number(first)}, at the end {number(last)} in {len(metric):,} "
        "points), and "
        f"{curve.tag} stays at {number(late.end)} from the first tenth on: the model only learned the mean of its "
        "targets",
        Severity.ERROR if grave else Severity.WARNING,
        Confidence.MEDIUM,
        {"metric": metric.tag, "metric_start": first, "metric_end": last, "late_drop": late.drop},
        (metric, curve),
        end=curve.last_step,
    )


def never_generalises(
    curve: Series, held_out: Series, late: Levels, began: float, gain: float, chance: float, metrics: Sequence[Series]
) -> Sign | None:
    """Validation gains nothing in the run, while training fell only in the first tenth.

    A third or more gained by then, it may have converged at once, which one run's curves cannot tell apart.
    """
    if any(standstill.since_first(metric.value) >= METRIC_GAIN * gain or shows_skill(metric) for metric in metrics):
        return None
    known = levels(held_out.value)
    if late.drop >= gain or abs(known.drop) >= chance or known.start - known.best >= 2 * chance * abs(known.start):
        return None
    little = began - late.end < abs(began) / 3
    doubt = (
        ": it converged before its first evaluation, or learned only the mean of its targets; compare with the loss "
        "of a constant guess"
    )
    return Sign(
        f"{held_out.tag} is at its end where it was at its first evaluation ({number(known.start)}, "
        f"{number(known.end)}), and "
        f"{curve.tag} stays at {number(late.end)} from the first tenth on" + ("" if little else doubt),
        Severity.WARNING if little else Severity.NOTE,
        Confidence.MEDIUM if little else Confidence.LOW,
        {"val_start": known.start, "val_end": known.end, "late_drop": late.drop, "evaluations": len(held_out)},
        (curve, held_out),
        end=curve.last_step,
    )
