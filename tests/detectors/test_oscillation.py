"""The rule oscillation: a loss with a period, and noise, bumps and swings of nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import autoregressive, falling, level
from tests.detectors.judging import complains, findings


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


@pytest.mark.parametrize("n", [15, 40, 200])
def test_a_validation_loss_that_swings_without_falling_oscillates(n: int) -> None:
    swinging = 2.4 * np.exp(0.3 * np.sin(2.2 * np.arange(n)))
    for seed in range(5):
        assert complains("oscillation", {"val_loss": swinging * level(n, 1.0, 0.05, seed)})


@pytest.mark.parametrize("n", [15, 40, 200])
def test_one_that_swings_while_it_falls_and_a_steady_one_do_not(n: int) -> None:
    for seed in range(5):
        assert not complains("oscillation", {"val_loss": np.geomspace(3, 0.3, n) * level(n, 1.0, 0.2, seed)})
        assert not complains("oscillation", {"val_loss": level(n, 2.4, 0.02, seed)})


def test_a_clear_period_is_one_although_the_loss_falls() -> None:
    """Data in the same order every 50 steps: the loss swings fivefold and falls sixfold."""
    n = 2000
    epoch = np.exp(1.6 * np.cos(np.arange(n) * 2 * np.pi / 50))
    assert complains("oscillation", {"loss": np.geomspace(0.3, 0.05, n) * epoch * level(n, 1.0, 0.2)})
