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

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import blocks, noise
from loglens.stats.growth import Growth, trailing_fits
from loglens.stats.layer_order import depth_order
from loglens.stats.levels import levels
from loglens.stats.trend import rising_share

RULE = Rule(
    "exploding-gradient",
    "gradient",
    Severity.ERROR,
    leads_to=("loss-spike", "nan-loss", "divergence", "weight-growth", "loss-not-decreasing"),
)


def detect(
    grad_norm_global: Series | None,
    grad_norm_layer: tuple[Series, ...],
    loss: Series | None,
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
    min_points: int = 10,
) -> Iterator[Finding]:
    grad = total_norm(grad_norm_global, grad_norm_layer)
    if grad is None:
        raise Skip("no gradient norm was logged; log what clip_grad_norm_ returns")
    healthy = grad.finite
    if len(healthy) < min_points:
        raise Skip(f"needs {min_points} gradient norms, has {len(healthy)}")
    loss = loss if loss is not None and len(loss.finite) >= 3 else None
    rising, growth = healthy, _growth(healthy, t_value, r2, factor)
    if growth is None:
        rising = _up_to_peak(healthy)
        growth = _burst(rising, loss, t_value, r2, factor)
    if growth is not None:
        yield _grown(rising, growth, loss, grad_norm_layer, lr, run, ratio)
    elif (jump := _jump(healthy, loss, factor)) is not None and loss is not None:
        yield _jumped(healthy, jump, loss, grad_norm_layer, lr, run)
    elif loss is not None and _poor(loss.finite) and (depth := _deep(grad_norm_layer, ratio, depth_ratio)):
        yield _deeper(depth, loss, lr, run)
    elif loss is not None and _too_steep(healthy, loss, least, level_ratio):
        yield _steep(healthy, loss, grad_norm_layer, lr, run, least)
    elif (healthy.value > ratio).mean() >= 0.9:
        yield _above_one(healthy, ratio)


def total_norm(whole: Series | None, layers: tuple[Series, ...]) -> Series | None:
    """The global gradient norm: logged, or the root of the summed squares of the layers' norms."""
    if whole is not None:
        return whole
    if not layers:
        return None
    step = layers[0].step
    same = [layer for layer in layers if np.array_equal(layer.step, step)]
    value = np.sqrt(np.sum([layer.value**2 for layer in same], axis=0))
    tag = same[0].tag if len(same) == 1 else f"{same[0].tag} and {len(same) - 1} more"
    return Series(tag, step.copy(), value, layers[0].time.copy(), layers[0].axis, "grad_norm_global")


# Sign 1: growth -----------------------------------------------------------------------------------


def _growth(grad: Series, t_value: float, r2: float, factor: float) -> Growth | None:
    """The widest trailing window over which the norm grows exponentially, beyond all it was before."""
    found = None
    for fit in trailing_fits(grad.step, grad.value, least=min(20, len(grad))):
        if fit.t > t_value and fit.low > 0 and fit.r2 > r2 and fit.factor >= factor:
            before = grad.value[: fit.start]
            end = float(np.median(grad.value[-max(3, len(grad) // 50) :]))
            if len(before) < 5 or end >= factor * float(np.median(before)):
                found = fit
    return found


def _up_to_peak(grad: Series) -> Series:
    """The norm up to its highest block: what is worn out by an explosion has small gradients again."""
    block = blocks(np.arange(len(grad)), grad.value)
    at = int(np.argmax(block.level))
    return grad.before(int(grad.step[block.start[at + 1]])) if at + 1 < len(block) else grad


def _burst(grad: Series, loss: Series | None, t_value: float, r2: float, factor: float) -> Growth | None:
    """Growth that ended before the run did, if the loss is the worse for it."""
    if loss is None or len(grad) < 10 or not (growth := _growth(grad, t_value, r2, factor)):
        return None
    return growth if _reacts(loss.finite, _leaves_band(grad, growth)) else None


def _grown(
    grad: Series,
    fit: Growth,
    loss: Series | None,
    layers: tuple[Series, ...],
    lr: Series | None,
    run: Run,
    ratio: float,
) -> Finding:
    onset = _leaves_band(grad, fit)
    poor = loss is not None and _reacts(loss, onset)
    share, chance = rising_share(grad.value[fit.start :])
    last = float(grad.value[-1])
    per_step = float(np.exp(fit.rate))
    return Finding(
        f"{grad.tag} grows {per_step:.4g}-fold per {grad.axis} from {grad.axis} {onset} on, {fit.factor:.3g}-fold in "
        f"all to {last:.3g}: it doubles every {fit.doubling:.3g} {grad.axis}s and would overflow float32 at "
        f"{grad.axis} {fit.overflow_step:.0f}",
        Severity.ERROR if poor else Severity.WARNING,
        Confidence.HIGH if poor and chance < 1e-3 else Confidence.MEDIUM if poor or loss is None else Confidence.LOW,
        onset_step=onset,
        end_step=int(grad.step[-1]),
        evidence={
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
            "loss_reacts": poor,
        },
        remedies=_advice(grad.before(onset), layers, lr, run, onset),
        series=(grad, *((loss,) if loss is not None else ())),
    )


def _leaves_band(grad: Series, fit: Growth) -> int:
    """The first step after the norm was last inside the band of the points before the growth."""
    calm = grad.value[: fit.start] if fit.start >= 5 else grad.value[: max(3, len(grad) // 10)]
    top = float(np.percentile(calm, 90))
    block = blocks(np.arange(len(grad)), grad.value, most=100, least=1 if len(grad) < 300 else 3)
    inside = np.flatnonzero(block.level <= top)
    at = min(int(inside[-1]) + 1, len(block) - 1) if len(inside) else 0
    return int(grad.step[block.start[at]])


def _reacts(loss: Series, onset: int) -> bool:
    """Whether the loss is worse for the growth: not finite, or above its level before, or never better."""
    after = loss.value[loss.step >= onset]
    if len(after) and not np.isfinite(after[-1]):
        return True
    before, after = loss.before(onset).finite.value, after[np.isfinite(after)]
    if len(after) < 3:
        return False
    if len(before) < 3:
        return _poor(loss.finite)
    end = float(np.median(after[-max(3, len(after) // 5) :]))
    level = float(np.median(before[-20:]))
    return end > level + 3 * noise(before[-100:])


# Sign 2: a jump that the loss answers ---------------------------------------------------------------


def _jump(grad: Series, loss: Series | None, factor: float) -> int | None:
    """Step of the first jump of the norm that the loss answers by leaving its level for good."""
    if loss is None or len(grad) < 20:
        return None
    block = blocks(np.arange(len(grad)), grad.value, most=100)
    block_of = np.searchsorted(block.start, np.arange(len(grad)), side="right") - 1
    recent = np.array([np.median(block.level[max(0, i - 5) : i]) if i else np.inf for i in range(len(block))])
    for at in np.flatnonzero(grad.value > factor * recent[block_of]):
        step = int(grad.step[at])
        # back to a height that it had before is no explosion (a cycle of the learning rate, say)
        if grad.value[at] > 2 * np.percentile(grad.value[:at], 95) and _leaves(loss, step):
            return step
    return None


def _leaves(loss: Series, step: int) -> bool:
    """Whether the loss jumps soon after `step` (50 points, at most a twentieth of the run) and stays up.

    A loss that is up at that very step already is a spike of its own (a bad batch, say).
    """
    split = int(np.searchsorted(loss.step, step))
    within = max(3, min(50, len(loss) // 20))
    before = loss.value[max(0, split - 50) : split]
    before, after = before[np.isfinite(before)], loss.value[split : split + within]
    if len(before) < 3 or not len(after):
        return False
    if not np.isfinite(after).all():
        return not np.isfinite(loss.value[-1])
    level, bar = float(np.median(before)), 6 * noise(before)
    jumped = level + max(bar, abs(level))
    if float(after.max()) <= jumped or float(after[0]) > jumped:
        return False  # the gradient of a step cannot be the cause of that step's own loss
    rest = loss.finite.value[split + within :]
    back = level + max(bar / 2, 0.2 * abs(level))
    return len(rest) >= 3 and bool((blocks(np.arange(len(rest)), rest).level > back).all())


def _jumped(grad: Series, step: int, loss: Series, layers: tuple[Series, ...], lr: Series | None, run: Run) -> Finding:
    calm = grad.before(step)
    at = int(np.searchsorted(grad.step, step))
    peak = float(grad.value[at : at + 50].max())
    normal = float(np.median(calm.value)) if len(calm) else float("nan")
    return Finding(
        f"{grad.tag} jumps from {normal:.3g} to {peak:.3g} at {grad.axis} {step}, and {loss.tag} leaves its level "
        "for good",
        Severity.ERROR,
        Confidence.MEDIUM,
        onset_step=step,
        evidence={"before": normal, "peak": peak, "factor": peak / normal if normal else None},
        remedies=_advice(calm, layers, lr, run, step),
        series=(grad, loss),
    )


# Sign 3: over depth -------------------------------------------------------------------------------


def _deep(layers: tuple[Series, ...], ratio: float, depth_ratio: float) -> tuple[list[Series], float, float] | None:
    """Layers from input to output, share of adjacent ratios above 1.0 towards the input, and their product."""
    ordered = [layers[i] for i in depth_order([layer.layer or layer.tag for layer in layers])]
    ordered = [layer for layer in ordered if "bias" not in layer.tag and len(layer.finite)]
    if len(ordered) < 4:
        return None
    norm = np.array([float(np.median(layer.finite.value)) for layer in ordered])
    if not (norm > 0).all():
        return None
    adjacent = norm[:-1] / norm[1:]
    share, product = float((adjacent > ratio).mean()), float(norm[0] / norm[-1])
    return (ordered, share, product) if share >= 0.8 and product > depth_ratio else None


def _deeper(depth: tuple[list[Series], float, float], loss: Series, lr: Series | None, run: Run) -> Finding:
    ordered, share, product = depth
    return Finding(
        f"the gradient grows {product:.3g}-fold from {ordered[-1].layer} back to {ordered[0].layer} "
        f"({share:.0%} of adjacent layers have a ratio above 1.0) and {loss.tag} stays poor",
        Severity.ERROR,
        Confidence.MEDIUM,
        evidence={
            "depth_ratio": product,
            "ratio_above_one": share,
            "layers": [layer.layer for layer in ordered],
        },
        remedies=_advice(None, tuple(ordered), lr, run, None),
        series=(ordered[0], loss),
    )


# Sign 4: the level --------------------------------------------------------------------------------


def _too_steep(grad: Series, loss: Series, least: float, level_ratio: float) -> bool:
    """Far above 1.0 at every point, typically several times the loss itself, and a loss that stays poor.

    Norm over loss is free of the unit of the loss; it is large in healthy runs only where the loss
    has come close to zero, which is not poor.
    """
    finite = loss.finite
    height = np.abs(np.interp(grad.step, finite.step, finite.value))
    if not (grad.value > least).all() or not np.median(grad.value) > level_ratio * np.median(height):
        return False
    return _poor(finite)


def _poor(loss: Series) -> bool:
    """The loss has not come down to a twentieth of its level once the first twentieth is over."""
    if len(loss) < 5:
        return False
    settled = loss.value[len(loss) // 20 : len(loss) // 10 + 3]
    return levels(loss.value).end > 0.05 * float(np.median(settled))


def _steep(
    grad: Series, loss: Series, layers: tuple[Series, ...], lr: Series | None, run: Run, least: float
) -> Finding:
    start, middle = float(grad.value[:3].max()), float(np.median(grad.value))
    times = middle / max(float(np.median(np.abs(loss.finite.value))), 1e-300)
    return Finding(
        f"{grad.tag} starts at {start:.3g} and stays above {least:g} at every one of {len(grad)} points (median "
        f"{middle:.3g}, {times:.3g} times the loss), while {loss.tag} stays poor: the gradient explodes from the start",
        Severity.WARNING,
        Confidence.MEDIUM,
        evidence={
            "start": start,
            "median": middle,
            "least": float(grad.value.min()),
            "norm_over_loss": times,
            "share_above_one": 1.0,
        },
        remedies=[remedies.change_init("he"), *_advice(None, layers, lr, run, None)],
        series=(grad, loss),
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


def _advice(
    calm: Series | None, layers: tuple[Series, ...], lr: Series | None, run: Run, onset: int | None
) -> list[Remedy]:
    """Cheapest first: clip, lower or warm up the learning rate, then the cell, the weights, the net."""
    cell = remedies.replace_cell(run, layers)
    steps = [int(curve.step[-1] - curve.step[0]) for curve in run.curves.values() if len(curve)]
    length = max(steps, default=0)
    early = onset is None or onset <= 0.1 * length
    slow = remedies.scale_lr(0.5, lr, "the growth feeds on large updates")
    return [
        remedies.clip_grad_norm(calm),
        *([remedies.add_warmup(length, onset)] if early else []),
        slow,
        *([cell, remedies.change_init("orthogonal")] if cell else []),
        remedies.weight_decay(),
        remedies.add_normalization(),
    ]
