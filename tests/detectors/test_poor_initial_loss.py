"""The rule poor-initial-loss: a first loss far above guessing, and losses that the updates raised."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import falling, run
from tests.detectors.judging import findings, skip_reason


def test_a_first_loss_far_above_guessing() -> None:
    high = run({"train_loss": falling(200, start=9.0)}, params={"num_classes": 10})
    (found,) = findings("poor-initial-loss", high)
    assert found.evidence["chance"] == pytest.approx(np.log(10)) and found.severity is Severity.NOTE
    assert not findings("poor-initial-loss", run({"train_loss": falling(200)}, params={"num_classes": 10}))
    assert "how many classes" in skip_reason("poor-initial-loss", {"train_loss": falling(200, start=9.0)})
    brief, blown = np.full(400, 0.5), np.full(400, 0.5)
    brief[:3], blown[:6] = [6.0, 3.0, 1.5], [2.3, 2.3, 17.0, 25.0, 18.0, 9.0]
    assert findings("poor-initial-loss", run({"train_loss": brief}, params={"num_classes": 10}))
    assert not findings("poor-initial-loss", run({"train_loss": blown}, params={"num_classes": 10}))  # by the updates
    other = run({"train_loss": falling(200, start=9.0)}, params={"num_classes": 10, "criterion": "MSELoss()"})
    assert not findings("poor-initial-loss", other)
