"""The balance of a GAN: a discriminator that learned and is fooled, and those that never learned or are dead."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.outcome.gan_balance import gan_balance
from tests.curves import Floats, level, series

GUESS = 2 * float(np.log(2))


def learned(loss: Floats) -> bool:
    outcome = gan_balance([series(loss, "gan_d_loss")])
    return outcome is not None and outcome.state == "learned"


def hump(n: int) -> Floats:
    """A discriminator that tells real from made in the first half, and cannot at the end."""
    return GUESS - np.exp(-(((np.arange(n) / n - 0.3) / 0.15) ** 2))


@pytest.mark.parametrize("n", [20, 100, 1000])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_a_discriminator_that_is_fooled_in_the_end(n: int, noise: float) -> None:
    assert learned(hump(n) * level(n, 1.0, noise))


@pytest.mark.parametrize("n", [20, 40, 100, 1000])
@pytest.mark.parametrize("noise", [0.02, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_noise_around_a_guess_is_no_learning(n: int, noise: float, seed: int) -> None:
    assert not learned(level(n, GUESS, noise, seed))


def test_a_dead_discriminator_is_not_fooled() -> None:
    assert not learned(np.where(np.arange(200) < 100, 0.6, 1.3863))
    assert not learned(np.where(np.arange(200) < 100, 0.6, 0.3))
