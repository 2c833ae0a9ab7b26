"""The rule throughput-degradation: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import pytest

from tests.curves import level
from tests.detectors.one_rule import findings


def test_steps_that_take_longer() -> None:
    slow = level(200, 0.1)
    slow[120:] *= 4
    (found,) = findings("throughput-degradation", {"step_time": slow})
    assert found.onset_step == pytest.approx(120, abs=4) and found.evidence["factor"] == pytest.approx(4, rel=0.05)
    assert findings("throughput-degradation", {"samples_per_sec": 1 / slow})
    assert not findings("throughput-degradation", {"step_time": level(200, 0.1, 0.4)})
