"""The remedies for exploding gradients."""

from __future__ import annotations

from loglens.model.finding import Remedy
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.remedies import actions

#: A fault that begins within this share of the run may be one of the start, which a warmup helps against.
EARLY = 0.1


def against_explosion(
    calm: Series | None, layers: tuple[Series, ...], lr: Series | None, run: Run, onset: int | None
) -> list[Remedy]:
    """The remedies, cheapest first: clip, warm up, lower the learning rate, then cell, weight decay, normalisation.

    calm: the gradient norms before the onset, or None where there are none.
    """
    cell = actions.replace_cell(run, layers)
    length = max((int(curve.step[-1] - curve.step[0]) for curve in run.curves.values() if len(curve)), default=0)
    early = onset is None or onset <= EARLY * length
    return [
        actions.clip_grad_norm(calm),
        *([actions.add_warmup(length, onset)] if early else []),
        actions.scale_lr(0.5, lr, "the growth feeds on large updates"),
        *([cell, actions.change_init("orthogonal")] if cell else []),
        actions.weight_decay(),
        actions.add_normalization(),
    ]
