"""The loss falls and then rises for good, or rises from the start.

Why it matters. From the lowest point on, every step makes the model worse; the last checkpoint is not
the one to keep.

How it is found. The curve is judged by its medians over blocks of 2 %, of the loss's logarithm where it is positive,
so that neither a single batch nor the unit decides. The level of the last tenth is above the lowest block by 25 % and
every one of its blocks by five standard errors, or by a factor of two (TheDeepChecker) and three standard errors; and
a third or more of what had been gained is lost again. A rise of 10 % is enough where nine tenths of the gain are lost.
A twentieth of the way down must be lost in the loss itself as well: a loss that went from 8000 to 0.0001 and back to 1
has converged. On single raw points a rise of 1.5 times fires on 11 % of runs that reach their target; end over minimum
above 1.25 on smooth curves on 0.15 % (counted on 4,192 AlgoPerf runs). A loss of which every later point is above
twice the first one rises from the start. A validation loss is judged only where no training loss was logged: a rise of
validation alone is overfitting. Unless it is a tenth above its first value at each of four later evaluations or more,
while training does not fall by a tenth after the first tenth of the run: a warning. Where the loss does not show it,
metrics do: every metric that had gained anything loses half of it again (AlgoPerf's "collapsed").

It is an error unless every training metric that grows with success keeps nine tenths of its best, and nothing
at all where each keeps 99 %: a loss near zero may double while the answers stay right.

When it is wrong. A curriculum, a growing regularisation term or new data raise the loss on purpose; where a training
metric improves meanwhile, it is not called divergence, and where the validation loss falls by a tenth or more, the
message says so and it is a note. In reinforcement learning and GANs the loss does not measure progress, so it is not
judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.learning import any_improves, fall_after, kept_share
from loglens.model.numbers import number
from loglens.model.series import Series, present, require
from loglens.model.sign import Sign
from loglens.remedies.overshoot import against_overshoot, against_rise
from loglens.stats.lasting_rise import is_risen
from loglens.stats.levels import Levels, block_at_best, levels, onset_of_rise, sinking
from loglens.stats.quantiles import median
from loglens.stats.running_average import is_climbing_average

RULE = Rule("divergence", "loss", Severity.ERROR, leads_to=("nan-loss", "metric-collapse"), supervised=True)

#: A loss that sinks by a tenth in its second half still learns.
STILL_GAINS = 0.1
#: A metric gained much where it gained ten deviations of its level, and a tenth of its best.
GAINED_ERRORS, GAINED_SHARE = 10.0, 0.1
#: Evaluations that show that a validation loss never comes back to its first value.
EVALUATIONS = 5
#: A rise to one and a half times the lowest level is sure: single points do so on 11 % of good runs, levels do not.
SURE_RISE = 1.5


def detect(
    loss: Series | None,
    val_loss: Series | None,
    lr: Series | None,
    grad_norm_global: Series | None,
    metric_lower: tuple[Series, ...],
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    *,
    min_points: int = 20,
    rise: float = 0.25,
    min_rise: float = 0.1,
    errors: float = 5.0,
    lost_share: float = 1 / 3,
    share: float = 0.05,
    of_use: float = 0.9,
    intact: float = 0.99,
) -> Iterator[Finding]:
    main = _judged(loss, val_loss, min_points)
    logged = bool((main.value > 0).all())
    found = levels(np.log(main.value) if logged else main.value)
    from_start = logged and bool((main.value[1:] > 2 * main.value[0]).all())
    if from_start or is_risen(found, rise, min_rise, errors, lost_share, share, logged):
        kept = kept_share(metric_higher)
        better = any_improves(metric_lower, lower=True) or any_improves(metric_higher, lower=False)
        if kept < intact and not better:
            risen = loss_rises(main, found, lr, logged, from_start, useful=kept >= of_use)
            sign = against_validation(risen, val_loss)
            yield sign.finding(against_rise(main, lr, grad_norm_global, sign.onset))
        return
    if not any(len(metric) for metric in metric_higher) and levels(main.value[len(main) // 2 :]).drop > STILL_GAINS:
        return  # training still gains, so a metric of validation that falls is overfitting
    stop = loss.first_nonfinite if loss is not None and loss.ends_nonfinite else None
    metrics = [metric if stop is None else metric.before(stop) for metric in (*metric_higher, *val_metric_higher)]
    metrics = [metric.finite for metric in metrics if len(metric.finite) >= min_points]
    above = held_out_rises(main, val_loss, lr) if val_loss is not None else None
    if fallen := metric_falls(metrics, lr, errors) or above:
        yield fallen.finding(against_overshoot(lr, grad_norm_global, fallen.onset))


def _judged(loss: Series | None, val_loss: Series | None, min_points: int) -> Series:
    """The finite points of the training loss, else of the validation loss. Skips where there is none to judge."""
    if loss is None and val_loss is None:
        raise Skip("no loss was logged")
    main = require(present(loss, val_loss)[0], min_points, "losses")
    if is_climbing_average(main.value):
        raise Skip(f"{main.tag} looks like a running average that starts at 0")
    return main


def loss_rises(main: Series, found: Levels, lr: Series | None, logged: bool, from_start: bool, *, useful: bool) -> Sign:
    """The loss rises from its lowest level, or from its first point, and does not recover.

    found: levels of the loss, or of its logarithm (logged). useful: a training metric keeps most of its best.
    """
    value = np.log(main.value) if logged else main.value
    onset = 1 if from_start else onset_of_rise(value, found)
    best = 0 if from_start else found.best_at
    lowest = float(main.value[0]) if from_start else float(median(block_at_best(main.value, found)))
    end = float(median(main.tail()))
    place = f"{number(lowest)} at {main.axis} {number(main.step[best])}"
    return Sign(
        f"{main.tag} rises from {place} to {number(end)} (medians) and never recovers"
        if main.step[best] == main.step[0]
        else f"{main.tag} falls to {place} and rises to {number(end)} (medians) for good",
        Severity.WARNING if useful else Severity.ERROR,
        Confidence.HIGH if end > SURE_RISE * abs(lowest) else Confidence.MEDIUM,
        {
            "start": float(median(main.value[:3])),
            "lowest": lowest,
            "lowest_step": int(main.step[best]),
            "end": end,
            "ratio": end / lowest if lowest else None,
        },
        present(main, lr),
        int(main.step[onset]),
        main.last_step,
    )


def against_validation(sign: Sign, val_loss: Series | None) -> Sign:
    """Reduce the sign to a note where the validation loss falls meanwhile: training became harder on purpose."""
    fall = None if val_loss is None or sign.onset is None else fall_after(val_loss.finite, sign.onset, STILL_GAINS)
    if val_loss is None or fall is None:
        return sign
    said = f"{sign.message}; but {val_loss.tag} falls from {number(fall[0])} to {number(fall[1])} meanwhile"
    return replace(sign, message=said, severity=Severity.NOTE)


def metric_falls(metrics: Sequence[Series], lr: Series | None, errors: float) -> Sign | None:
    """All metrics that gained much lost half of it, for good. metrics: finite, growing with success.

    They end where the loss is not finite for good: what they do from there on is an effect of that.
    """
    fallen = []
    for metric in metrics:
        found = levels(-metric.value)
        gained = found.start - found.best
        if not found.best_at or gained < max(GAINED_ERRORS * found.noise, GAINED_SHARE * abs(found.best)):
            continue
        lost = found.tail.min() - found.best
        if found.lost < 0.5 or lost < errors * found.noise or lost < gained / 3:
            return None
        fallen.append((metric, found))
    if not fallen:
        return None
    metric, found = fallen[-1]
    return Sign(
        f"{metric.tag} rises to {number(-found.best)} at {metric.axis} {number(metric.step[found.best_at])} and "
        f"falls to {number(-found.end)} (medians) for good",
        Severity.ERROR,
        Confidence.HIGH,
        {"start": -found.start, "highest": -found.best, "end": -found.end, "gain_lost": found.lost},
        present(metric, lr),
        int(metric.step[onset_of_rise(-metric.value, found)]),
        metric.last_step,
    )


def held_out_rises(main: Series, val_loss: Series, lr: Series | None) -> Sign | None:
    """The validation loss is above its first value at every later evaluation, while training gains nothing.

    main: the finite training loss. Where training continues gaining, that is overfitting.
    """
    value = val_loss.finite.value
    if main.tag == val_loss.tag or len(value) < EVALUATIONS or value[0] <= 0:
        return None
    if value[1:].min() < (1 + STILL_GAINS) * value[0] or sinking(main.value[len(main) // 10 :], 3) > STILL_GAINS:
        return None
    end = float(median(value[-3:]))
    return Sign(
        f"{val_loss.tag} is above its first value ({number(value[0])}) at each of {len(value) - 1:,} later "
        f"evaluations, and ends at {number(end)}, while {main.tag} does not fall after the first tenth",
        Severity.WARNING,
        Confidence.MEDIUM,
        {"start": float(value[0]), "lowest_later": float(value[1:].min()), "end": end},
        present(val_loss, main, lr),
        int(val_loss.finite.step[1]),
        val_loss.finite.last_step,
    )
