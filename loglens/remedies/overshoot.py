"""What to do where updates overshoot and what was learned is lost."""

from __future__ import annotations

from loglens.model.finding import Remedy
from loglens.model.series import Series
from loglens.remedies import actions

#: A third of the rate is the usual first try; a tenth where the start was already too fast.
LOWER, MUCH_LOWER = 0.3, 0.1
#: A rise within the first tenth of a run is one of the start, which a warmup helps against.
EARLY = 0.1


def against_overshoot(lr: Series | None, grad: Series | None, onset: int | None, factor: float = LOWER) -> list[Remedy]:
    """A lower rate, and a clip limit from the gradient norms before the onset (a step) where they were logged."""
    calm = grad.before(onset) if grad is not None and onset is not None else None
    return [
        actions.scale_lr(factor, lr, "the updates overshoot: a smaller step stays in the valley", onset),
        actions.clip_grad_norm(calm),
    ]


def against_rise(loss: Series, lr: Series | None, grad: Series | None, onset: int | None) -> list[Remedy]:
    """Against a loss that rises for good from a step on; early in the run, a warmup and a much lower rate."""
    first, length = int(loss.step[0]), loss.last_step - int(loss.step[0])
    since = 0 if onset is None else onset - first
    if since > EARLY * length:
        return against_overshoot(lr, grad, onset)
    return [actions.add_warmup(length, since), *against_overshoot(lr, grad, onset, MUCH_LOWER)]
