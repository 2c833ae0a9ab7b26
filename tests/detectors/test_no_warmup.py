"""The rule no-warmup: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

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


@pytest.mark.parametrize("n", [100, 600, 2000])
def test_a_high_first_batch_of_a_noisy_loss_is_no_blow_up(n: int) -> None:
    """The loss of a diffusion model is near its floor after a few steps, and single batches vary by a third."""
    rate = {"lr": np.full(n, 1e-4)}
    for seed in range(20):
        g = np.random.default_rng(seed)
        loss = (0.035 + 0.03 * np.exp(-np.linspace(0, 30, n))) * g.lognormal(0, 0.3, n)
        assert not findings("no-warmup", {"loss": loss} | rate)
        risen = np.append([1.0, 2.5, 4.0, 2.5], level(n - 4, 0.9, 0.03))
        assert findings("no-warmup", {"loss": risen} | rate)
