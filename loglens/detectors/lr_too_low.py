"""The loss falls slowly in a straight line and is not done.

Why it matters. Learning curves bend: fast at first, slow later. One that is straight and has hardly
moved is still in its first moments, which is what a learning rate far too low looks like.

How it is found. Training gained less than a quarter beyond its noise, and a robust line through the training or the
validation loss explains 90 % of its variance, is as steep in the last 40 % as in the first (0.6
times or more) and still falls there with t below -4, allowing for autocorrelation. Straight means: against
the integral of the learning rate where that was logged, since to first order a loss falls by the squared
norm of its gradient times that (gradient flow), so that a schedule that fades out does not bend the line. The
validation loss, if there is one, falls at least half as much: first moments are not spent on memorising.
Where the rate peaks at 0.01 or above (Keras's default for plain gradient descent; for Adam UMLAUT calls that too high),
only an exact line of the validation loss counts, of 99 % and 0.8 times: steps may be too small by a clip as well.
Nothing is said where a share of right answers ends at 0.9 or above: that model is not in its first moments.

When it is wrong. A run cut off very early, and the end of a fine-tuning whose learning rate is kept
constant, look alike: then it is only short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.learning import bounded
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats import standstill
from loglens.stats.blocks import blocks
from loglens.stats.distance_travelled import travelled
from loglens.stats.levels import Levels, levels
from loglens.stats.trend import trend

RULE = Rule(
    "lr-too-low", "schedule", Severity.WARNING, leads_to=("loss-not-decreasing", "underfitting"), supervised=True
)

#: A curve of under 60 points is looked at point by point, a longer one by medians.
SHORT = 60
#: Its first and last two fifths are compared, each of four points or more.
FIRST, LAST, MIN_POINTS = 0.4, 0.6, 4
#: t value below which a line falls.
FALLS = -4.0
#: How straight a line is (the share of the variance that it explains, its evenness) that counts at any rate.
EXACT = 0.99, 0.8
#: Deviations of a point by which the start of a curve may be off.
ERRORS = 3.0


def detect(
    loss: Series,
    val_loss: Series | None,
    lr: Series | None,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    *,
    min_points: int = 12,
    gain: float = 0.25,
    min_drop: float = 0.001,
    r2: float = 0.9,
    evenness: float = 0.6,
    ordinary: float = 0.01,
    good: float = 0.9,
) -> Iterator[Finding]:
    curves = [curve.finite for curve in (loss, val_loss) if curve is not None and len(curve.finite) >= min_points // 2]
    longest = max(map(len, curves), default=0)
    if longest < min_points or len(loss.finite) < min_points // 2:
        raise Skip(f"needs {min_points} losses, has {longest or len(loss.finite):,}")
    if lr is not None and len(lr) and not lr.value.any():
        raise Skip("the learning rate is zero throughout")
    large = lr is not None and len(lr.finite) > 0 and bool(lr.finite.value.max() >= ordinary)
    if any(
        standstill.first_and_last(metric.value)[1] >= good for metric in bounded((*metric_higher, *val_metric_higher))
    ):
        return
    if _gained(curves) >= gain:
        return
    straight = [curve for curve in curves if _straight(curve, lr, *(EXACT if large else (r2, evenness)))]
    # of a run that is cut off, training alone says little: at such a rate, validation has to fall in a line as well
    if not straight or (large and straight[-1].split != "val"):
        return
    shown = straight[0]
    found = levels(shown.value)
    if found.drop < min_drop:
        return  # that is not falling at all
    if levels(curves[-1].value).drop < 0.5 * found.drop:
        return  # what it learns is of no use for other data: it memorises
    yield _finding(shown, found, lr)


def _gained(curves: Sequence[Series]) -> float:
    """The share of its start that the least noisy of several losses comes down by, or another one beyond its noise."""
    found = [levels(curve.value) for curve in curves]
    noise = [each.point_noise / abs(each.start) if each.start else 0.0 for each in found]
    surely = max(each.drop - ERRORS * beside for each, beside in zip(found, noise, strict=True))
    return max(found[int(np.argmin(noise))].drop, surely)


def _finding(shown: Series, found: Levels, lr: Series | None) -> Finding:
    return Finding(
        f"{shown.tag} falls in a straight line, by {found.drop:.1%} in {len(shown):,} points ({number(found.start)} to "
        f"{number(found.end)}, medians), and is still falling at the end",
        Severity.WARNING,
        Confidence.MEDIUM,
        end_step=shown.last_step,
        evidence={"start": found.start, "end": found.end, "drop": found.drop},
        remedies=[
            remedies.scale_lr(10.0, lr, "the loss follows every step, so larger steps are safe to try"),
            remedies.train_longer(4.0),
            remedies.check_optimizer_step(),
        ],
        series=(shown,),
    )


def _straight(curve: Series, lr: Series | None, r2: float, evenness: float) -> bool:
    way = travelled(curve.step, lr.finite.step, lr.finite.value) if lr is not None else None
    block = blocks(curve.step if way is None else way, curve.value, min_points=1 if len(curve) < SHORT else 3)
    share = (block.x - block.x[0]) / (block.x[-1] - block.x[0])
    first, last = share <= FIRST, share >= LAST
    if min(np.count_nonzero(first), np.count_nonzero(last)) < MIN_POINTS:
        return False
    whole = trend(block.x, block.level)
    early, late = (trend(block.x[part], block.level[part]) for part in (first, last))
    return whole.r2 > r2 and late.t < FALLS and early.slope < 0 and late.slope / early.slope >= evenness
