"""The rule lr-too-low: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves import falling, level, sparse
from tests.detectors.judging import complains, findings

COSINE = 1e-5 * (1 + np.cos(np.linspace(0, np.pi, 400))) / 2


def test_a_straight_line_is_a_learning_rate_too_low() -> None:
    line = np.linspace(2.3, 2.0, 200) * level(200, 1.0, 0.003)
    assert findings("lr-too-low", {"loss": line, "lr": np.full(200, 1e-6)})[0].remedies[0].action == "scale_lr"
    bent = 2.0 + 0.3 * (1 - np.linspace(0, 1, 200)) ** 1.3 * level(200, 1.0, 0.003)
    assert findings("lr-too-low", {"loss": bent, "lr": np.full(200, 1e-6)})
    assert not findings("lr-too-low", {"loss": bent, "lr": np.full(200, 0.01)}), "an ordinary rate"
    assert not findings("lr-too-low", {"loss": falling(200, start=2.3, floor=2.0, noise=0.003)})


def test_a_line_that_fades_out_with_its_schedule_is_straight() -> None:
    fallen = 2.3 - 0.1 * np.cumsum(COSINE)[::10] / COSINE.sum()
    curves = {"loss": level(400, 2.25, 0.2), "val_loss": fallen, "lr": COSINE}
    assert findings("lr-too-low", sparse(curves))
    done = {**curves, "val_loss": falling(40, start=2.3, floor=2.2, noise=0.0001)}
    assert not findings("lr-too-low", sparse(done))


def test_validation_may_be_the_curve_with_enough_points() -> None:
    """Training is logged half as often as it is evaluated, and falls as straight."""
    train = np.linspace(0.647, 0.631, 12) * level(12, 1.0, 0.001)
    assert findings("lr-too-low", sparse({"loss": train, "val_loss": np.linspace(0.652, 0.634, 24)}))
    bends = falling(24, start=0.652, floor=0.634, noise=1e-5)
    assert not findings("lr-too-low", sparse({"loss": falling(12, 0.647, 0.631, 1e-5), "val_loss": bends}))


def test_a_line_that_validation_does_not_follow_is_memorising() -> None:
    line = np.linspace(2.3, 2.1, 200) * level(200, 1.0, 0.003)
    assert findings("lr-too-low", {"loss": line, "val_loss": line})
    assert not findings("lr-too-low", {"loss": line, "val_loss": level(200, 2.3, 0.003)})


def test_a_model_that_is_right_nine_times_in_ten_is_not_in_its_first_moments() -> None:
    straight = np.linspace(0.0113, 0.0089, 100) * level(100, 1.0, 0.002)
    assert complains("lr-too-low", {"loss": straight})
    assert not complains("lr-too-low", {"loss": straight, "val_accuracy": np.linspace(0.985, 0.996, 100)})


@pytest.mark.parametrize("n", [12, 15, 20, 60])
def test_a_straight_line_of_a_dozen_epochs(n: int) -> None:
    """A clip far too small, say: the curve is smooth, as epochs are, and moves by a twentieth."""
    line = np.linspace(3.24, 3.07, n) * level(n, 1.0, 0.0005)
    assert findings("lr-too-low", {"loss": line})
    assert not findings("lr-too-low", {"loss": falling(n, 3.24, 2.6, 0.0005)})
    assert not findings("lr-too-low", {"loss": level(n, 3.24, 0.01)})


@pytest.mark.parametrize("n", [20, 43, 450])
def test_an_exact_line_of_validation_is_one_at_any_rate(n: int) -> None:
    """Steps too small by a clip of a ten-thousandth. What has gained a third may have been logged from later on."""
    line = np.linspace(0.261, 0.215, n)
    curves = {"loss": line * level(n, 1.0, 0.02), "val_loss": line * level(n, 1.0, 0.001), "lr": np.full(n, 0.5)}
    assert findings("lr-too-low", curves)
    halved = np.linspace(0.261, 0.128, n) * level(n, 1.0, 0.001)
    assert not findings("lr-too-low", curves | {"loss": halved, "val_loss": halved})
    curves["val_loss"] = falling(n, 0.261, 0.12, 0.001)
    curves["loss"] = falling(n, 0.261, 0.12, 0.02)
    assert not findings("lr-too-low", curves)


@pytest.mark.parametrize("n", [66, 200])
def test_noise_at_the_start_of_training_hides_no_line(n: int) -> None:
    train = np.linspace(1.64e9, 1.34e9, 2 * n) * level(2 * n, 1.0, 0.15)
    train[:3] = 2.1e9
    curves = {"loss": train, "val_loss": np.linspace(1.64e9, 1.34e9, n), "lr": np.full(n, 1e-5)}
    assert findings("lr-too-low", sparse(curves))
