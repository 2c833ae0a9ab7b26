"""The loss swings up and down without making progress.

Why it matters. Swings that last many steps are not noise of the batches: data that comes in order, or
a learning rate that jumps across the valley. What one swing learns the next one forgets.

How it is found. Over the last four fifths, with the slow trend (eight block medians) taken off, the logarithm of the
loss swings by a factor of two or more between its 10th and 90th percentile, in either half of them, and by more than
twice what the trend gains; and either three times more widely than its point-to-point noise explains, or in a period:
the autocorrelation has a peak above 0.5 at four or more points, with at least four periods in sight (data in the same
order every epoch); with a peak above 0.8 and ten periods the gain of the trend does not matter. In the loss itself the
swings are a twentieth or more of its whole fall. Counting sign flips, as is often done, fires on 83 % of runs that
reach their target.

Or the validation loss swings, by 15 % or more in either half of its last four fifths, while it falls by less than a
quarter in all. An evaluation sees the same samples every time, so what swings is the model. Of 189 healthy runs with
a dozen evaluations or more (small nets and AlgoPerf) none does so; those that swing as widely fall by 60 % and more.

When it is wrong. A cyclic learning rate makes swings on purpose, and so does a sampler that goes through tasks in turn.
A validation set that is drawn again for every evaluation, or of a few samples with dropout left on, swings by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.arrays import Floats
from loglens.stats.blocks import blocks, noise
from loglens.stats.levels import levels
from loglens.stats.period import periodicity
from loglens.stats.quantiles import median, percentile

RULE = Rule("oscillation", "loss", Severity.WARNING, leads_to=("divergence",), supervised=True)

#: An autocorrelation that noise does not reach, and periods in sight that make one sure.
CLEAR, PERIODS = 0.8, 10
#: Share of the points, from the first on, that is left out: there every loss falls.
LEFT_OUT = 0.2
#: Block medians that follow the slow trend.
TREND_BLOCKS = 8
#: The width of a swing goes from the 10th to the 90th percentile, which are 2.56 standard deviations of a normal
#: distribution apart.
LOW, HIGH, NORMAL_WIDTH = 10, 90, 2.56
#: Noise below this is rounding.
NOISELESS = 1e-9


class Swing(NamedTuple):
    """How the logarithm of a loss swings around its slow trend, over the last four fifths of its points.

    wide: from the 10th to the 90th percentile. least: the smallest of that and of the same in either half. gained:
    how far the trend goes. ratio: the width over what noise explains. peak, period: of the autocorrelation, in points.
    """

    wide: float
    narrowest: float
    gained: float
    ratio: float
    peak: float
    period: int


def detect(
    loss: Series | None,
    val_loss: Series | None,
    lr: Series | None,
    *,
    min_points: int = 50,
    swing: float = 2.0,
    beyond_noise: float = 3.0,
    periodic: float = 0.5,
    share: float = 0.05,
    min_evaluations: int = 12,
    held_out_swing: float = 1.15,
    held_out_fall: float = 0.25,
) -> Iterator[Finding]:
    train, held_out = (_positive(curve) for curve in (loss, val_loss))
    enough = train is not None and len(train) >= min_points, held_out is not None and len(held_out) >= min_evaluations
    if not any(enough):
        raise Skip(f"needs {min_points} positive losses of training or {min_evaluations} of validation")
    advice = [
        remedies.shuffle_data(),
        remedies.scale_lr(0.1, lr, "smaller steps settle in the valley instead of crossing it"),
    ]
    if train is not None and enough[0] and not _is_near_zero(train.value, share):
        found = _swing(train.value)
        regular = found.peak > periodic
        beyond = regular or found.ratio >= beyond_noise
        # what comes again in ten periods and more is a period, whatever the loss gains besides
        returns = found.peak > CLEAR and found.period * PERIODS <= len(train)
        if found.narrowest >= np.log(swing) and (found.gained <= found.wide / 2 or returns) and beyond:
            sure = regular or found.ratio > 2 * beyond_noise
            yield _finding(train, found, Confidence.HIGH if sure else Confidence.MEDIUM, advice, regular=regular)
            return
    # several points at a step are no evaluations of one model over time
    if held_out is not None and enough[1] and (np.diff(held_out.step) > 0).all():
        found, way = _swing(held_out.value), levels(held_out.value)
        if found.narrowest >= np.log(held_out_swing) and found.gained <= found.wide and way.drop < held_out_fall:
            yield _finding(held_out, found, Confidence.MEDIUM, advice, regular=False)


def _positive(curve: Series | None) -> Series | None:
    """The finite points; None where any of the last four fifths is not positive, as it has no factor to swing by."""
    finite = None if curve is None else curve.finite
    return finite if finite is not None and (_late(finite.value) > 0).all() else None


def _late(value: Floats) -> Floats:
    """The last four fifths."""
    return value[int(LEFT_OUT * len(value)) :]


def _is_near_zero(value: Floats, share: float) -> bool:
    """Whether the late swings are no more than a small share of what the loss came down: then a factor is no matter."""
    late = _late(value)
    return _width(late) < share * (float(median(value[:3])) - float(median(late)))


def _swing(value: Floats) -> Swing:
    """The swings of a loss of positive values around its trend of eight block medians."""
    late = np.log(_late(value))
    place = np.arange(len(late))
    slow = blocks(place, late, max_blocks=TREND_BLOCKS)
    around = late - np.interp(place, slow.x, slow.level)
    wide, *halves = (_width(part) for part in (around, *np.array_split(around, 2)))
    ratio = wide / NORMAL_WIDTH / max(noise(late), NOISELESS)
    peak, period = periodicity(around)
    return Swing(wide, min(wide, *halves), abs(float(slow.level[-1] - slow.level[0])), ratio, peak, period)


def _finding(curve: Series, found: Swing, confidence: Confidence, advice: list[Remedy], *, regular: bool) -> Finding:
    period = f", in a period of {found.period} points" if regular else ""
    return Finding(
        f"{curve.tag} swings by a factor of {number(np.exp(found.wide))}{period}, and gains only a factor of "
        f"{number(np.exp(found.gained))} in the last four fifths",
        Severity.WARNING,
        confidence,
        end_step=curve.last_step,
        evidence={
            "swing": float(np.exp(found.wide)),
            "swing_over_noise": found.ratio,
            "gained": float(np.exp(found.gained)),
            "autocorrelation": found.peak,
            "period_points": found.period,
        },
        remedies=advice,
        series=(curve,),
    )


def _width(value: Floats) -> float:
    """From the 10th percentile to the 90th."""
    return float(percentile(value, HIGH) - percentile(value, LOW))
