"""The gradient grows exponentially, or stays far above 1.0 throughout.

Why it matters. Where each layer or time step multiplies the gradient by a factor above 1, it grows
exponentially with depth or time; the updates overshoot, weights end large, the loss stays poor or
turns NaN (Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013).

How it is found. By any of four signs. Growth that the loss answers is an error, otherwise a warning. It is a note
where it is less than a thousandfold and training goes well meanwhile (the loss improves, or a held-out metric or the
reward, which outweighs any loss, keeps its gain): norms also grow with the size of the returns, and with sharper
minima. With fewer than 14 norms, growth within the run cannot be judged. (1) Growth: a robust log-linear fit over a
trailing window has a slope with t above 4 after correction for autocorrelation, explains 70 % of the variance, and
covers a factor of 10, to a level ten times above the norms before it (where the loss answers, the window may end at
the peak). Its growth per step, its doubling time and the step of float32 overflow are given, and the share of steps
with g[t+1]/g[t] above 1.0 is tested against a coin. (2) A jump to ten times the recent median (Megatron-LM's
large-gradient rule) that the loss answers within 50 points by leaving its level for good. (3) Depth: the norms of
adjacent layers have a ratio above 1.0 towards the input in 80 % of the pairs and 70 in all (AUTOTRAINER's beta3), with
a poor loss. (4) Level: the norm is above 10 at every point and typically above five times the loss itself, while the
loss stays poor. A loss that came down by half counts as poor with a norm above 100 at every point, one that came down
by four fifths with a norm above ten times the loss. Besides, the norm comes down with the loss. Or, however far the
loss falls: the norm is above 500 times the root of a loss that is halved and stays above 100, or the loss begins far
above guessing: a hundredfold fall of a classifier that still errs, or a cross entropy above ten times ln 1,000,000.
The least norm is below 1.0 in every one of 150 benchmark runs that reach their target. A norm that is merely above
1.0 is no more than a note: that holds for 90 % of the points of 18 % of runs that reach their target.

When it is wrong. Summed losses and losses in large units have large gradients by nature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.growing_gradient import growing_gradient
from loglens.model.layers import growth_towards_input, total_norm
from loglens.model.learning import begins_absurdly
from loglens.model.numbers import estimate, fold, number
from loglens.model.run import Run
from loglens.model.series import Series, require
from loglens.model.sign import Sign
from loglens.remedies import actions as remedies
from loglens.remedies.exploding import against_explosion
from loglens.stats.arrays import Floats, Ints, relative
from loglens.stats.explosions import answered_jump, comes_down, is_beyond_units, is_far_above, is_poor
from loglens.stats.explosive_growth import explosive_growth
from loglens.stats.levels import levels
from loglens.stats.quantiles import median

RULE = Rule(
    "exploding-gradient",
    "gradient",
    Severity.ERROR,
    leads_to=("loss-spike", "nan-loss", "divergence", "weight-growth", "loss-not-decreasing"),
)

#: Norms of which the growth of a part can be told, as simulated runs show.
GROWTH_POINTS = 14
#: Points of a loss that show a level, and points from a jump on among which its peak is named.
LOSS_POINTS, PEAK_POINTS = 3, 50
#: Shares of the adjacent layers that have to grow towards the input, and of the points above `ratio`, for a note.
MIN_LAYER_SHARE, MIN_POINT_SHARE = 0.8, 0.9
#: A loss that came down by half learns, whatever its gradient is; where it came down by four fifths, it began too high.
HALVED, TOO_HIGH = 0.5, 0.8


def detect(
    grad_norm_global: Series | None,
    grad_norm_layer: tuple[Series, ...],
    loss: Series | None,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    rl_reward: tuple[Series, ...],
    val_rl_reward: tuple[Series, ...],
    lr: Series | None,
    run: Run,
    *,
    ratio: float = 1.0,
    factor: float = 10.0,
    t_value: float = 4.0,
    r2: float = 0.7,
    depth_ratio: float = 70.0,
    min_norm: float = 10.0,
    level_ratio: float = 5.0,
    vast: float = 1000.0,
    min_points: int = 10,
) -> Iterator[Finding]:
    if (whole := total_norm(grad_norm_global, grad_norm_layer)) is None:
        raise Skip("no gradient norm was logged; log what clip_grad_norm_ returns")
    grad = require(whole, min_points, "gradient norms")
    loss = loss if loss is not None and len(loss.finite) >= LOSS_POINTS else None
    found = explosive_growth(grad.step, grad.value, *_points(loss), t_value=t_value, r2=r2, factor=factor, vast=vast)
    better = (*(val_rl_reward or rl_reward), *val_metric_higher)
    sign = growing_gradient(grad, found, loss, better, ratio, vast) if found else None
    if sign is None and loss is not None:
        sign = jumps(grad, loss, factor) or grows_over_depth(grad_norm_layer, loss, ratio, depth_ratio)
        sign = sign or is_high(grad, loss, (*val_metric_higher, *metric_higher), min_norm, level_ratio)
    if sign is not None:
        advice = against_explosion(grad, grad_norm_layer, lr, run, sign.onset, from_start=sign.suspect == "weights")
        yield sign.finding(advice)
    elif (grad.value > ratio).mean() >= MIN_POINT_SHARE:
        yield is_above(grad, ratio).finding([remedies.clip_grad_norm(grad)])
    elif len(grad) < GROWTH_POINTS:
        raise Skip(f"growth within a run shows in {GROWTH_POINTS} gradient norms, and {len(grad)} were logged")


def _points(loss: Series | None) -> tuple[Ints, Floats]:
    """Steps and values of the loss, none where there is no loss."""
    return (loss.step, loss.value) if loss is not None else (np.zeros(0, np.int64), np.zeros(0))


def jumps(grad: Series, loss: Series, factor: float) -> Sign | None:
    """A jump of the norm that the loss answers by leaving its level for good."""
    at = answered_jump(grad.step, grad.value, loss.step, loss.value, factor)
    if at is None:
        return None
    peak = float(grad.value[at : at + PEAK_POINTS].max())
    normal = float(median(grad.value[:at])) if at else float("nan")
    return Sign(
        f"{grad.tag} jumps from {number(normal)} to {number(peak)} at {grad.axis} {number(grad.step[at])}, and "
        f"{loss.tag} leaves its level for good",
        Severity.ERROR,
        Confidence.MEDIUM,
        {"before": normal, "peak": peak, "factor": peak / normal if normal else None},
        (grad, loss),
        int(grad.step[at]),
    )


def grows_over_depth(layers: tuple[Series, ...], loss: Series, ratio: float, depth_ratio: float) -> Sign | None:
    """Norms that grow from layer to layer towards the input, with a poor loss."""
    found = growth_towards_input(layers, ratio, MIN_LAYER_SHARE, depth_ratio)
    if found is None or not is_poor(loss.finite.value):
        return None
    ordered, share, product = found
    return Sign(
        f"the gradient grows {fold(product)} from {ordered[-1].layer} back to {ordered[0].layer} "
        f"({share:.0%} of adjacent layers have a ratio above 1.0) and {loss.tag} stays poor",
        Severity.ERROR,
        Confidence.MEDIUM,
        {"depth_ratio": product, "ratio_above_one": share, "layers": [layer.layer for layer in ordered]},
        (ordered[0], loss),
    )


def is_high(grad: Series, loss: Series, metrics: Sequence[Series], min_norm: float, level_ratio: float) -> Sign | None:
    """Far above 1.0 at every point, typically several times the loss itself, and a loss that stays poor.

    Norm over loss has no unit; in healthy runs it is large only where the loss has come close to zero.
    """
    finite = loss.finite
    if not is_far_above(grad.step, grad.value, finite.step, finite.value, min_norm, level_ratio):
        return None
    absurd = begins_absurdly(finite, metrics)
    start, low, middle = float(grad.value[:3].max()), float(grad.value.min()), float(median(grad.value))
    height = float(median(np.abs(np.interp(grad.step, finite.step, finite.value))))
    times = relative(middle, height)
    vast = low > 10 * min_norm or (levels(finite.value).drop > TOO_HIGH and middle > 2 * level_ratio * height)
    curves, halved = (grad.step, grad.value, finite.step, finite.value), levels(finite.value).drop > HALVED
    beyond = halved and is_beyond_units(*curves)  # however far such a loss falls
    if not (absurd or beyond or (comes_down(*curves) and is_poor(finite.value) and (vast or not halved))):
        return None
    how = "begins far above guessing" if absurd else "stays above 100" if beyond else "stays poor"
    return Sign(
        f"{grad.tag} starts at {number(start)} and stays above {number(min_norm)} at every one of {len(grad):,} "
        f"points (median {number(middle)}, {estimate(times)} times the loss), while {loss.tag} {how}: "
        "the gradient explodes from the start",
        Severity.WARNING,
        Confidence.MEDIUM,
        {"start": start, "median": middle, "least": low, "norm_over_loss": times, "share_above_one": 1.0},
        (grad, loss),
        suspect="weights",
    )


def is_above(grad: Series, ratio: float) -> Sign:
    """Merely above 1.0 at most points."""
    share = float((grad.value > ratio).mean())
    return Sign(
        f"{grad.tag} is above {number(ratio)} at {share:.0%} of its points, without growing: no fault by itself, as "
        "many runs that reach their target are like that; if updates look unstable, clip it",
        Severity.NOTE,
        Confidence.LOW,
        {"share_above_one": share, "median": float(median(grad.value))},
        (grad,),
    )
