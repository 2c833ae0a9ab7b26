"""A layer does not learn: its weights stay exactly as they were.

Why it matters. A layer that is not in the optimizer, or behind a detached graph, stays as random as it was
initialised, while everything else trains around it.

How it is found. The update of a layer is exactly zero, or its weight norm the same number, at every one of
at least five points (SageMaker Debugger's UnchangedTensor takes three), while the learning rate is not
zero. Exact equality is used, since converged layers move little but do move. Where neither was logged, a
gradient norm of exactly zero at every point is taken for it (a cut graph), if the other layers' norms are
large enough to rule out underflow. A layer whose update or norm is the same for the last fifth of the
run, while others move on, has stopped, and so have all of them where every norm stands still; norms that were printed
with six digits or fewer do not show this. Where all norms are the same at every point and the loss comes down
anyway, they were not measured.

A validation loss of full precision that is the same number at five evaluations or more, a fifth of all, to the end says
the same of the whole model, while the rate is not zero: a pass over the same data gives another number after any
update. One that was repeated before (a table that repeats the last value in every row) does not.

When it is wrong. Layers that are frozen on purpose (transfer learning, adapters) are found too. Weight
decay moves a layer without a gradient.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.numbers import number
from loglens.model.series import Series
from loglens.remedies import actions as remedies
from loglens.stats.levels import levels
from loglens.stats.quantiles import median
from loglens.stats.stillness import is_rounded, still_from

RULE = Rule("unchanged-weights", "weights", Severity.WARNING)

#: Norms below this may belong to gradients that underflow in the next layer (float32 ends at 1e-38).
UNDERFLOW = 1e-12
#: Losses that show a fall.
LOSS_POINTS = 5


def detect(
    update_norm_layer: tuple[Series, ...],
    weight_norm_layer: tuple[Series, ...],
    grad_norm_layer: tuple[Series, ...],
    loss: Series | None,
    val_loss: Series | None,
    lr: Series | None,
    *,
    min_points: int = 5,
    stopped: float = 0.2,
    gain: float = 0.05,
) -> Iterator[Finding]:
    updates = [curve.finite for curve in update_norm_layer if len(curve.finite) >= min_points]
    norms = [curve.finite for curve in weight_norm_layer if len(curve.finite) >= min_points]
    grads = [curve.finite for curve in grad_norm_layer if len(curve.finite) >= min_points]
    if (found := _same_answers(val_loss, loss, lr, min_points, stopped)) is not None:
        yield found
        return
    if not updates and not norms and not grads:
        raise Skip(f"needs {min_points} updates, weight norms or gradient norms of a layer")
    if lr is not None and len(lr) and not lr.value.any():
        raise Skip("the learning rate is zero throughout, so nothing can change")
    still = [curve for curve in updates if not curve.value.any()]
    constant = [curve for curve in norms if (curve.value == curve.value[0]).all() and curve.value[0] != 0]
    moving = {curve.layer for curve in updates if curve.value.any()}
    covered = {curve.layer for curve in (*updates, *norms)}
    cut = [curve for curve in _cut(grads) if curve.layer not in covered]
    frozen = {curve.layer: curve for curve in (*constant, *still, *cut) if curve.layer not in moving}
    # a norm layer's gain or a buffer may be constant by design; weights alone count where both are known
    frozen = {layer: curve for layer, curve in frozen.items() if "bias" not in (layer or "")}
    if frozen and len(constant) == len(norms) and not updates and _comes_down(loss, gain):
        raise Skip("every weight norm is the same at every point while the loss comes down: they were not measured")
    if not frozen:
        if (found := _stop(updates, norms, lr, max(min_points, 1), stopped)) is not None:
            yield found
        return
    yield _frozen(frozen, {curve.layer for curve in (*updates, *norms, *grads)})


def _frozen(frozen: dict[str | None, Series], known: set[str | None]) -> Finding:
    """The finding for layers that never change, of all whose curves are known."""
    shown = next(iter(frozen.values()))
    names = ", ".join(str(layer) for layer in list(frozen)[:3]) + (" ..." if len(frozen) > 3 else "")
    return Finding(
        f"{len(frozen)} of {len(known):,} layers never change: {names} (not in the optimizer, frozen or detached)",
        Severity.WARNING,
        Confidence.HIGH,
        end_step=shown.last_step,
        evidence={"layers": list(frozen), "points": len(shown)},
        remedies=[remedies.unfreeze(str(next(iter(frozen)))), remedies.check_optimizer_step()],
        series=(shown,),
    )


def _cut(grads: list[Series]) -> list[Series]:
    """The layers whose gradient is exactly zero throughout, while that of no other layer is near underflow."""
    alive = [float(median(curve.value)) for curve in grads if curve.value.any()]
    if not alive or min(alive) < UNDERFLOW:
        return []
    return [curve for curve in grads if not curve.value.any()]


def _comes_down(loss: Series | None, gain: float) -> bool:
    return loss is not None and len(loss.finite) >= LOSS_POINTS and levels(loss.finite.value).drop > gain


def _stop(
    updates: list[Series], norms: list[Series], lr: Series | None, min_points: int, share: float
) -> Finding | None:
    """The layers whose weights stop changing before the end; None without one, or where the learning rate is zero."""
    known = updates or [curve for curve in norms if not is_rounded(curve.value)]
    stopped = {}
    for curve in known:
        first = still_from(curve.value)
        still = len(curve) - first >= max(min_points, share * len(curve)) and (not updates or curve.value[-1] == 0)
        if still and "bias" not in (curve.layer or "") and not _rate_is_zero(lr, int(curve.step[first])):
            stopped[curve.layer] = (int(curve.step[first]), curve)
    if not stopped:
        return None
    layer, (step, shown) = min(stopped.items(), key=lambda item: item[1][0])
    return Finding(
        f"{len(stopped)} of {len(known):,} layers stop changing, first {layer} at {shown.axis} {number(step)}",
        Severity.WARNING,
        Confidence.MEDIUM,
        onset_step=step,
        end_step=shown.last_step,
        evidence={"layers": list(stopped), "points": len(shown)},
        remedies=[remedies.unfreeze(str(layer)), remedies.check_optimizer_step()],
        series=(shown,),
    )


def _same_answers(
    val_loss: Series | None, loss: Series | None, lr: Series | None, min_points: int, share: float
) -> Finding | None:
    """The model whose validation loss does not change any more; None where it moves, or where that may be otherwise."""
    if val_loss is None or len(val_loss) < min_points or not np.isfinite(val_loss.value).all():
        return None
    value = val_loss.value
    first = still_from(value)
    if len(value) - first < max(min_points, share * len(value)) or is_rounded(value[-1:]):
        return None
    if (np.diff(value[: first + 1]) == 0).any() or (loss is not None and still_from(loss.value) < len(loss) - 1):
        return None
    step = int(val_loss.step[first])
    if _rate_is_zero(lr, step):
        return None
    return Finding(
        f"no weight changes any more: {val_loss.tag} is {number(float(value[-1]))}, the same number to its last digit, "
        f"at its last {len(value) - first:,} evaluations, from {val_loss.axis} {number(step)} on",
        Severity.WARNING,
        Confidence.HIGH,
        onset_step=step,
        end_step=val_loss.last_step,
        evidence={"points": len(value) - first, "value": float(value[-1])},
        remedies=[remedies.check_optimizer_step()],
        series=(val_loss,),
    )


def _rate_is_zero(lr: Series | None, step: int) -> bool:
    """Whether the learning rate was zero from a step to the end."""
    rates = lr.value[lr.step >= step] if lr is not None else np.ones(1)
    return len(rates) > 0 and not rates.any()
