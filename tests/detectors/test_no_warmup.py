"""The rule no-warmup: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from tests.curves import falling, level
from tests.detectors.judging import findings


def test_no_warmup() -> None:
    grad = level(300, 0.3, 0.1)
    grad[:8] = 5.0
    stuck = np.append([4.2] * 3, level(297, 3.2, 0.02))
    curves = {"loss": stuck, "grad_norm": grad, "lr": np.full(300, 0.01)}
    assert findings("no-warmup", curves)
    assert not findings("no-warmup", curves | {"lr": np.minimum(np.arange(300) / 50, 1) * 0.01})
    assert not findings("no-warmup", curves | {"loss": falling(300)})


def test_what_was_learned_in_the_first_steps_needs_no_warmup() -> None:
    grad = level(300, 0.3, 0.1)
    grad[:8] = 5.0
    loss = np.append([4.2, 3.0, 0.5, 0.1, 3.3], level(295, 3.2, 0.02))
    assert not findings("no-warmup", {"loss": loss, "grad_norm": grad, "lr": np.full(300, 0.01)})
