"""Vanishing over depth and over steps, and converged runs that look alike."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.finding import Confidence, Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.registry.load import detectors
from tests.curves import Floats, falling, level, run

RULE = {"vanishing-gradient": detectors()["vanishing-gradient"]}


def findings(curves: dict[str, Floats]) -> list[ReportedFinding]:
    return list(judge(run(curves), RULE).findings)


def layers(decay: float, n: int = 12) -> dict[str, Floats]:
    """Norms that fall by `decay` a layer from the last to the first."""
    return {f"grad_norm/layers.{i}.weight": level(60, 0.3 * decay ** (n - 1 - i), 0.1, i) for i in range(n)}


def test_decay_over_depth_with_a_stuck_loss() -> None:
    (found,) = findings({"loss": level(200, 2.3), **layers(0.2)})
    assert found.severity is Severity.ERROR and found.confidence is Confidence.HIGH
    assert found.evidence["decay_per_layer"] == pytest.approx(0.2, rel=0.05)
    assert found.evidence["first_layer"] == "layers.0.weight"


def test_decay_over_depth_of_a_net_that_learns_is_silent() -> None:
    assert not findings({"loss": falling(200), **layers(0.2)})


def test_mild_decay_is_silent() -> None:
    assert not findings({"loss": level(200, 2.3), **layers(0.8)})


def test_decay_over_steps_before_the_loss_came_down() -> None:
    grad = level(300, 0.5, 0.1) * np.exp(-np.arange(300) / 15)
    (found,) = findings({"loss": level(300, 2.08, 0.001), "grad_norm": grad})
    assert found.onset_step is None and found.evidence["small_from"] == pytest.approx(104, abs=10)


def test_the_onset_is_where_the_decay_begins() -> None:
    grad = level(300, 0.5, 0.05) * np.exp(-np.maximum(np.arange(300) - 100, 0) / 15)
    (found,) = findings({"loss": level(300, 2.08, 0.001), "grad_norm": grad})
    assert found.onset_step == pytest.approx(110, abs=8)


@pytest.mark.parametrize("seed", range(10))
def test_a_converged_run_has_small_gradients_and_is_healthy(seed: int) -> None:
    grad = level(400, 1.0, 0.2, seed) * np.exp(-np.arange(400) / 25)
    assert not findings({"loss": falling(400, start=2, floor=1e-4, seed=seed), "grad_norm": grad})


def test_an_exactly_zero_gradient_points_at_the_graph() -> None:
    (found,) = findings({"loss": level(100, 1.1, 0.001), "grad_norm": np.zeros(100)})
    assert found.remedies[0].action == "check_optimizer_step" and "exactly zero" in found.message


def test_without_a_loss_nothing_is_claimed() -> None:
    outcome, *_ = judge(run(layers(0.2)), RULE).outcomes
    assert outcome.outcome == "skipped" and "without a loss" in outcome.why


def outcome(curves: dict[str, Floats]) -> tuple[str, str]:
    result, *_ = judge(run(curves), RULE).outcomes
    return result.outcome, result.why


@pytest.mark.parametrize("loss", [falling(100), np.linspace(1, 30, 100)], ids=["falls", "rises"])
def test_norms_that_were_not_measured(loss: Floats) -> None:
    """Weights without a gradient stand still, so a loss that moves denies norms of zero."""
    said, why = outcome({"loss": loss, "grad_norm": np.zeros(100)})
    assert said == "skipped" and "not measured" in why
    assert findings({"loss": level(100, 2.3, 0.01), "grad_norm": np.zeros(100)})


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1.0])
def test_a_loss_in_small_units(unit: float) -> None:
    small = {"grad_norm": unit * level(100, 1.0, 0.3)}
    assert not findings({"loss": unit * level(100, 1.0, 0.1), **small})
    assert not findings({"loss": unit * falling(100), **small})
    assert findings({"loss": unit * level(100, 1.0, 0.1), "grad_norm": 1e-9 * small["grad_norm"]})


def test_a_policy_whose_reward_rises() -> None:
    curves = {"loss": level(100, 0.05, 0.02), "grad_norm": np.geomspace(1, 1e-5, 100)}
    assert findings(curves)
    assert not findings({**curves, "rollout/ep_rew_mean": np.linspace(0, 50, 100)})


def test_a_small_decay_over_many_layers_is_found_as_well() -> None:
    """Forty layers at 0.74 each: the first gets 8 millionths of the last one's gradient."""
    (found,) = findings({"loss": level(200, 2.3), **layers(0.74, 40)})
    assert found.evidence["depth_ratio"] == pytest.approx(0.74**39, rel=0.3)
    assert not findings({"loss": falling(200), **layers(0.74, 40)})
