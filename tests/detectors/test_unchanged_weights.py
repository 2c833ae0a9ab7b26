"""The rule unchanged-weights: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from tests.curves import level
from tests.detectors.judging import findings


def test_a_layer_that_never_moves() -> None:
    moving = 5 + np.arange(50) / 100
    curves = {"weight_norm/fc.0.weight": np.full(50, 3.5), "weight_norm/fc.1.weight": moving}
    (found,) = findings("unchanged-weights", curves)
    assert found.evidence["layers"] == ["fc.0.weight"]
    curves["weight_norm/fc.0.weight"] = 3.5 + 1e-6 * np.arange(50)  # converged, but alive
    assert not findings("unchanged-weights", curves)


def test_a_layer_without_gradient_does_not_learn() -> None:
    curves = {f"grad_norm/fc.{i}.weight": level(50, 0.3, 0.3, seed=i) for i in range(4)}
    assert not findings("unchanged-weights", curves)
    curves["grad_norm/fc.0.weight"] = np.zeros(50)
    (found,) = findings("unchanged-weights", curves)
    assert found.evidence["layers"] == ["fc.0.weight"]
    curves["grad_norm/fc.1.weight"] = np.full(50, 1e-30)  # then fc.0 underflows
    assert not findings("unchanged-weights", curves)
