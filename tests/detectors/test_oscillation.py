"""The rule oscillation: a loss with a period, and noise, bumps and swings of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import autoregressive, falling, level
from tests.detectors.judging import findings


def test_a_loss_with_a_period_oscillates() -> None:
    swing = np.exp(np.sin(np.arange(800) / 12))
    (found,) = findings("oscillation", {"loss": level(800, 1.0, 0.1) * swing})
    assert found.evidence["period_points"] == pytest.approx(2 * np.pi * 12, abs=3)


def test_zeros_before_the_judged_part_hide_no_oscillation() -> None:
    swing = level(800, 1.0, 0.1) * np.exp(np.sin(np.arange(800) / 12))
    swing[5:20] = 0.0
    assert findings("oscillation", {"loss": swing})


def test_swings_of_nothing_are_no_matter() -> None:
    """Done at step 50, at a millionth: what is left swings tenfold in a period of 20 steps."""
    loss = np.concatenate([np.geomspace(2, 1e-6, 50), 1e-6 * 10 ** np.sin(np.arange(750) * np.pi / 10)])
    assert not findings("oscillation", {"loss": loss})
    assert findings("oscillation", {"loss": np.concatenate([loss[:5], 1e6 * loss[50:]])})


def test_one_bump_is_no_oscillation() -> None:
    loss = level(400, 0.1, 0.1)
    loss[90:160] *= np.exp(3 * np.sin(np.arange(70) * np.pi / 70))
    assert not findings("oscillation", {"loss": loss})


@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_noise_does_not_oscillate(rho: float) -> None:
    loss = falling(800) * np.exp(0.15 * autoregressive(800, rho))
    assert not findings("oscillation", {"loss": loss})
