"""The loss stays at its starting or chance level.

Why it matters. The model learns nothing: whatever runs, it is not training. Every further hour is lost.

How it is found. The loss ends less than 5 % below where it started (medians of the first and last points), no
block in between was lower than that by more than its noise, and the validation loss, if there is one, gained
as little; 10 % of training loss are allowed where validation stays at chance, as memorising shuffled labels
looks like that, and three standard errors of the first twentieth where the norm of the weights is one and the
same number throughout. A classifier that guesses has a loss of ln C for C classes (Karpathy, A Recipe for
Training Neural Networks, 2019; 2.303 for ten), so a level within 2 % of an ln C is named as chance. Or the
loss gains less than 15 % after its first tenth, and not one logged metric between 0 and 1, first measured
before the loss had fallen by half of its way, covers 5 % of its way to 1: then the first tenth only taught it
the mean. Or, a warning, it gains less than a third in all and less than 5 % after its first tenth, and ten or
more validation losses end within 2 % of the first one; if it gained more in that first tenth, this is a note,
as a run that converged at once looks alike. All of this is a warning only with fewer than 20 points or 100
steps, while the learning rate still warms up, or where noise could hide the gain: where a line that gains as
much lies within the 99 % interval of the trend. 5 % between first and last medians alone calls 3.9 % of runs
dead that reach their target; the noise and the validation loss are there to spare them.

Where it would be a warning and nothing but the curve itself bears it out (no ln C, no validation loss at chance, no
rate of zero, not one and the same value throughout), it is a note: of simulated noisy losses that fall by 3 %, up to
55 % were warned of, and fine-tunes and diffusion models have such losses.

A log that begins at twice its own length is the tail of a resumed run: what was learned before is not in it, and
the rule is skipped.

When it is wrong. Fine-tuning that starts near its optimum gains little and is fine. A learning rate
far too low, labels that belong to other inputs and an optimiser that never steps look alike in
one curve; the advice says how to tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Remedy, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.blocks import blocks, noise
from loglens.stats.levels import Levels, fell_at_once, levels
from loglens.stats.trend import trend

RULE = Rule("loss-not-decreasing", "loss", Severity.ERROR, leads_to=("underfitting", "metric-stuck"), supervised=True)


def detect(
    loss: Series,
    val_loss: Series | None,
    lr: Series | None,
    grad_norm_global: Series | None,
    weight_norm_global: Series | None,
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    run: Run,
    *,
    min_points: int = 10,
    gain: float = 0.05,
    chance: float = 0.02,
    late_start: float = 2.0,
) -> Iterator[Finding]:
    curve = loss.finite
    if len(curve) < min_points:
        raise Skip(f"needs {min_points} losses, has {len(curve)}")
    if curve.step[0] > late_start * (curve.last_step - curve.step[0]):
        raise Skip(
            f"the log begins at {curve.axis} {curve.step[0]} of {curve.last_step}: the start of training is not in it"
        )
    found = levels(curve.value)
    held_out = val_loss.finite if val_loss is not None and len(val_loss.finite) >= 3 else None
    guessing = None
    if held_out is not None and len(held_out) >= 5 and abs(levels(held_out.value).drop) < chance:
        guessing = _chance_classes(float(np.median(held_out.value[-3:])), chance)
    # a net that only memorises shuffled labels lowers its training loss a little, and guesses elsewhere
    bar = (2 * gain if guessing else gain) * abs(found.start)
    if weight_norm_global is not None and _same(weight_norm_global.finite.value) and _by_chance(curve.value, found):
        bar = max(bar, found.start - found.end + 4 * found.noise)  # no weight moves: what it seems to gain is noise
    metrics = (*metric_higher, *val_metric_higher)
    stuck = _metrics_stuck(metrics, gain)
    # a sum of parts was never logged itself, so it knows of no earlier start
    began = run.first(curve.tag) if curve.tag in run.curves else found.start
    if fell_at_once(curve.value) and not _chance_classes(found.end, chance):
        began = float(curve.value[0])  # logged so rarely that it had come down by the second point
    if began - found.end < bar and not _learned(found, bar) and not _gained(held_out, gain):
        # a rise is for divergence to name, and a metric that improves acquits
        if found.end <= _start(curve, found) + 2 * bar and not _moved(_bounded(metrics, 1.0), 4 * gain):
            yield _stuck(curve, found, guessing, lr, grad_norm_global, val_loss, bar, chance)
        return
    late = levels(_after_first_tenth(curve))
    if late.end > found.best + 0.25 * abs(found.best):
        return  # it had learned, and lost it again: that is divergence
    if late.drop < 3 * gain and stuck and _saw_start(stuck, curve, max(began, found.start), late.end):
        yield _guesses(curve, late, stuck, lr, grad_norm_global, gain)
    elif late.drop < gain and held_out is not None and len(held_out) >= min_points and not run.rewinds:
        known = levels(held_out.value)
        early = began - late.end < abs(began) / 3
        if abs(known.drop) < chance and known.start - known.best < 2 * chance * abs(known.start):
            yield _never_generalises(curve, late, held_out, known, lr, grad_norm_global, early)


def _learned(found: Levels, bar: float) -> bool:
    """Whether the end or any block is below the start by more than the bar, beyond its noise.

    Half of the bar is enough for a curve so smooth that it is ten times its noise.
    """
    fell = found.start - found.best
    # half of the start is gone whatever the noise, which a later explosion would inflate
    smooth = found.start - found.end >= max(bar / 2, 10 * found.noise)
    return smooth or found.start - found.end >= bar or fell >= bar + 4 * found.noise or fell >= abs(found.start) / 2


def _same(norm: NDArray[np.float64]) -> bool:
    """Whether a norm of ten points or more is one and the same number throughout, and not zero."""
    return len(norm) >= 10 and bool(norm[0] > 0 and (norm == norm[0]).all())


def _by_chance(value: NDArray[np.float64], found: Levels) -> bool:
    """Whether the first twentieth lies above the end by less than three standard errors of its median."""
    head = value[: max(3, len(value) // 20)]
    return float(np.median(head)) - found.end < 3 * 1.25 * found.point_noise / float(np.sqrt(len(head)))


def _long_enough(curve: Series, lr: Series | None) -> bool:
    """Whether a healthy run would have moved by now: 20 points, 100 updates where they are counted, past its warmup."""
    rate = lr.finite.value if lr is not None else np.zeros(0)
    warming = len(rate) > 1 and rate[-1] > 1.01 * rate[-max(2, len(rate) // 10)]
    updates = float(curve.step[-1] - curve.step[0]) if curve.axis == "step" else np.inf
    return len(curve) >= 20 and updates >= 100 and not warming


def _flat(value: NDArray[np.float64], fall: float) -> bool:
    """Whether the noise would not hide a fall of that much: no line within the 99 % interval of the trend falls so."""
    block = blocks(np.arange(len(value)), value)
    return -trend(block.x, block.level).low * len(value) < fall


def _start(curve: Series, found: Levels) -> float:
    """The start, or the level of the first tenth where that is as good as the same: few first points are noisy."""
    tenth = float(np.median(curve.value[: max(3, len(curve) // 10)]))
    # a median of three points has 1.25 / sqrt(3) times their standard deviation
    return max(found.start, min(tenth, found.start + 3 * 0.72 * found.point_noise))


def _after_first_tenth(curve: Series) -> NDArray[np.float64]:
    """By steps, as some log every step at first and every thousandth later."""
    begin = curve.step[0] + 0.1 * (curve.step[-1] - curve.step[0])
    return curve.value[min(int(np.searchsorted(curve.step, begin)), len(curve) - 5) :]


def _gained(held_out: Series | None, gain: float) -> bool:
    if held_out is None:
        return False
    first, last = float(np.median(held_out.value[:2])), float(np.median(held_out.value[-3:]))
    return first - last >= gain * abs(first)


def _stuck(
    curve: Series,
    found: Levels,
    guessing: int | None,
    lr: Series | None,
    grad: Series | None,
    val_loss: Series | None,
    bar: float,
    chance: float,
) -> Finding:
    classes = _chance_classes(found.end, chance)
    frozen = lr is not None and len(lr) and not lr.value.any()
    level = f", at ln {classes}, the level of guessing among {classes} classes" if classes else ""
    if guessing and not classes:
        level = f", while validation stays at ln {guessing}, the level of guessing among {guessing} classes"
    witness = bool(classes or guessing or frozen or _same(curve.value))
    return Finding(
        f"{curve.tag} starts at {found.start:.4g} and ends at {found.end:.4g}{level}: a change of "
        f"{0 - round(found.drop, 3) + 0:+.1%} in {len(curve)} points"
        + (f"; {lr.tag} is 0 throughout" if frozen and lr else ""),
        Severity.ERROR
        if _long_enough(curve, lr) and _flat(curve.value, bar)
        else Severity.WARNING
        if witness
        else Severity.NOTE,
        Confidence.HIGH if witness else Confidence.MEDIUM,
        end_step=int(curve.step[-1]),
        evidence={
            "start": found.start,
            "end": found.end,
            "lowest": found.best,
            "drop": found.drop,
            "point_noise": found.point_noise,
            "chance_classes": classes or guessing,
        },
        remedies=_advice(lr, grad, bool(frozen)),
        series=(curve, *((val_loss,) if val_loss is not None else ())),
    )


def _guesses(
    curve: Series, late: Levels, stuck: list[Series], lr: Series | None, grad: Series | None, gain: float
) -> Finding:
    """The loss came down to what the mean of the targets gives, and the metric never left its start."""
    metric = stuck[-1]
    first, last = float(np.median(metric.value[:3])), float(np.median(metric.value[-3:]))
    return Finding(
        f"{metric.tag} never leaves its start ({first:.3g}, at the end {last:.3g} in {len(metric)} points), and "
        f"{curve.tag} stays at {late.end:.4g} from the first tenth on: the model only learned the mean of its targets",
        Severity.ERROR if _long_enough(curve, lr) and _flat(-metric.value, gain * (1 - first)) else Severity.WARNING,
        Confidence.MEDIUM,
        end_step=int(curve.step[-1]),
        evidence={"metric": metric.tag, "metric_start": first, "metric_end": last, "late_drop": late.drop},
        remedies=_advice(lr, grad, frozen=False),
        series=(metric, curve),
    )


def _never_generalises(
    curve: Series, late: Levels, held_out: Series, known: Levels, lr: Series | None, grad: Series | None, early: bool
) -> Finding:
    """What the first tenth of the run taught it did nothing for unseen data, and nothing came after it.

    early: by then little was learned. Else it may have converged at once, which one run's curves cannot tell apart.
    """
    doubt = (
        ": it converged before its first evaluation, or learned only the mean of its targets; compare with the loss "
        "of a constant guess"
    )
    return Finding(
        f"{held_out.tag} is at its end where it was at its first evaluation ({known.start:.4g}, {known.end:.4g}), and "
        f"{curve.tag} stays at {late.end:.4g} from the first tenth on" + ("" if early else doubt),
        Severity.WARNING if early else Severity.NOTE,
        Confidence.MEDIUM if early else Confidence.LOW,
        end_step=int(curve.step[-1]),
        evidence={"val_start": known.start, "val_end": known.end, "late_drop": late.drop, "evaluations": len(held_out)},
        remedies=_advice(lr, grad, frozen=False),
        series=(curve, held_out),
    )


def _bounded(metrics: tuple[Series, ...], highest: float, least: int = 10) -> list[Series]:
    """The metrics between 0 and 1 with enough points that end at `highest` at the most."""
    finite = [metric.finite for metric in metrics if len(metric.finite) >= least]
    inside = [metric for metric in finite if metric.value.min() >= 0 and metric.value.max() <= 1]
    return [metric for metric in inside if _ends(metric)[1] <= highest]


def _metrics_stuck(metrics: tuple[Series, ...], gain: float) -> list[Series]:
    """The metrics that end below 0.6, if not one of them covers more than `gain` of its way to 1.

    One that ends higher says nothing: it may have started there, or guessing gets that far.
    """
    judged = _bounded(metrics, 0.6)
    return [] if _moved(judged, gain) else judged


def _saw_start(metrics: list[Series], curve: Series, began: float, end: float) -> bool:
    """Whether a metric was first measured before half of all that the loss fell, so that its start is known."""
    for metric in metrics:
        span, whole = (float(each.step[-1] - each.step[0]) for each in (metric, curve))
        same = 0.5 * whole <= span <= 2 * whole  # else one of them counts epochs, and its share of the run tells
        at = int(np.searchsorted(curve.step, metric.step[0])) if same else len(curve) // len(metric)
        if at < 3 or float(np.median(curve.value[at - 2 : at + 1])) >= (began + end) / 2:
            return True
    return began <= end


def _moved(metrics: list[Series], gain: float) -> bool:
    """Whether any metric covers a share `gain` of its way to 1, or half of it so smoothly that it is no chance."""
    for metric in metrics:
        first, last = _ends(metric)
        way = gain * (1 - first)
        if last - first >= min(way, max(way / 2, 10 * noise(metric.value))):
            return True
    return False


def _ends(metric: Series) -> tuple[float, float]:
    """Level of the first twentieth and of the last tenth."""
    head, tail = max(3, len(metric) // 20), max(3, len(metric) // 10)
    return float(np.median(metric.value[:head])), float(np.median(metric.value[-tail:]))


def _chance_classes(level: float, tolerance: float) -> int | None:
    """The C of which ln C is within `tolerance` (relative) of the level; None if none or too many fit."""
    if not 0.6 < level < 12:
        return None
    classes = round(float(np.exp(level)))
    known = classes <= 10 or classes in (
        12,
        15,
        16,
        20,
        26,
        27,
        37,
        43,
        50,
        64,
        65,
        80,
        90,
        91,
        100,
        101,
        102,
        128,
    )
    named = known or classes in (196, 200, 256, 365, 400, 1000, 10000, 21841, 30522, 32000, 50257, 50304)
    near = min((c for c in (*range(2, 11), 20, 100, 200, 1000, 32000, 50257)), key=lambda c: abs(np.log(c) - level))
    if abs(np.log(near) - level) <= tolerance * level:
        return int(near)
    return classes if named and abs(np.log(classes) - level) <= tolerance * level else None


def _advice(lr: Series | None, grad: Series | None, frozen: bool) -> list[Remedy]:
    still = grad is not None and len(grad) and not np.nan_to_num(grad.value).any()
    step = remedies.check_optimizer_step()
    labels = remedies.check_labels()
    faster = remedies.scale_lr(10.0, None if frozen else lr, "a learning rate far too low moves nothing")
    return [step, faster, labels] if frozen or still else [labels, step, faster]
