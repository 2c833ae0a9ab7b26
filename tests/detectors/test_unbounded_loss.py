"""unbounded-loss: negative without end beside an accuracy, and losses that may be negative."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import falling
from tests.detectors.judging import judged, only, skip_reason

RULE = "unbounded-loss"


@pytest.mark.parametrize("n", [6, 50, 2000])
@pytest.mark.parametrize("unit", [100.0, 1e6])
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_a_loss_without_bound(n: int, unit: float, power: float) -> None:
    loss = 0.69 - unit * (np.arange(n) / n) ** power
    found = only(RULE, {"loss": loss, "accuracy": np.zeros(n)})
    assert found.severity is Severity.ERROR


def test_beside_an_accuracy_that_rises_it_is_a_warning() -> None:
    curves = {"loss": -np.linspace(0, 500, 50), "val_accuracy": np.linspace(0.1, 0.9, 50)}
    assert only(RULE, curves).severity is Severity.WARNING


@pytest.mark.parametrize(
    "loss",
    [
        falling(100, start=2.3, floor=0.1),
        falling(100) - 1.0,  # a cosine similarity: -1 at best
        falling(100, start=50.0, floor=1.0) - 200.0,  # a likelihood that has found its level
        -np.linspace(0, 5, 100),
    ],
    ids=["positive", "cosine", "levelled", "small"],
)
def test_losses_that_have_a_bound(loss: np.ndarray) -> None:
    assert not judged(RULE, {"loss": loss, "accuracy": np.zeros(100)})[0]


def test_without_classification_a_likelihood_may_fall() -> None:
    assert "classification" in skip_reason(RULE, {"loss": -np.linspace(0, 500, 50), "val_psnr": np.ones(50)})


@pytest.mark.parametrize("n", [6, 14, 300])
@pytest.mark.parametrize("unit", [1e3, 1e6])
def test_a_loss_of_the_wrong_sign_mirrors_that_of_validation(n: int, unit: float) -> None:
    """Training maximises what validation measures; without a metric that alone tells it from a likelihood."""
    grows = 2.3 + unit * (np.arange(n) / n) ** 2
    found = only(RULE, {"loss": -grows, "val_loss": 1.1 * grows})
    assert found.severity is Severity.ERROR and "sign" in found.message
    for held_out in (
        -grows,
        falling(n),
        2.3 + grows / unit,
    ):  # a likelihood in both, one that learns, one that overfits
        assert "classification" in skip_reason(RULE, {"loss": -grows, "val_loss": held_out})
