"""The rule weight-growth: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import level
from tests.detectors.one_rule import findings, judged, sparse


@pytest.mark.parametrize("n", [50, 400, 3000])
def test_weights_that_grow_while_nothing_is_left_to_gain(n: int) -> None:
    """The training loss goes from 1e-3 to 1e-9, which is a millionth of what it came down by."""
    loss = np.geomspace(2.0, 1e-9, n)
    weights = 10 * np.exp(3 * np.arange(n) / n)
    assert findings("weight-growth", {"loss": loss, "weight_norm": weights})
    gains = {"loss": np.linspace(2.0, 0.2, n), "weight_norm": weights}
    assert not findings("weight-growth", gains), "the loss still gains"
    settles = {"loss": loss, "weight_norm": 10 + np.sqrt(np.arange(n))}
    assert not findings("weight-growth", settles)


def test_few_validation_losses_that_double_one_after_the_other() -> None:
    curves = {"loss": level(200, 0.5, 0.01), "weight_norm": np.geomspace(2, 40, 200)}
    rising = np.array([0.5, 0.2, 0.16, 0.15, 0.25, 0.5, 1.0, 2.1, 5.0, 36.0])
    sick = {"loss": np.geomspace(2.0, 1e-9, 200), "val_loss": rising, "weight_norm": curves["weight_norm"]}
    (found,) = judged("weight-growth", sparse(sick))
    assert found.severity is Severity.ERROR
    (mild,) = findings("weight-growth", curves)
    assert mild.severity is Severity.WARNING
