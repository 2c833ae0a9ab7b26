"""What to do against a loss that is NaN or infinite."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglens.model.finding import Remedy
from loglens.model.series import Series
from loglens.remedies import actions

#: A loss that is not finite within its first fiftieth never was: its inputs are, most likely, not finite either.
FIRST_SHARE = 50
#: A run that breaks within its first tenth never bore its learning rate; later, single updates are the first suspects.
EARLY = 0.1


def skip_batches() -> list[Remedy]:
    """For a loss that is not finite now and then: leave such batches out, and look for them in the data."""
    return [actions.clean_data(), actions.skip_nonfinite_batches()]


def against_nonfinite(moved: str, loss: Series, drivers: Sequence[Series], onset: int | None) -> list[Remedy]:
    """For a loss that is not finite to the end, the likeliest cause first.

    moved: the role of what moved before the onset (a step), empty where nothing did. drivers: the gradient norm, the
    learning rate and the loss scale, those of them that were logged.
    """
    by_role = {curve.role: curve for curve in drivers}
    grad = by_role.get("grad_norm_global")
    clip = actions.clip_grad_norm(grad.before(onset) if grad is not None and onset is not None else None)
    slower = actions.scale_lr(0.1, by_role.get("lr"), "a NaN that grows out of large updates needs smaller ones")
    if moved == "loss_scale":
        return [actions.use_bf16(), clip, slower]
    if moved:
        length = loss.last_step - int(loss.step[0])
        warmup = actions.add_warmup(length)
        early = onset is not None and onset - int(loss.step[0]) <= EARLY * length
        return [slower, clip, warmup] if early else [clip, slower, warmup]
    if not np.isfinite(loss.value[: max(1, len(loss) // FIRST_SHARE)]).all():
        return [actions.clean_data(), actions.add_eps(), slower]
    return [actions.clean_data(), actions.add_eps(), actions.skip_nonfinite_batches(), slower]
