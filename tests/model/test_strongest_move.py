"""What moved before an onset."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.strongest_move import strongest_move
from tests.curves import level, series

CALM = level(100, 1.0, 0.01)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_strongest_move_up_to_the_onset_wins(unit: float) -> None:
    grad, rate = CALM.copy() * unit, CALM.copy() * unit
    grad[78:] *= 40
    rate[75:] *= 4
    drivers = [series(rate, "lr"), series(grad, "grad_norm_global")]
    found = strongest_move(drivers, 80, 20)
    assert found.role == "grad_norm_global" and found.factor == pytest.approx(40, rel=0.05)
    assert strongest_move(drivers, 76, 20).role == "lr", "the gradient had not moved by then"
    assert strongest_move(drivers, 70, 20).role == ""


def test_a_loss_scale_moves_down() -> None:
    falling, rising = (65536 * 0.5 ** (sign * np.maximum(np.arange(100) - 94, 0)) for sign in (1, -1))
    found = strongest_move([series(falling, "loss_scale")], 99, 20)
    assert found.role == "loss_scale" and found.factor == 32 and "5 times" in found.text
    assert strongest_move([series(rising, "loss_scale")], 99, 20).role == ""


def test_too_few_points_or_another_role_show_no_move() -> None:
    assert strongest_move([series(np.array([1.0, 1.0, 1.0, 100.0]), "lr")], 3, 2).factor == 1.0
    assert strongest_move([series(np.append(CALM, 1e6), "loss")], 100, 20).role == ""
