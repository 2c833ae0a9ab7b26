"""The remedies for exploding gradients."""

from __future__ import annotations

from loglens.model.finding import Remedy
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions

#: A fault that begins within this share of the run may be one of the start, which a warmup helps against.
EARLY = 0.1


def against_explosion(
    grad: Series,
    layers: tuple[Series, ...],
    lr: Series | None,
    run: Run,
    onset: int | None,
    *,
    from_start: bool = False,
) -> list[Remedy]:
    """The remedies, cheapest first: clip, warm up, lower the learning rate, then cell, weight decay, normalisation.

    onset: a step, or None where no level before is known to clip at. from_start: whether the initial weights are the
    first suspect.
    """
    cell = actions.replace_cell(run, layers)
    length = max((int(curve.step[-1] - curve.step[0]) for curve in run.curves.values() if len(curve)), default=0)
    early = onset is None or onset <= EARLY * length
    return [
        *([actions.change_init("he")] if from_start else []),
        actions.clip_grad_norm(grad.before(onset) if onset is not None else None),
        *([actions.add_warmup(length, onset)] if early else []),
        actions.scale_lr(0.5, lr, "the growth feeds on large updates", onset),
        *([cell, actions.change_init("orthogonal")] if cell else []),
        actions.weight_decay(),
        actions.add_normalization(),
    ]
