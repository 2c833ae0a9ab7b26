"""The norm of the weights grows without bound.

Why it matters. Weights that end unexpectedly large are the oldest sign of an exploding gradient
without its peak: activations saturate or overflow, the effective learning rate dies away, the model
overfits, and the run ends in NaN if it lasts long enough.

How it is found. The norm (logged, or exact from the sums of squares of histograms) at least doubles in the second half
of the run, ends at least four times above its start, and its log-linear slope over that half doubles it even at the
lower end of its 99 % confidence interval: a norm that grows by the same amount each step from zero doubles in that
half in the same way, and growth that slows down is harmless. The loss does not improve in that half to show for it
(nor does the reward, in the whole run); a training loss that gains while the held-out one suffers does not count. The
growth factor of two per window is TheDeepChecker's; that the loss does not improve excludes healthy runs, whose norms
grow as well but ever more slowly (like the root or the logarithm of the step). It is an error where a loss rises in
that half, a warning where none is harmed.

Fewer than 15 norms are not judged: the line through their second half needs eight.

When it is wrong. Scale-invariant nets (weights before a normalisation layer) grow harmlessly for a
long time. With per-layer norms alone, a layer that starts from zero grows by any factor.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import estimate
from loglens.model.series import Series, present
from loglens.remedies import actions as remedies
from loglens.stats.arrays import TINY, Floats
from loglens.stats.blocks import blocks
from loglens.stats.gains import gains
from loglens.stats.growth import Growth, fit_growth
from loglens.stats.levels import levels
from loglens.stats.quantiles import median

RULE = Rule("weight-growth", "weights", Severity.ERROR, leads_to=("nan-loss", "divergence", "overfitting"))

#: Losses of the later half that are needed to judge its fall; of fewer, only a steady doubling is a rise.
MIN_LOSSES = 6
#: Share of all that a loss came down by, below which a further fall is no gain.
SPENT = 0.01
#: A fall by less than a twentieth of its level is no gain either.
MIN_FALL = 0.05
#: A norm that ends ten times above its start leaves no doubt.
SURE = 10.0
#: Share of the points that shows the norm at the start.
START = 0.1


def detect(
    weight_norm_global: Series | None,
    weight_norm_layer: tuple[Series, ...],
    loss: Series | None,
    val_loss: Series | None,
    rl_reward: Series | None,
    lr: Series | None,
    *,
    min_points: int = 15,
    late_factor: float = 2.0,
    total_factor: float = 4.0,
) -> Iterator[Finding]:
    curves = [weight_norm_global] if weight_norm_global is not None else list(weight_norm_layer)
    curves = [curve.finite for curve in curves]
    if not curves:
        raise Skip("no weight norm and no histogram of weights was logged")
    judged = [curve for curve in curves if len(curve) >= min_points]
    if not judged:
        raise Skip(f"needs {min_points} weight norms, has {max(map(len, curves))}")
    growing = [pair for curve in judged if (pair := _grows(curve, late_factor, total_factor))]
    if not growing:
        return
    curve, late = max(growing, key=lambda pair: float(pair[0].value[-1] / pair[0].value[0]))
    losses = present(loss, val_loss)
    harmed = any(_suffers(other, curve) for other in losses)
    if rl_reward is not None and len(rl_reward.finite) >= MIN_LOSSES and gains(rl_reward.finite.value):
        return
    overfits = val_loss is not None and _suffers(val_loss, curve)
    if not overfits and any(_still_gains(other.finite, curve) for other in losses):
        return
    yield _finding(curve, late, [grown.tag for grown, _ in growing], len(judged), harmed, loss is not None, lr)


def _finding(
    curve: Series, late: Growth, growing: list[str], judged: int, harmed: bool, known: bool, lr: Series | None
) -> Finding:
    start, end = float(median(curve.value[:3])), float(median(curve.value[-3:]))
    factor = end / start
    return Finding(
        f"{curve.tag} ends {estimate(factor)} times above its start and still doubles every {estimate(late.doubling)} "
        f"{curve.axis}s" + (f" ({len(growing):,} of {judged} layers grow)" if judged > 1 else ""),
        Severity.ERROR if harmed else Severity.WARNING,
        Confidence.HIGH if factor >= SURE and known else Confidence.MEDIUM,
        onset_step=_onset(curve),
        end_step=curve.last_step,
        evidence={
            "start": start,
            "end": end,
            "factor": factor,
            "late_factor": late.factor,
            "growth_per_step": float(np.exp(late.rate)),
            "doubling_steps": late.doubling,
            "growing_layers": growing if judged > 1 else None,
        },
        remedies=[
            remedies.weight_decay(),
            remedies.scale_lr(0.3, lr, "smaller updates add up to smaller weights"),
            remedies.l1(),
            remedies.add_normalization(),
        ],
        series=(curve,),
    )


def _grows(curve: Series, late_factor: float, total_factor: float) -> tuple[Series, Growth] | None:
    """The curve and the fit of its second half, where both the half and the whole grow enough."""
    half = fit_growth(curve.step, curve.value, len(curve) // 2)
    start, end = float(median(curve.value[:3])), float(median(curve.value[-3:]))
    if half is None or start <= 0 or end < total_factor * start:
        return None
    surely = half.low * float(curve.step[-1] - curve.step[len(curve) // 2])
    if surely < float(np.log(late_factor)):
        return None
    return curve, half


def _late_drop(loss: Series, weights: Series) -> float:
    """By how much a loss falls in the half in which the weights double, over its noise; 0 if unknown."""
    late = loss.value[loss.step >= weights.step[len(weights) // 2]]
    if len(late) < MIN_LOSSES:
        return _late_rise(late)
    found = levels(late)
    # what is left of a loss that has all but vanished is no gain, whatever share of itself it loses
    whole = SPENT * float(np.ptp(loss.value))
    return (found.start - found.end) / max(MIN_FALL * abs(found.start), 2 * found.noise, whole, TINY)


def _late_rise(late: Floats) -> float:
    """-2 where the few points of a loss rise one after the other and double, else 0."""
    rises = len(late) >= 3 and bool((np.diff(late) > 0).all()) and late[-1] > 2 * late[0] > 0
    return -2.0 if rises else 0.0


def _still_gains(loss: Series, weights: Series) -> bool:
    return _late_drop(loss, weights) > 1


def _suffers(loss: Series, weights: Series) -> bool:
    """Whether the loss rises in that half, or is not finite at its end."""
    return not np.isfinite(loss.value[-1]) or _late_drop(loss.finite, weights) < -1


def _onset(curve: Series) -> int:
    """Where the norm leaves the range of its first tenth for good (twice its median there)."""
    block = blocks(curve.step, curve.value)
    normal = float(median(curve.head(START)))
    inside = np.flatnonzero(block.level <= 2 * normal)
    at = min(int(inside[-1]) + 1, len(block) - 1) if len(inside) else 0
    return int(curve.step[block.start[at]])
