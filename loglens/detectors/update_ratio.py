"""The updates stop, or are far too small or too large for the weights.

Why it matters. The ratio of an update's norm to that of the weights says how fast the weights turn over.
About 0.001 is a good start (Karpathy, CS231n). At 0.1 a step replaces a tenth of all that was learned; at
one far smaller, no number of steps in this run adds up to a change.

How it is found. The logged ratio, or the update's norm over that of the weights at the same steps, after the first
twentieth of the run. Too large: median above 0.1 (TheDeepChecker's upper bound), or, where the learning rate is at its
peak from the start, the very first one, by which Adam moves each weight by the whole rate. Too small: median times
number of steps is under 0.01, so that all updates of the run together, were they all in one direction, move the
weights by under 1 %. TheDeepChecker's lower bound of 0.0001 a step is passed by many healthy runs under a decaying
rate. Stopped: the update is exactly zero for the last tenth of the run or more (five points at least), or from its
start: the optimizer has nothing to apply. That is a warning, unless a learning rate of zero was logged there.

When it is wrong. Fine-tuning and frozen layers move little by design, and weights near zero have large
ratios. Only ratios that were logged once a step or a constant number of steps apart can be added up. So these
are notes. Updates that are zero throughout while the loss comes down were not measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.levels import levels
from loglens.stats.quantiles import median
from loglens.stats.stillness import still_from

RULE = Rule("update-ratio", "weights", Severity.WARNING)

#: So many points without an update are no chance.
MIN_STILL = 5

#: An update of a thousandth of the weights, the usual rule of thumb (Karpathy's CS231n notes).
USUAL = 1e-3

_RATIO = re.compile(r"ratio|scale|_to_|update.?(weight|param)|over", re.I)
#: Share of the first points that is left out: a warmup's updates are small.
WARMUP = 0.05
#: A rate of nine tenths of its peak counts as the peak.
FULL = 0.9


def detect(
    update_norm: Series,
    weight_norm_global: Series | None,
    loss: Series | None,
    lr: Series | None,
    *,
    min_points: int = 20,
    max_ratio: float = 0.1,
    min_total: float = 0.01,
    stopped: float = 0.1,
    gain: float = 0.05,
) -> Iterator[Finding]:
    updates = update_norm.finite
    first = still_from(updates.value) if len(updates) and updates.value[-1] == 0 else len(updates)
    if len(updates) - first < max(MIN_STILL, stopped * len(updates)):
        yield from _out_of_proportion(update_norm, weight_norm_global, lr, min_points, max_ratio, min_total)
        return
    if first == 0 and loss is not None and len(loss.finite) >= MIN_STILL and levels(loss.finite.value).drop > gain:
        raise Skip("every update is exactly 0 while the loss comes down, so the updates were not measured")
    yield _stops(updates, first, lr)


def _stops(updates: Series, first: int, lr: Series | None) -> Finding:
    stop = int(updates.step[first])
    rates = lr.value[lr.step >= stop] if lr is not None else np.ones(0)
    planned = len(rates) > 0 and not rates.any()
    why = "the learning rate is zero there" if planned else "the optimizer has nothing to apply"
    return Finding(
        f"{updates.tag} is exactly zero {f'from {updates.axis} {number(stop)} on' if first else 'throughout'}: {why}",
        Severity.NOTE if planned else Severity.WARNING,
        Confidence.MEDIUM,
        onset_step=stop if first else None,
        end_step=updates.last_step,
        evidence={"points": len(updates) - first, "learning_rate_is_zero": planned},
        remedies=[] if planned else [remedies.check_optimizer_step()],
        series=(updates,),
    )


def _out_of_proportion(
    update_norm: Series, weights: Series | None, lr: Series | None, min_points: int, max_ratio: float, min_total: float
) -> Iterator[Finding]:
    curve = _ratio(update_norm, weights)
    begin = int(WARMUP * len(curve))
    step, ratio = curve.step[begin:], curve.value[begin:]
    if len(ratio) < min_points:
        raise Skip(f"needs {min_points} ratios of update to weights, has {len(ratio):,}")
    if (ratio < 0).any():
        raise Skip("the ratio seems to be a logarithm")
    middle, steps = float(median(ratio)), int(step[-1] - step[0])
    in_all = middle * steps
    if middle <= max_ratio and (in_all >= min_total or curve.axis != "step" or middle == 0):
        if curve.value[0] > max_ratio and lr is not None and _begins_at_its_peak(lr):
            yield _first_is_large(curve, update_norm)
        return
    large = middle > max_ratio
    yield Finding(
        f"the median update is {number(middle)} of the weights ({update_norm.tag}): "
        + (
            f"a step replaces over {max_ratio:.0%} of them"
            if large
            else f"all {steps} steps together move the weights by {number(in_all)} of their size at most"
        ),
        Severity.NOTE,
        Confidence.LOW,
        end_step=int(step[-1]),
        evidence={"median": middle, "steps": steps},
        remedies=[
            remedies.scale_lr(
                remedies.two_digits(USUAL / middle), lr, "updates of about 0.001 of the weights are usual"
            )
            if middle > 0
            else remedies.check_optimizer_step()
        ],
        series=(update_norm,),
    )


def _begins_at_its_peak(lr: Series) -> bool:
    rate = lr.finite.value
    return bool(len(rate)) and bool(rate[0] >= FULL * rate.max() > 0)


def _first_is_large(ratio: Series, updates: Series) -> Finding:
    """The first update throws away much of the initial weights, which a warmup prevents."""
    length, first = ratio.last_step - int(ratio.step[0]), float(ratio.value[0])
    return Finding(
        f"the first update is {number(first)} of the weights ({updates.tag}; the median is "
        f"{number(median(ratio.value))}): the learning rate is at its peak from the start",
        Severity.NOTE,
        Confidence.LOW,
        onset_step=int(ratio.step[0]),
        evidence={"first": first, "median": float(median(ratio.value))},
        remedies=[remedies.add_warmup(length, round(remedies.MAX_WARMUP_SHARE * length / 2))],
        series=(updates,),
    )


def _ratio(update: Series, weights: Series | None) -> Series:
    """The ratio as logged, or from the two norms where both are known."""
    if _RATIO.search(update.tag):
        return update.finite
    if weights is None:
        raise Skip("an update's norm means nothing without that of the weights")
    _, one, two = np.intersect1d(update.step, weights.step, return_indices=True)
    known = np.isfinite(update.value[one]) & (weights.value[two] > 0)
    one, two = one[known], two[known]
    return Series(
        update.tag, update.step[one], update.value[one] / weights.value[two], update.time[one], update.axis
    ).finite
