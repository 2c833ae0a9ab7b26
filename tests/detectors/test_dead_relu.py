"""The rule dead-relu: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import level
from tests.detectors.judging import findings


def test_dead_units() -> None:
    dying = np.clip(np.linspace(0.4, 1.4, 100), 0, 1)
    (found,) = findings("dead-relu", {"activations/fc.0/zero_fraction": dying})
    assert found.onset_step == pytest.approx(50, abs=1)
    assert not findings("dead-relu", {"activations/fc.0/zero_fraction": level(100, 0.6)})
    dying[-1] = 0.5  # one batch at the very end wakes some
    (found,) = findings("dead-relu", {"activations/fc.0/zero_fraction": dying})
    assert found.onset_step == pytest.approx(50, abs=1)
