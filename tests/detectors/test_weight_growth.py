"""The rule weight-growth: curves with the fault, and curves that only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, falling, level, sparse
from tests.detectors.judging import findings, skip_reason


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
    (found,) = findings("weight-growth", sparse(sick))
    assert found.severity is Severity.ERROR
    (mild,) = findings("weight-growth", curves)
    assert mild.severity is Severity.WARNING


def test_weights_that_grow_while_the_loss_gains_nothing() -> None:
    norm = 10 * np.exp(0.008 * np.arange(400))
    loss = np.concatenate([falling(200), level(200, 0.21)])
    (found,) = findings("weight-growth", {"weight_norm": norm, "loss": loss})
    assert found.evidence["factor"] == pytest.approx(np.exp(0.008 * 397), rel=0.05)
    assert found.evidence["doubling_steps"] == pytest.approx(np.log(2) / 0.008, rel=0.05)


@pytest.mark.parametrize("norm", [10 * np.sqrt(1 + np.arange(400) / 20), 10 + np.log1p(np.arange(400))])
def test_weights_that_grow_ever_more_slowly_are_healthy(norm: Floats) -> None:
    assert not findings("weight-growth", {"weight_norm": norm, "loss": falling(400)})


def test_weights_that_grow_for_a_loss_that_gains_are_healthy() -> None:
    norm = 10 * np.exp(0.008 * np.arange(400))
    assert not findings("weight-growth", {"weight_norm": norm, "loss": 2.0 * np.exp(-np.arange(400) / 80)})


@pytest.mark.parametrize("n", [40, 400])
def test_a_training_loss_that_gains_excuses_no_held_out_loss_that_suffers(n: int) -> None:
    late = np.maximum(np.arange(n) / n - 0.5, 0) * 2
    curves = {"loss": np.geomspace(2.0, 1e-4, n), "weight_norm": 1.25 * 16**late * level(n, 1.0, 0.01)}
    (found,) = findings("weight-growth", curves | {"val_loss": 0.15 * 240**late * level(n, 1.0, 0.05)})
    assert found.severity is Severity.ERROR
    assert not findings("weight-growth", curves | {"val_loss": np.geomspace(2.0, 0.15, n)})


@pytest.mark.parametrize("n", [20, 100, 1000])
@pytest.mark.parametrize("noise", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("seed", range(5))
def test_growth_by_the_same_amount_each_step(n: int, noise: float, seed: int) -> None:
    """A norm that starts near zero (an adapter's) doubles in the second half just so."""
    curves = {"loss": level(n, 0.3, 0.01), "weight_norm": (0.01 + np.arange(n) / n) * level(n, 1.0, noise, seed)}
    assert not findings("weight-growth", curves)


def test_a_policy_whose_reward_rises() -> None:
    curves = {"loss": level(100, 0.05, 0.3), "weight_norm": 10 * np.exp(3 * np.arange(100) / 100)}
    assert findings("weight-growth", curves)
    assert not findings("weight-growth", curves | {"rollout/ep_rew_mean": np.linspace(0, 50, 100)})


@pytest.mark.parametrize("n", [10, 14])
def test_a_second_half_too_short_for_a_line_is_skipped(n: int) -> None:
    assert "15" in skip_reason("weight-growth", {"loss": level(n, 1.0), "weight_norm": np.geomspace(2, 40, n)})
    assert findings("weight-growth", {"loss": level(16, 1.0), "weight_norm": np.geomspace(2, 40, 16)})
