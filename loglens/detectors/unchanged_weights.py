"""A layer does not learn: its weights stay exactly as they were.

Why it matters. A layer that is not in the optimizer, or behind a detached graph, stays as random as it was
initialised, while everything else trains around it.

How it is found. The update of a layer is exactly zero, or its weight norm the same number, at every one of
at least five points (SageMaker Debugger's UnchangedTensor takes three), while the learning rate is not
zero. Exact equality is used, since converged layers move little but do move. Where neither was logged, a
gradient norm of exactly zero at every point is taken for it (a cut graph), if the other layers' norms are
large enough that it is no underflow.

When it is wrong. Layers that are frozen on purpose (transfer learning, adapters) are found too. Weight
decay moves a layer without a gradient.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from loglens.errors import Skip
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.series import Series
from loglens.remedies import actions as remedies

RULE = Rule("unchanged-weights", "weights", Severity.WARNING)

#: Norms below this may belong to gradients that underflow in the next layer (float32 ends at 1e-38).
UNDERFLOW = 1e-12


def detect(
    update_norm_layer: tuple[Series, ...],
    weight_norm_layer: tuple[Series, ...],
    grad_norm_layer: tuple[Series, ...],
    lr: Series | None,
    *,
    min_points: int = 5,
) -> Iterator[Finding]:
    updates = [curve.finite for curve in update_norm_layer if len(curve.finite) >= min_points]
    norms = [curve.finite for curve in weight_norm_layer if len(curve.finite) >= min_points]
    grads = [curve.finite for curve in grad_norm_layer if len(curve.finite) >= min_points]
    if not updates and not norms and not grads:
        raise Skip(f"needs {min_points} updates, weight norms or gradient norms of a layer")
    if lr is not None and len(lr) and not lr.value.any():
        raise Skip("the learning rate is zero throughout, so nothing can change")
    still = [curve for curve in updates if not curve.value.any()]
    constant = [curve for curve in norms if (curve.value == curve.value[0]).all() and curve.value[0] != 0]
    moving = {curve.layer for curve in updates if curve.value.any()}
    told = {curve.layer for curve in (*updates, *norms)}
    cut = [curve for curve in _cut(grads) if curve.layer not in told]
    frozen = {curve.layer: curve for curve in (*constant, *still, *cut) if curve.layer not in moving}
    # a norm layer's gain or a buffer may be constant by design; weights alone count where both are known
    frozen = {layer: curve for layer, curve in frozen.items() if "bias" not in (layer or "")}
    if not frozen:
        return
    shown = next(iter(frozen.values()))
    known = {curve.layer for curve in (*updates, *norms, *grads)}
    names = ", ".join(str(layer) for layer in list(frozen)[:3]) + (" ..." if len(frozen) > 3 else "")
    yield Finding(
        f"{len(frozen)} of {len(known)} layers never change: {names} (not in the optimizer, frozen or detached)",
        Severity.WARNING,
        Confidence.HIGH,
        end_step=shown.last_step,
        evidence={"layers": list(frozen), "points": len(shown)},
        remedies=[remedies.unfreeze(str(next(iter(frozen)))), remedies.check_optimizer_step()],
        series=(shown,),
    )


def _cut(grads: list[Series]) -> list[Series]:
    """The layers whose gradient is exactly zero throughout, while that of no other layer is near underflow."""
    alive = [float(np.median(curve.value)) for curve in grads if curve.value.any()]
    if not alive or min(alive) < UNDERFLOW:
        return []
    return [curve for curve in grads if not curve.value.any()]
