"""The loss becomes NaN or infinite.

Why it matters. A NaN in the loss gives NaN gradients, and one update with them turns every weight into NaN.

How it is found. Any logged loss, of training, validation or a GAN, that is NaN or infinite; the onset is the first
such point. If the curve is finite again at its end, it is a warning, not an error. Three ways in which loggers hide a
NaN count too: the gradient norm is NaN to the end while the loss stands still at one number, continues without its
noise, or is not logged (Hugging Face's Trainer replaces NaN losses by a running mean unless logging_nan_inf_filter is
off, huggingface/transformers#13619); a loss that stops while the curves that were logged in the same rows continue
(Ray Tune and Megatron leave a NaN out, pandas writes it as a blank cell; an error where a metric freezes in just
these rows); and every point of a curve being NaN. What moved in the 50 points before decides the advice: gradient
norm, learning rate or loss scale first, else the arithmetic of the loss; half precision first where the log shows it.

When it is wrong. A NaN that stands for "not computed" is data here as everywhere; a loss that was logged only for a
part of training looks like one that was hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loglens.errors import Skip
from loglens.model.companions import broken_before, left_blank, outliving
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.learning import frozen_from
from loglens.model.numbers import number, plural
from loglens.model.run import Run
from loglens.model.series import Series, present
from loglens.model.sign import Sign
from loglens.model.strongest_move import strongest_move, unmoved
from loglens.remedies.nonfinite import skip_batches
from loglens.remedies.precision import advice_for
from loglens.stats.standstill import goes_quiet

RULE = Rule(
    "nan-loss",
    "loss",
    Severity.ERROR,
    leads_to=("non-finite-metric", "zero-loss", "metric-collapse", "metric-stuck", "crashed"),
)

#: Points at the end of the gradient norm that are not finite: one or two are steps that a loss scaler skips.
HIDDEN_POINTS = 3
#: So many curves that were not finite before the loss are named.
NAMED = 3


def detect(
    loss: tuple[Series, ...],
    val_loss: tuple[Series, ...],
    loss_component: tuple[Series, ...],
    metric_higher: tuple[Series, ...],
    val_metric_higher: tuple[Series, ...],
    metric_lower: tuple[Series, ...],
    val_metric_lower: tuple[Series, ...],
    gan_d_loss: tuple[Series, ...],
    gan_g_loss: tuple[Series, ...],
    grad_norm_global: Series | None,
    lr: Series | None,
    loss_scale: Series | None,
    run: Run,
    *,
    min_points: int = 10,
    look_back: int = 50,
    gone_points: int = 5,
) -> Iterator[Finding]:
    losses = [curve for curve in (*loss, *val_loss, *loss_component, *gan_d_loss, *gan_g_loss) if len(curve)]
    if not losses:
        raise Skip("no loss was logged")
    grad, drivers = grad_norm_global, present(grad_norm_global, lr, loss_scale)
    held_out = (*val_metric_higher, *val_metric_lower)
    if sign := never_comes_back(losses, run, drivers, look_back):
        yield sign.finding(advice_for(sign.suspect, sign.curves[0], drivers, sign.onset, run))
    elif grad is not None and (sign := hidden_from_loss(grad, losses[0], drivers, look_back)):
        yield sign.finding(advice_for(sign.suspect, losses[0], drivers, sign.onset, run))
    elif sign := comes_back(losses):
        yield sign.finding(skip_batches())
    elif sign := left_out(losses, run, drivers, look_back, gone_points):
        yield sign.finding(advice_for(sign.suspect, sign.curves[0], drivers, sign.curves[0].last_step, run))
    elif sign := blank(losses, run, held_out or (*metric_higher, *metric_lower), gone_points):
        yield sign.finding(skip_batches())
    elif (longest := max(map(len, losses))) < min_points:
        raise Skip(
            f"no NaN in the loss so far, but too short to judge: {plural(longest, 'point')}, {min_points} needed"
        )


def never_comes_back(losses: Sequence[Series], run: Run, drivers: Sequence[Series], look_back: int) -> Sign | None:
    """A loss that is not finite at its end: the run is dead from the first such point."""
    if not (lasting := [curve for curve in losses if curve.ends_nonfinite]):
        return None
    # of several losses the finest: per batch before per epoch, training before validation
    first = min(lasting, key=lambda curve: (curve.split != "train", -len(curve), curve.first_nonfinite))
    onset = first.first_nonfinite
    moved = strongest_move(drivers, onset, look_back)
    earlier = ", ".join(f"{tag} (from {step})" for step, tag in broken_before(first, run)[:NAMED])
    word = "NaN" if np.isnan(first.value[first.step >= onset][0]) else "infinite"
    how = f"becomes {word}" if np.isfinite(first.value[0]) else f"is {word} from its first point"
    return Sign(
        f"{first.tag} {how} at {first.axis} {number(onset)} and is not finite at the end "
        f"({first.nonfinite / len(first):.0%} of its points)"
        + (f"; {moved.text}" if moved.text else "")
        + (f"; not finite before it: {earlier}" if earlier else ""),
        Severity.ERROR,
        Confidence.HIGH,
        {
            "nonfinite_points": first.nonfinite,
            "points": len(first),
            "last_finite": float(first.finite.value[-1]) if len(first.finite) else None,
            "moved_before": moved.text or unmoved(drivers),
            "curves_not_finite": [curve.tag for curve in lasting],
        },
        (first, *(curve for curve in drivers if curve.role == "grad_norm_global")),
        onset,
        first.last_step,
        moved.role,
    )


def hidden_from_loss(grad: Series, loss: Series, drivers: Sequence[Series], look_back: int) -> Sign | None:
    """The gradient norm is not finite to the end, and the loss only looks fine.

    A loss that still varies is no NaN: then the gradients overflowed, and `skipped-updates` looks at it.
    """
    if grad.nonfinite_tail < HIDDEN_POINTS:
        return None
    onset, finite = int(grad.step[-grad.nonfinite_tail]), loss.finite
    if not goes_quiet(finite.before(onset).value, finite.value[finite.step >= onset]):
        return None
    return Sign(
        f"{grad.tag} is not finite from {grad.axis} {number(onset)} to the end, though {loss.tag} looks fine: "
        "the logger hides NaN losses (a filter or a running mean)",
        Severity.ERROR,
        Confidence.MEDIUM,
        {"nonfinite_points": grad.nonfinite, "points": len(grad)},
        (grad, loss),
        onset,
        grad.last_step,
        strongest_move([curve for curve in drivers if curve is not grad], onset, look_back).role,
    )


def comes_back(losses: Sequence[Series]) -> Sign | None:
    """Points that are not finite, but the curve is finite again at its end."""
    if not (broken := [curve for curve in losses if curve.nonfinite]):
        return None
    first = min(broken, key=lambda curve: curve.first_nonfinite)
    # before the first finite value there may have been nothing to average yet
    only_start = np.isfinite(first.value[np.isfinite(first.value).argmax() :]).all()
    return Sign(
        f"{first.tag} is not finite at {first.nonfinite} of {len(first):,} points, first at {first.axis} "
        f"{first.first_nonfinite}, and finite again at the end",
        Severity.WARNING if first.split == "train" and not only_start else Severity.NOTE,
        Confidence.MEDIUM,
        {"nonfinite_points": first.nonfinite, "points": len(first)},
        (first,),
        first.first_nonfinite,
    )


def left_out(
    losses: Sequence[Series], run: Run, drivers: Sequence[Series], look_back: int, gone_points: int
) -> Sign | None:
    """A loss that stops while a curve of the same rows continues."""
    pairs = ((curve, other) for curve in losses if (other := outliving(curve, run, gone_points)))
    loss, sibling = next(pairs, (None, None))
    if loss is None or sibling is None:
        return None
    beyond = sibling.step[sibling.step > loss.last_step]
    return Sign(
        f"{loss.tag} is not logged after {loss.axis} {number(loss.last_step)}, while {sibling.tag}, logged in the "
        f"same rows until then, continues for {len(beyond):,} points to {sibling.last_step}: a NaN that the logger "
        "left out, most likely",
        Severity.ERROR,
        Confidence.MEDIUM,
        {"points": len(loss), "rows_without": len(beyond), "sibling": sibling.tag},
        (loss, sibling),
        int(beyond[0]),
        sibling.last_step,
        strongest_move(drivers, loss.last_step, look_back).role,
    )


def blank(losses: Sequence[Series], run: Run, metrics: Sequence[Series], min_points: int) -> Sign | None:
    """Rows without a loss, which pandas makes of NaN; metrics that freeze in just these rows are a second sign."""
    if (found := left_blank(losses, run.notes)) is None:
        return None
    loss, message = found
    frozen = frozen_from(metrics, loss.last_step, min_points)
    then = f", and {frozen[0].tag} is exactly {number(frozen[0].value[-1])} from then on" if frozen else ""
    return Sign(
        f"{message}; {loss.tag} ends at {loss.axis} {number(loss.last_step)}{then}",
        Severity.ERROR if frozen else Severity.WARNING,
        Confidence.HIGH if frozen else Confidence.LOW,
        {"points": len(loss), "metrics_frozen": [metric.tag for metric in frozen]},
        (loss, *frozen[:1]),
        loss.last_step,
    )
