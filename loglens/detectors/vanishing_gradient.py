"""The gradient vanishes over depth or steps while the loss is poor.

Why it matters. Where each layer or time step multiplies the gradient by a factor below 1, what
reaches the early layers is nothing: they stay as they were initialised, and the loss stays poor
(Hochreiter 1991; Bengio, Simard and Frasconi 1994).

How it is found. Only with a loss that does not improve, since converged runs have small gradients too (in
reinforcement learning the reward decides: one that rises is improvement enough). Over depth: the first layer's norm is
below a thousandth of the last one's (AUTOTRAINER's beta1) and the logarithm of the norms falls towards the input by
0.7 a layer (TheDeepChecker's decay rate of 0.5), or steadily to less than a tenth of that thousandth, from per-layer
norms, logged or exact from histograms' sums of squares. Over steps: the norm falls below a thousandth of its early
level, or is below 1e-7 throughout (times the loss, where that is below 1). SageMaker Debugger's and runwise's 1e-7 is
a mean over elements; a norm over n elements is the square root of n times larger, so that as a bound for norms it is a
cautious one. An exactly zero norm is a cut graph or frozen weights, and the message says so, unless the loss moves
anyway: weights that get no gradient stand still, so that the norms were not measured.

When it is wrong. A frozen embedding or an unused first layer looks like depth decay. A loss in very
small units has small gradients by nature.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.layers import in_depth_order
from loglens.model.numbers import fold, number
from loglens.model.run import Run
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.gains import gains
from loglens.stats.levels import levels
from loglens.stats.quantiles import median
from loglens.stats.trend import trend

RULE = Rule("vanishing-gradient", "gradient", Severity.ERROR, leads_to=("loss-not-decreasing",))

#: Layers below which a decay over depth cannot be told from layers that differ; share of it that a line explains, which
#: then has to fall ten times as far as `depth_ratio` asks.
MIN_LAYERS, STEADY, STEADY_TIMES = 4, 0.7, 10
#: The smallest number of float32 (a norm that underflows is at most this); deviations of a level that are no chance;
#: ratio of the first to the last layer's norm below which the decay over depth is certain.
SMALLEST, MAX_ERRORS, CERTAIN = 1e-45, 4.0, 1e-6
#: Points that show the level of a loss, after the share `HEAD` of them is left out and before a step.
LEVEL_POINTS, HEAD = 5, 0.05
#: A norm was small from the start if it falls within this share of the run; a loss moves by this share of its level.
EARLY, MOVED = 0.1, 0.05


def detect(
    grad_norm_global: Series | None,
    grad_norm_layer: tuple[Series, ...],
    loss: Series | None,
    val_loss: Series | None,
    rl_reward: Series | None,
    run: Run,
    *,
    depth_ratio: float = 1e-3,
    decay_per_layer: float = 0.7,
    step_ratio: float = 1e-3,
    floor: float = 1e-7,
    gain: float = 0.2,
    min_points: int = 5,
) -> Iterator[Finding]:
    if not (norms := (*present(grad_norm_global), *grad_norm_layer)):
        raise Skip("no gradient norm was logged")
    curves = [curve.finite for curve in present(loss, val_loss) if len(curve.finite) >= min_points]
    if not curves:
        raise Skip(f"small gradients mean nothing without a loss of {min_points} points to see whether it improves")
    if _unmeasured(norms, min_points) and any(_moves(curve) for curve in curves):
        raise Skip("every gradient norm is exactly 0 while the loss moves, so the norms were not measured")
    floor *= min(1.0, float(median(np.abs(curves[0].value))))
    if rl_reward is not None and len(rl_reward.finite) >= min_points and gains(rl_reward.finite.value):
        return
    depth = _depth(grad_norm_layer, depth_ratio, decay_per_layer)
    fading = [grad_norm_global] if grad_norm_global is not None else list(grad_norm_layer)
    faded = [found for curve in fading if (found := _fades(curve.finite, step_ratio, floor, min_points))]
    stuck = not any(_improves(curve, gain) for curve in curves)
    if depth and stuck:
        yield _over_depth(*depth, curves[0], run)
    elif faded and len(faded) == len(fading) and not any(_improves(curve, gain, _later(*faded[0])) for curve in curves):
        yield _over_steps(*faded[0], curves[0], run)
    elif max((len(curve) for curve in (*fading, *grad_norm_layer)), default=0) < min_points:
        raise Skip(f"needs {min_points} gradient norms")


def _unmeasured(norms: tuple[Series, ...], min_points: int) -> bool:
    return any(len(curve) >= min_points for curve in norms) and not any(curve.value.any() for curve in norms)


def _moves(loss: Series) -> bool:
    """Whether a loss changes its level, in either direction, beyond its noise.

    n >= 5 finite points. A twentieth of its level is asked for besides, since batches differ in their difficulty.
    """
    found = levels(loss.value)
    reach = max(abs(found.start - found.end), float(np.ptp(found.blocks.level)) - MAX_ERRORS * found.noise)
    return reach > max(MOVED * abs(found.start), MAX_ERRORS * found.noise)


def _later(grad: Series, small_from: int) -> int | None:
    """The step from which on a norm is small; None where it is from its first point."""
    return small_from if small_from > grad.step[0] else None


def _improves(loss: Series, gain: float, since: int | None = None) -> bool:
    """Whether the loss fell by a share `gain` of its level once the output's bias is learned.

    The last layer alone learns the mean of the targets within the first twentieth of a run, so the
    fall is measured after it; or, with `since`, whether it had come down before that step.
    """
    value = loss.value
    if since is not None:
        before = loss.before(since).value
        if len(before) < 3:
            return False
        start = float(value[:3].max())
        return bool(start - median(before[-LEVEL_POINTS:]) > gain * abs(start))
    skip = min(int(HEAD * len(value)) + 1, len(value) - LEVEL_POINTS) if len(value) > LEVEL_POINTS else 0
    found = levels(value[skip:])
    return found.start - found.end > max(gain * abs(found.start), 2 * found.noise)


def _depth(
    layers: tuple[Series, ...], depth_ratio: float, decay_per_layer: float
) -> tuple[list[Series], list[float], float] | None:
    """Layers from input to output with their typical norms, and the decay per layer towards the input."""
    ordered = in_depth_order(layers)
    norms = [float(median(layer.finite.value)) for layer in ordered]
    if len(ordered) < MIN_LAYERS or norms[-1] <= 0 or norms[0] >= depth_ratio * norms[-1]:
        return None
    log = np.log(np.maximum(norms, SMALLEST))
    fit = trend(np.arange(len(log), dtype=float), log)
    steady = fit.r2 >= STEADY and fit.slope * (len(log) - 1) >= np.log(STEADY_TIMES / depth_ratio)
    return (ordered, norms, float(fit.slope)) if fit.slope >= decay_per_layer or steady else None


def _over_depth(ordered: list[Series], norms: list[float], slope: float, loss: Series, run: Run) -> Finding:
    first, last = ordered[0], ordered[-1]
    ratio = norms[0] / norms[-1]
    return Finding(
        f"the gradient shrinks {fold(np.exp(slope))} per layer, from {number(norms[-1])} in {last.layer} to "
        f"{number(norms[0])} in {first.layer} ({number(ratio)} of it over {len(ordered):,} layers), and {loss.tag} "
        "does not improve",
        Severity.ERROR,
        Confidence.HIGH if ratio < CERTAIN else Confidence.MEDIUM,
        end_step=first.last_step,
        evidence={
            "depth_ratio": ratio,
            "decay_per_layer": float(np.exp(-slope)),
            "first_layer": first.layer,
            "first_norm": norms[0],
            "last_layer": last.layer,
            "last_norm": norms[-1],
            "layers": len(ordered),
        },
        remedies=_advice(run, ordered),
        series=(first, last, loss),
    )


def _fades(grad: Series, step_ratio: float, floor: float, min_points: int) -> tuple[Series, int] | None:
    """The curve and the step from which on it is below a share of its early level, or below the floor."""
    if len(grad) < min_points:
        return None
    early = float(median(grad.head(HEAD)))
    small = grad.value <= max(step_ratio * early, floor)
    if not small[-len(grad.tail()) :].all():
        return None
    large = np.flatnonzero(~small)
    return grad, int(grad.step[large[-1] + 1] if len(large) else grad.step[0])


def _over_steps(grad: Series, small_from: int, loss: Series, run: Run) -> Finding:
    early, end = float(median(grad.head(HEAD))), float(median(grad.value[-3:]))
    large = np.flatnonzero(grad.value > early / 2)
    start = int(grad.step[large[-1] if len(large) else 0])
    from_start = start - grad.step[0] <= EARLY * (grad.step[-1] - grad.step[0])
    zero = "exactly zero: a cut graph or frozen weights"
    ends = f"{number(end)} ({zero})" if end == 0 else number(end)
    fall = f"falls from {number(early)} to {ends}, below a thousandth by {grad.axis} {number(small_from)}"
    return Finding(
        f"{grad.tag} {fall if early else f'is {zero}'}, while {loss.tag} does not come down",
        Severity.ERROR,
        Confidence.MEDIUM if end else Confidence.HIGH,
        onset_step=None if from_start else start,
        end_step=grad.last_step,
        evidence={"early": early, "end": end, "ratio": end / early if early else None, "small_from": small_from},
        remedies=[remedies.check_optimizer_step(), *_advice(run, [grad])] if end == 0 else _advice(run, [grad]),
        series=(grad, loss),
    )


def _advice(run: Run, layers: list[Series]) -> list[Remedy]:
    if cell := remedies.replace_cell(run, layers):
        return [cell, remedies.change_init("orthogonal"), remedies.add_normalization()]
    return [remedies.change_activation(), remedies.change_init("he"), remedies.add_normalization()]
