"""The rule saturated-activations: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import level
from tests.detectors.judging import findings


def test_saturated_units() -> None:
    assert findings("saturated-activations", {"activations/fc.0/saturated_fraction": level(100, 0.9, 0.01)})
    assert not findings("saturated-activations", {"activations/fc.0/saturated_fraction": level(100, 0.2)})
    filling = np.clip(np.linspace(0, 1.5, 100), 0, 0.9)
    filling[-1] = 0.3
    (found,) = findings("saturated-activations", {"activations/fc.0/saturated_fraction": filling})
    assert found.onset_step == pytest.approx(34, abs=1)
