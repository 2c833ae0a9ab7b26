"""A very large learning rate, and a loss that never learns or blows up.

Why it matters. With steps that overshoot every valley the weights only bounce; more steps do not help.

How it is found. By one of three signs. (1) The learning rate peaks above 0.1; the loss is never better than at its
start by 5 %, or gains less than that after the first tenth of the run, ends between half and twice its start,
and bounces by 2 % or more from point to point. 0.1 is the classic start for stochastic gradient descent on
normalised nets; for Adam, 0.01 is already too high (UMLAUT), but the log seldom says which optimizer ran. A
large learning rate alone is not a sign. (2) Within the first 2 % of its points the loss rises to four times its
first value or more, by more than six deviations of its noise. Along a direction of curvature c an update of
rate r multiplies the error by 1 - rc and the loss by the square of that, so any rise means a rate beyond the
limit of stability, 2/c, and a fourfold one a rate half above it. Up to 4/c training can still settle elsewhere
(Lewkowycz et al. 2020, the catapult), and runs that reach their target do: a note, unless the loss
ends no better than it began or is not finite, or the learning rate peaks above 0.1. (3) The learning rate is above
0.1 and at its peak from the start, and the first loss logged is 20 times the level that the first tenth of the run
comes back to: where nothing was logged before the first updates, the burst that they made is all that is seen.
Guessing among 100,000 classes costs 11.5, so that no classifier falls so far so early unless it began far too high.

When it is wrong. A loss that is stuck for another reason (labels, a cut graph) under a learning rate
that is large but right; the first test, a tenth of it, tells them apart. Weights initialised far too large
make the same rate too high, and the better remedy is then the initialisation. The second sign needs a loss logged
before the first update.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number, plural
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.blocks import noise
from loglens.stats.levels import levels
from loglens.stats.quantiles import median
from loglens.stats.running_average import is_climbing_average

RULE = Rule(
    "lr-too-high",
    "schedule",
    Severity.WARNING,
    leads_to=("loss-not-decreasing", "divergence", "loss-spike", "nan-loss", "exploding-gradient"),
    supervised=True,
)

#: Share of its peak at which a learning rate counts as full: no warmup is left to come.
FULL = 0.9
#: Share of the points in which the first updates may blow a loss up.
FIRST = 0.02
#: Share of the points after which a loss is judged: by then it has come back from a burst.
SETTLED = 0.1
#: A rate of 0.1 is logged as 0.10000000149, since logs keep float32.
ROUNDING = 1e-6


def detect(
    loss: Series,
    lr: Series | None,
    *,
    min_points: int = 20,
    large: float = 0.1,
    gain: float = 0.05,
    bounce: float = 0.02,
    rise: float = 4.0,
    errors: float = 6.0,
    burst: float = 20.0,
) -> Iterator[Finding]:
    if len(loss) < min_points:
        raise Skip(f"needs {min_points} losses, has {len(loss):,}")
    if is_climbing_average(loss.finite.value):
        raise Skip(f"{loss.tag} looks like a running average that starts at 0")
    peak = float(lr.finite.value.max()) if lr is not None and len(lr.finite) else None
    limit = large * (1 + ROUNDING)
    blown = _blows_up(loss, rise, errors)
    if blown is not None:
        yield _blown(loss, lr, blown, peak is not None and peak > limit, gain)
    elif peak is None:
        raise Skip("no learning rate was logged, and the loss does not blow up at its first updates")
    elif peak > limit and len(loss.finite) >= min_points:
        found = _bounces(loss.finite, lr, gain, bounce, peak) or _burst(loss.finite, lr, peak, burst)
        if found is not None:
            yield found


def _blows_up(loss: Series, rise: float, errors: float) -> int | None:
    """Index of the highest loss among the first 2 % of the points, if that is a rise beyond the noise."""
    value, reach = loss.value, max(3, int(np.ceil(FIRST * len(loss))))
    early, rest = value[1 : 1 + reach], loss.finite.value[1 + reach :]
    if not value[0] > 0 or not np.isfinite(early).any() or not (rest > 0).all():
        return None
    at = 1 + int(np.nanargmax(np.where(np.isfinite(early), early, np.nan)))
    height = np.log(value[at] / value[0])
    return at if height >= np.log(rise) and height > errors * noise(np.log(rest)) else None


def _blown(loss: Series, lr: Series | None, at: int, large: bool, gain: float) -> Finding:
    start, top, length = float(loss.value[0]), float(loss.value[at]), int(loss.step[-1] - loss.step[0])
    end = float(median(loss.tail()))
    lost = not end < (1 - gain) * start  # a loss that is not finite at its end is lost as well
    outcome = f"and ends at {number(end)}" if np.isfinite(end) else "and is not finite at its end"
    return Finding(
        f"{loss.tag} rises from {number(start)} to {number(top)} within {plural(at, 'point')} of the start, {outcome}: "
        "the first updates are too large"
        + ("" if lost else "; it recovers, though a smaller learning rate may end lower"),
        Severity.WARNING if lost or large else Severity.NOTE,
        Confidence.MEDIUM if lost else Confidence.LOW,
        end_step=loss.last_step if lost else int(loss.step[at]),
        evidence={"start": start, "peak": top, "factor": top / start, "end": end, "points": at},
        remedies=[
            remedies.scale_lr(0.1, lr, "the usual first test of a run whose first updates overshoot"),
            remedies.add_warmup(length),
            remedies.change_init("he"),
        ],
        series=present(loss, lr),
    )


def _bounces(curve: Series, lr: Series | None, gain: float, bounce: float, peak: float) -> Finding | None:
    """The finding, where the loss bounces at the height of its start."""
    start = float(min(curve.value[0], median(curve.value[:3])))
    found = levels(curve.value[int(SETTLED * len(curve)) :])
    flat = found.drop < gain and found.best >= 0.5 * start
    never_better = levels(curve.value).best >= (1 - gain) * start
    if not (flat or never_better) or found.end > 2 * start:
        return None
    if found.point_noise < bounce * abs(found.end):
        return None  # it does not bounce: it is stuck or done
    return Finding(
        f"{curve.tag} bounces around {number(found.end)} from the first tenth on (start {number(start)}) under a "
        "learning rate "
        f"of {number(peak)}, which is very large",
        Severity.WARNING,
        Confidence.MEDIUM if peak >= 1.0 else Confidence.LOW,
        end_step=curve.last_step,
        evidence={"peak_lr": peak, "start": start, "end": found.end, "late_drop": found.drop},
        remedies=[
            remedies.scale_lr(0.1, lr, "the usual first test of a run that bounces"),
            remedies.add_warmup(int(curve.step[-1] - curve.step[0])),
        ],
        series=present(curve, lr),
    )


def _burst(curve: Series, lr: Series | None, peak: float, burst: float) -> Finding | None:
    """The finding, where the loss begins far above what it comes back to at once, at the full learning rate."""
    if lr is None or lr.finite.value[0] < FULL * peak:
        return None
    settled = float(median(curve.value[max(1, int(FIRST * len(curve))) : int(SETTLED * len(curve)) + 3]))
    first = float(curve.value[0])
    if settled <= 0 or first < burst * settled:
        return None
    return Finding(
        f"{curve.tag} begins at {number(first)} and is back at {number(settled)} within the first tenth, under a "
        "learning rate "
        f"of {number(peak)} from the first update: the first updates threw the weights far off course",
        Severity.WARNING,
        Confidence.LOW,
        end_step=curve.last_step,
        evidence={"peak_lr": peak, "start": first, "settled": settled, "factor": first / settled},
        remedies=[
            remedies.scale_lr(0.1, lr, "the usual first test of a run whose first updates overshoot"),
            remedies.add_warmup(curve.last_step - int(curve.step[0])),
        ],
        series=present(curve, lr),
    )
