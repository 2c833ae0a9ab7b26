"""The rule underfitting: both losses high, with an accuracy that says so."""

from __future__ import annotations

from tests.curves import level
from tests.detectors.judging import findings, skip_reason


def test_underfitting_needs_an_accuracy() -> None:
    stuck = {"loss": level(100, 1.06, 0.01), "val_loss": level(20, 1.07, 0.002)}
    assert "without an accuracy" in skip_reason("underfitting", stuck)
    assert findings("underfitting", stuck | {"val_accuracy": level(20, 0.43, 0.002)})
    assert not findings("underfitting", stuck | {"val_accuracy": level(20, 0.9, 0.002)})
