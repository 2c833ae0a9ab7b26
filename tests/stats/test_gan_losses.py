"""Losses of the two sides of a GAN, made from the scores that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats import gan_losses as gan
from tests.curves import level

LN2 = float(np.log(2))


@pytest.mark.parametrize("n", [20, 500])
@pytest.mark.parametrize("half", [1.0, 0.5])
def test_the_loss_at_balance_is_that_of_a_guess(n: int, half: float) -> None:
    """A discriminator that says 0.5 of every sample has a loss of 2 ln 2, or ln 2 where both halves are averaged."""
    loss, scores = level(n, 2 * LN2 * half, 0.01), (np.full(n, 0.5), np.full(n, 0.5))
    assert gan.balance(loss, None, scores) == pytest.approx(2 * LN2 * half)
    assert gan.balance(loss, level(n, LN2, 0.01), None) == pytest.approx(2 * LN2 * half)


def test_losses_of_another_kind_have_no_balance() -> None:
    assert gan.balance(level(50, -3.0), None, None) is None, "a critic's loss may be negative"
    assert gan.balance(level(50, 0.01), None, (np.full(50, 0.6), np.full(50, 0.4))) is None


def test_a_discriminator_without_gradients() -> None:
    assert gan.is_dead(np.full(100, 0.6931)) and gan.is_dead(np.full(100, 1.3863))
    assert not gan.is_dead(level(100, LN2, 0.01)), "a loss near a guess that still varies"
    assert not gan.is_dead(np.full(100, 0.5))


def test_a_discriminator_that_wins_or_is_fooled() -> None:
    lost = np.append(np.linspace(1.3, 0.0, 50), np.full(50, 1e-4))
    assert gan.is_gone(lost, np.linspace(1, 9, 100), gone=0.01, high=2.0)
    assert not gan.is_gone(level(100, 1.2), np.linspace(1, 9, 100), gone=0.01, high=2.0)
    assert gan.is_fooled(np.append(level(50, 1.4), level(50, 6.0)), np.linspace(0.7, 0.0, 100) ** 4, 2 * LN2)
    assert not gan.is_fooled(level(100, 1.4), level(100, 0.7), 2 * LN2)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_a_loss_without_bound(unit: float) -> None:
    wild = unit * np.append(level(80, 1.0), -np.geomspace(10, 1e6, 20))
    assert gan.grows(wild, 1000.0) and not gan.grows(unit * level(100, 1.0), 1000.0)
    assert gan.rises_late(unit * np.linspace(1, 2, 100)) and not gan.rises_late(unit * np.linspace(2, 1, 100))


def test_early_and_late_levels() -> None:
    value = np.append(np.full(10, 3.0), np.full(10, 1.0))
    assert gan.early(value) == 3.0 and gan.late(value) == 1.0
