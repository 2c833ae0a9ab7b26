"""What to do about a model that does not learn."""

from __future__ import annotations

import numpy as np

from loglens.model.finding import Remedy
from loglens.model.series import Series
from loglens.remedies import actions


def against_standstill(lr: Series | None, grad: Series | None, *, frozen: bool) -> list[Remedy]:
    """Look whether updates arrive, whether labels fit, and try a larger rate; the likeliest of them first.

    frozen: the learning rate is zero throughout.
    """
    no_gradient = grad is not None and bool(len(grad)) and not np.nan_to_num(grad.value).any()
    step, labels = actions.check_optimizer_step(), actions.check_labels()
    faster = actions.scale_lr(10.0, None if frozen else lr, "a learning rate far too low moves nothing")
    return [step, faster, labels] if frozen or no_gradient else [faster, step, labels]
