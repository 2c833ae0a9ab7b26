"""The rule validation-below-training: a gap all through, and one that the pace of learning explains."""

from __future__ import annotations

import numpy as np

from loglens.model.finding import Severity
from tests.curves import falling
from tests.detectors.judging import findings


def test_validation_below_training_all_through() -> None:
    loss = falling(200, floor=1.0)
    (found,) = findings("validation-below-training", {"train_loss": loss, "val_loss": 0.7 * loss})
    assert found.severity is Severity.NOTE
    assert not findings("validation-below-training", {"train_loss": loss, "val_loss": 0.95 * loss})
    fast = np.exp(-np.arange(40) / 4.0)  # falls by a fifth from one evaluation to the next
    assert not findings("validation-below-training", {"train_loss": fast, "val_loss": 0.95 * fast})
