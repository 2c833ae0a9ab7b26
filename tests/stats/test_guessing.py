"""The cross entropy of guessing: ln C of C classes."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.stats.guessing import chance_classes, stays_at_chance
from tests.curves import falling, level


@pytest.mark.parametrize("classes", [2, 3, 7, 10, 100, 1000, 32000, 50257])
def test_ln_of_a_usual_number_of_classes(classes: int) -> None:
    assert chance_classes(float(np.log(classes)), 0.002) == classes


@pytest.mark.parametrize("loss", [0.1, float(np.log(13)), float(np.log(5000)), 20.0])
def test_other_levels_are_no_guess(loss: float) -> None:
    assert chance_classes(loss, 0.002) is None


@pytest.mark.parametrize("n", [5, 50, 500])
def test_a_loss_that_stays_at_chance(n: int) -> None:
    assert stays_at_chance(level(n, float(np.log(10)), 0.001), 0.02) == 10
    assert stays_at_chance(falling(max(n, 12), start=float(np.log(10))), 0.02) is None
    assert stays_at_chance(level(4, float(np.log(10)), 0.001), 0.02) is None, "four points show no level"
