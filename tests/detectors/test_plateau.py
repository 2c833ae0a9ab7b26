"""The rule plateau: a loss that a spent learning rate or dead updates hold up, and one that is done."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import falling, level, sparse
from tests.detectors.judging import complains, findings


def test_a_stall_is_seen_through_noise() -> None:
    """Thirty noisy points: the fifths compared differ by 6 % by chance alone."""
    rate = np.where(np.arange(30) < 5, 1e-3, 1e-7)
    loss = 0.25 * (1 + 0.25 * np.cos(2.4 * np.arange(30)))
    loss[:4] = [1.4, 0.9, 0.5, 0.3]
    (found,) = findings("plateau", {"loss": loss, "lr": rate})
    assert found.onset_step == 5


def test_a_plateau_needs_a_cause() -> None:
    lr, loss = np.full(400, 1e-2), falling(400, floor=0.1, noise=0.01)
    lr[60:] = 1e-6
    loss[60:] = loss[60] * level(340, 1.0, 0.01)
    (found,) = findings("plateau", {"loss": loss, "lr": lr})
    assert found.onset_step == 60
    assert not findings("plateau", {"loss": loss, "lr": np.full(400, 1e-2)})


def test_a_cosine_schedule_that_ends_at_zero_is_no_plateau() -> None:
    lr = 0.01 * (1 + np.cos(np.linspace(0, np.pi, 400))) / 2
    assert not findings("plateau", {"loss": falling(400), "lr": lr})


def test_a_validation_loss_that_is_one_number_stalls_a_live_rate() -> None:
    loss = np.append(falling(60, floor=1.0, noise=0.02), level(340, 1.0, 0.02))
    frozen = np.append(np.linspace(2, 1.1, 6), np.full(34, 1.1234567))
    (found,) = findings("plateau", sparse({"loss": loss, "val_loss": frozen}))
    assert found.onset_step == 60 and found.remedies[0].action == "check_optimizer_step"
    rounded = np.append(np.linspace(2, 1.1, 6), np.full(34, 1.12))
    assert not findings("plateau", sparse({"loss": loss, "val_loss": rounded}))
    moving = np.append(np.linspace(2, 1.1, 6), 1.1234567 + 1e-6 * np.arange(34))
    assert not findings("plateau", sparse({"loss": loss, "val_loss": moving}))
    still_learning = np.append(loss[:60], np.linspace(1.0, 0.8, 340))
    assert not findings("plateau", sparse({"loss": still_learning, "val_loss": frozen}))


@pytest.mark.parametrize("n", [12, 16, 19])
@pytest.mark.parametrize("noise", [0.005, 0.02])
def test_a_rate_that_falls_to_a_thousandth_within_the_first_tenth_of_few_points(n: int, noise: float) -> None:
    for seed in range(10):
        rate = np.r_[5e-3, np.full(n - 1, 5e-6)]
        assert complains("plateau", {"loss": np.r_[0.9, level(n - 1, 0.62, noise, seed)], "lr": rate})
        learns = {"loss": falling(n, 2.3, 0.2, noise, seed), "lr": 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, n))}
        assert not complains("plateau", learns)
