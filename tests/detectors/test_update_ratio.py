"""The rule update-ratio: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np

from tests.curves import falling, level
from tests.detectors.judging import findings, skip_reason


def test_updates_out_of_proportion() -> None:
    loss = {"loss": falling(200)}
    assert findings("update-ratio", loss | {"update_ratio": level(200, 0.3, 0.2)})
    assert findings("update-ratio", loss | {"update_norm": level(200, 1e-6), "weight_norm": level(200, 10.0)})
    assert not findings("update-ratio", loss | {"update_norm": level(200, 1e-2), "weight_norm": level(200, 10.0)})
    assert not findings("update-ratio", loss | {"update_ratio": np.geomspace(1e-2, 1e-5, 200)})  # a decaying rate
    assert "that of the weights" in skip_reason("update-ratio", loss | {"update_norm": level(200, 1e-6)})
