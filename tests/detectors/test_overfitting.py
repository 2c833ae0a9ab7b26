"""The rule overfitting: a validation loss that turns, and gaps that are none."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import Floats, falling
from tests.detectors.judging import findings


def rising_after(n: int, at: int, rate: float = 0.02) -> Floats:
    value = falling(n, floor=0.6, noise=0.02)
    value[at:] = value[at] * np.exp(rate * np.arange(n - at))
    return value


def test_overfitting_names_the_step_to_stop_at() -> None:
    (found,) = findings("overfitting", {"loss": falling(200), "val_loss": rising_after(200, 80)})
    assert found.onset_step == pytest.approx(80, abs=8)
    assert found.remedies[0].action == "early_stop" and found.remedies[0].params["step"] == found.onset_step


@pytest.mark.parametrize(
    "curves",
    [
        {"loss": falling(200, floor=0.01), "val_loss": falling(200, floor=0.8)},  # a gap, but flat
        {"loss": rising_after(200, 80), "val_loss": rising_after(200, 80)},  # both rise: divergence
        {"loss": falling(200), "val_loss": falling(200, noise=0.3)},  # noise
    ],
    ids=["gap", "both rise", "noise"],
)
def test_no_overfitting(curves: dict[str, Floats]) -> None:
    assert not findings("overfitting", curves)
