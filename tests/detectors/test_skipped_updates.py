"""The rule skipped-updates: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import falling
from tests.detectors.judging import findings


def test_updates_that_are_skipped() -> None:
    flags = (np.arange(200) % 4 == 0).astype(float)
    (found,) = findings("skipped-updates", {"loss": falling(200), "found_inf": flags})
    assert found.evidence["share"] == pytest.approx(0.25, abs=0.01)
    total = {"loss": falling(200), "skipped_steps": np.cumsum(flags)}
    assert findings("skipped-updates", total)[0].evidence["share"] == pytest.approx(0.25, abs=0.01)
    rare = np.zeros(200)
    rare[[0, 1, 2, 3, 100]] = 1  # the scale finds its level, and grows once
    assert not findings("skipped-updates", {"loss": falling(200), "found_inf": rare})
