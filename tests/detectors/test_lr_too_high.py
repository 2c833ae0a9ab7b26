"""The rule lr-too-high: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, falling, level
from tests.detectors.judging import findings


def test_a_huge_learning_rate_that_never_learns() -> None:
    stuck = np.append([4.0] * 3, level(297, 2.5, 0.1))
    assert findings("lr-too-high", {"loss": stuck, "lr": np.full(300, 3.0)})
    assert not findings("lr-too-high", {"loss": falling(300), "lr": np.full(300, 3.0)})
    assert not findings("lr-too-high", {"loss": stuck, "lr": np.full(300, 1e-3)})


def test_first_updates_that_blow_up() -> None:
    burst = np.array([2.3, 30.0, 60.0, 12.0, 5.0])
    (never,) = findings("lr-too-high", {"loss": np.append(burst, level(300, 2.3))})
    assert never.severity is Severity.WARNING and never.evidence["factor"] == pytest.approx(60 / 2.3)
    (fatal,) = findings("lr-too-high", {"loss": np.append(burst[:3], [np.inf] * 30)})
    assert fatal.severity is Severity.WARNING
    (caught,) = findings("lr-too-high", {"loss": np.append(burst, falling(300))})
    assert caught.severity is Severity.NOTE
    assert findings("lr-too-high", {"loss": np.append(burst, falling(300)), "lr": np.full(305, 1.0)})[0].severity > 0


@pytest.mark.parametrize("loss", [falling(300), level(300, 0.01, 0.8, seed=3), np.append(1.0, level(299, 2.0))])
def test_no_blow_up(loss: Floats) -> None:
    assert not findings("lr-too-high", {"loss": loss, "lr": np.full(len(loss), 1e-3)})


@pytest.mark.parametrize("n", [60, 300, 3000])
def test_a_burst_before_the_first_logged_loss(n: int) -> None:
    loss = level(n, 0.65, 0.03) + 130 * np.exp(-np.arange(n) / max(1, n / 200))
    rate = np.full(n, 0.4)
    (found,) = findings("lr-too-high", {"loss": loss, "lr": rate})
    assert found.severity is Severity.WARNING
    assert not findings("lr-too-high", {"loss": loss, "lr": rate / 40}), "an ordinary rate"
    warm = 0.4 * np.minimum(1, np.arange(1, n + 1) / (n / 10))
    learns = falling(n, start=2.3, floor=0.2)
    assert not findings("lr-too-high", {"loss": learns, "lr": rate})
    assert not findings("lr-too-high", {"loss": learns, "lr": warm})
