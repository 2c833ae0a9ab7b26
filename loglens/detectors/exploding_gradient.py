"""The gradient grows exponentially, or stays far above 1.0 throughout.

Why it matters. Where each layer or time step multiplies the gradient by a factor above 1, it grows
exponentially with depth or time; the updates overshoot, weights end large, the loss stays poor or
turns NaN (Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013).

How it is found. Any of four signs. (1) Growth: a robust log-linear fit over a trailing window has a
slope with t above 4 after correction for autocorrelation, explains 70 % of the variance, and covers a
factor of 10, to a level ten times above the norms before it (where the loss answers, the window may end
at the peak); its growth per step, doubling time and the step of float32 overflow are given, and the
share of steps with g[t+1]/g[t] above 1.0 is tested against a coin. (2) A jump to ten times the recent
median (Megatron-LM's large-gradient rule) that the loss answers within 50 points by leaving its level
for good. (3) Depth: the norms of adjacent layers have a ratio above 1.0 towards the input in 80 % of
the pairs and 70 in all (AUTOTRAINER's beta3), with a poor loss. (4) Level: the norm is above 10 at
every point and typically above five times the loss itself, while the loss stays poor; the least norm is
below 1.0 in every one of 150 benchmark runs that reach their target. That a norm is merely above 1.0 is
no fault: it is so for 90 % of the points of 18 % of runs that reach their target, so this is only a
note. Growth that the loss does not answer is a warning, else an error.

When it is wrong. Summed losses and losses in large units have large gradients by nature. Late in
training the norm of a healthy run may rise several-fold while the loss improves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.layers import in_depth_order, total_norm
from loglens.model.run import Run
from loglens.model.series import Series, present, require
from loglens.remedies import actions as remedies
from loglens.remedies.exploding import against_explosion
from loglens.stats.explosions import (
    answered_jump,
    band_exit,
    growing_window,
    improves_between,
    is_hurt_between,
    is_poor,
    is_worse_after,
    peak_end,
    starts_absurdly,
)
from loglens.stats.growth import Growth
from loglens.stats.trend import rising_share

RULE = Rule(
    "exploding-gradient",
    "gradient",
    Severity.ERROR,
    leads_to=("loss-spike", "nan-loss", "divergence", "weight-growth", "loss-not-decreasing"),
)

#: Share of the adjacent layers whose norms have to grow towards the input.
MOST_LAYERS = 0.8
#: Share of the points above `ratio` that is worth a note.
MOST_POINTS = 0.9
#: Chance of the rising steps under a coin below which growth that the loss answers is certain.
CERTAIN = 1e-3


@dataclass(frozen=True)
class Sign:
    """One way in which the gradient explodes, with its evidence.

    calm: the norms before it, to take a clip limit from. curves: what to draw. weights: whether the initial
    weights are the first suspect.
    """

    message: str
    severity: Severity
    confidence: Confidence
    evidence: Mapping[str, object]
    curves: Sequence[Series]
    onset: int | None = None
    end: int | None = None
    calm: Series | None = None
    weights: bool = False


def detect(
    grad_norm_global: Series | None,
    grad_norm_layer: tuple[Series, ...],
    loss: Series | None,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    lr: Series | None,
    run: Run,
    *,
    ratio: float = 1.0,
    factor: float = 10.0,
    t_value: float = 4.0,
    r2: float = 0.7,
    depth_ratio: float = 70.0,
    least: float = 10.0,
    level_ratio: float = 5.0,
    vast: float = 1000.0,
    min_points: int = 10,
) -> Iterator[Finding]:
    whole = total_norm(grad_norm_global, grad_norm_layer)
    if whole is None:
        raise Skip("no gradient norm was logged; log what clip_grad_norm_ returns")
    grad = require(whole, min_points, "gradient norms")
    loss = loss if loss is not None and len(loss.finite) >= 3 else None
    sign = growth(grad, loss, t_value, r2, factor, ratio, vast)
    if sign is None and loss is not None:
        sign = (
            jump(grad, loss, factor)
            or growth_over_depth(grad_norm_layer, loss, ratio, depth_ratio)
            or high_level(grad, loss, (*val_metric_higher, *metric_higher), least, level_ratio)
        )
    if sign is not None:
        yield _finding(sign, grad_norm_layer, lr, run)
    elif (grad.value > ratio).mean() >= MOST_POINTS:
        yield _above_one(grad, ratio)


def growth(
    grad: Series, loss: Series | None, t_value: float, r2: float, factor: float, ratio: float, vast: float
) -> Sign | None:
    """Exponential growth to the end, or up to a peak if it hurt the loss.

    A loss that recovered is named only where the growth was vast: it may have had another reason to rise.
    """
    fit = growing_window(grad.step, grad.value, t_value=t_value, r2=r2, factor=factor)
    if fit is not None:
        onset = int(grad.step[band_exit(grad.value, fit.start)])
        return _grown(grad, fit, onset, loss, loss is not None and is_worse_after(loss.value, _at(loss, onset)), ratio)
    end = peak_end(grad.value)
    rising = grad.before(int(grad.step[end])) if end < len(grad) else grad
    if loss is None or len(rising) < 10:
        return None
    fit = growing_window(rising.step, rising.value, t_value=t_value, r2=r2, factor=factor)
    if fit is None:
        return None
    onset = int(rising.step[band_exit(rising.value, fit.start)])
    finite = loss.finite
    first, last = _at(finite, onset), _at(finite, rising.last_step)
    if improves_between(finite.value, first, last):
        return None
    if is_worse_after(finite.value, first):
        return _grown(rising, fit, onset, loss, True, ratio)
    hurt = fit.factor >= vast and is_hurt_between(finite.value, first, last + (last - first) + 1)
    return _grown(rising, fit, onset, loss, False, ratio, recovered=True) if hurt else None


def _at(curve: Series, step: int) -> int:
    return int(np.searchsorted(curve.step, step))


def _grown(
    grad: Series, fit: Growth, onset: int, loss: Series | None, poor: bool, ratio: float, recovered: bool = False
) -> Sign:
    share, chance = rising_share(grad.value[fit.start :])
    last, per_step = float(grad.value[-1]), float(np.exp(fit.rate))
    sure = Confidence.HIGH if poor and chance < CERTAIN else Confidence.MEDIUM
    return Sign(
        f"{grad.tag} grows {per_step:.4g}-fold per {grad.axis} from {grad.axis} {onset} on, {fit.factor:.3g}-fold in "
        f"all to {last:.3g}: it doubles every {fit.doubling:.3g} {grad.axis}s and would overflow float32 at "
        f"{grad.axis} {fit.overflow_step:.0f}"
        + (f"; {loss.tag} rises with it and recovers" if recovered and loss is not None else ""),
        Severity.ERROR if poor else Severity.WARNING,
        sure if poor or recovered or loss is None else Confidence.LOW,
        {
            "growth_per_step": per_step,
            "growth_per_step_low": float(np.exp(fit.low)),
            "growth_per_step_high": float(np.exp(fit.high)),
            "growth_factor": fit.factor,
            "doubling_steps": fit.doubling,
            "overflow_step": fit.overflow_step,
            "r2": fit.r2,
            "ratio_above_one": share,
            "ratio_above_one_p": chance,
            "share_above_one": float((grad.value[fit.start :] > ratio).mean()),
            "loss_reacts": poor or recovered,
        },
        present(grad, loss),
        onset,
        grad.last_step,
        grad.before(onset),
    )


def jump(grad: Series, loss: Series, factor: float) -> Sign | None:
    """A jump of the norm that the loss answers by leaving its level for good."""
    at = answered_jump(grad.step, grad.value, loss.step, loss.value, factor)
    if at is None:
        return None
    step, calm = int(grad.step[at]), grad.before(int(grad.step[at]))
    peak = float(grad.value[at : at + 50].max())
    normal = float(np.median(calm.value)) if len(calm) else float("nan")
    return Sign(
        f"{grad.tag} jumps from {normal:.3g} to {peak:.3g} at {grad.axis} {step}, and {loss.tag} leaves its level "
        "for good",
        Severity.ERROR,
        Confidence.MEDIUM,
        {"before": normal, "peak": peak, "factor": peak / normal if normal else None},
        (grad, loss),
        step,
        calm=calm,
    )


def growth_over_depth(layers: tuple[Series, ...], loss: Series, ratio: float, depth_ratio: float) -> Sign | None:
    """Norms that grow from layer to layer towards the input, with a poor loss."""
    ordered = in_depth_order(layers)
    norm = np.array([float(np.median(layer.finite.value)) for layer in ordered])
    if len(ordered) < 4 or not (norm > 0).all() or not is_poor(loss.finite.value):
        return None
    share, product = float((norm[:-1] / norm[1:] > ratio).mean()), float(norm[0] / norm[-1])
    if share < MOST_LAYERS or product <= depth_ratio:
        return None
    return Sign(
        f"the gradient grows {product:.3g}-fold from {ordered[-1].layer} back to {ordered[0].layer} "
        f"({share:.0%} of adjacent layers have a ratio above 1.0) and {loss.tag} stays poor",
        Severity.ERROR,
        Confidence.MEDIUM,
        {"depth_ratio": product, "ratio_above_one": share, "layers": [layer.layer for layer in ordered]},
        (ordered[0], loss),
    )


def high_level(
    grad: Series, loss: Series, metrics: tuple[Series, ...], least: float, level_ratio: float
) -> Sign | None:
    """Far above 1.0 at every point, typically several times the loss itself, and a loss that stays poor.

    Norm over loss is free of the unit of the loss; it is large in healthy runs only where the loss
    has come close to zero, which is not poor.
    """
    finite = loss.finite
    height = np.median(np.abs(np.interp(grad.step, finite.step, finite.value)))
    start, middle = float(grad.value[:3].max()), float(np.median(grad.value))
    if not (grad.value > least).all() or not middle > level_ratio * height:
        return None
    absurd = any(starts_absurdly(finite.value, metric.finite.value) for metric in metrics)
    if not absurd and not is_poor(finite.value):
        return None
    times = middle / max(float(np.median(np.abs(finite.value))), 1e-300)
    return Sign(
        f"{grad.tag} starts at {start:.3g} and stays above {least:g} at every one of {len(grad)} points (median "
        f"{middle:.3g}, {times:.3g} times the loss), while {loss.tag} "
        + ("begins far above guessing" if absurd else "stays poor")
        + ": the gradient explodes from the start",
        Severity.WARNING,
        Confidence.MEDIUM,
        {
            "start": start,
            "median": middle,
            "least": float(grad.value.min()),
            "norm_over_loss": times,
            "share_above_one": 1.0,
        },
        (grad, loss),
        weights=True,
    )


def _finding(sign: Sign, layers: tuple[Series, ...], lr: Series | None, run: Run) -> Finding:
    weights = [remedies.change_init("he")] if sign.weights else []
    return Finding(
        sign.message,
        sign.severity,
        sign.confidence,
        onset_step=sign.onset,
        end_step=sign.end,
        evidence=sign.evidence,
        remedies=[*weights, *against_explosion(sign.calm, layers, lr, run, sign.onset)],
        series=tuple(sign.curves),
    )


def _above_one(grad: Series, ratio: float) -> Finding:
    share = float((grad.value > ratio).mean())
    return Finding(
        f"{grad.tag} is above {ratio:g} at {share:.0%} of its points, without growing: no fault by itself, as many "
        "runs that reach their target are like that; if updates look unstable, clip it",
        Severity.NOTE,
        Confidence.LOW,
        evidence={"share_above_one": share, "median": float(np.median(grad.value))},
        remedies=[remedies.clip_grad_norm(grad)],
        series=(grad,),
    )
