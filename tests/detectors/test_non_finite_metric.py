"""non-finite-metric: curves that end in NaN or Inf, and NaN that means "not measured"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.columns import Histogram
from loglens.model.finding import Severity
from loglens.model.run import Run
from loglens.registry.load import detectors
from tests.curves import Floats, falling, run
from tests.detectors.judging import judged, only, skip_reason

RULE = "non-finite-metric"


def broken(n: int, at: int, by: float = np.nan) -> Floats:
    value = np.linspace(0.1, 0.8, n)
    value[at:] = by
    return value


@pytest.mark.parametrize("by", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("n", "at"), [(6, 4), (50, 30), (2000, 1990)])
@pytest.mark.parametrize(
    "tag", ["val_accuracy", "val/error_rate", "test/f1", "rollout/ep_rew_mean", "train/value_loss"]
)
def test_a_curve_that_ends_not_finite(tag: str, n: int, at: int, by: float) -> None:
    found = only(RULE, {"loss": falling(n), tag: broken(n, at, by)})
    assert found.severity is Severity.ERROR and found.onset_step == at
    assert found.evidence["last_finite"] == pytest.approx(np.linspace(0.1, 0.8, n)[at - 1])


def test_validation_only_points_to_half_precision() -> None:
    both = {"accuracy": broken(50, 30), "val_accuracy": broken(50, 30)}
    assert only(RULE, {"val_accuracy": broken(50, 30)}).remedies[0].action == "eval_in_fp32"
    assert only(RULE, both).remedies[0].action != "eval_in_fp32"


def test_an_infinite_last_value_counts_and_one_nan_does_not() -> None:
    assert only(RULE, {"val_accuracy": broken(50, 49, np.inf)}).severity is Severity.ERROR
    assert only(RULE, {"val_accuracy": broken(50, 49)}).severity is Severity.NOTE


@pytest.mark.parametrize("every", [2, 5, 20])
def test_nan_in_rows_that_were_not_measured(every: int) -> None:
    value = np.full(200, np.nan)
    value[::every] = np.linspace(0.1, 0.8, len(value[::every]))
    assert all(found.severity is Severity.NOTE for found in judged(RULE, {"val_accuracy": value})[0])


def test_a_reward_before_the_first_episode_ends() -> None:
    value = np.append(np.full(20, np.nan), np.linspace(0, 1, 80))
    assert not judged(RULE, {"rollout/ep_rew_mean": value})[0]


def test_a_curve_without_a_finite_value() -> None:
    never = np.full(30, np.nan)
    assert only(RULE, {"val_auc": never}).severity is Severity.WARNING
    assert only(RULE, {"val_auc": never, "val_accuracy": np.linspace(0, 1, 30)}).severity is Severity.NOTE


def histograms(kind: str, at: int, layers: int = 2, points: int = 60) -> Run:
    """A run whose loss is fine, and whose layers are all NaN from a point on."""
    rows = [
        Histogram(f"{kind}/fc{k}", n, n, 4.0, value, value**2, value, value, 4.0 * (n >= at), edges, counts, exact=True)
        for n in range(points)
        for k in range(layers)
        for value in [np.nan if n >= at else 1.0]
        for edges, counts in [(np.array([value, value]), np.array([4.0]))]
    ]
    return replace(run({"loss": falling(points)}), histogram_rows=tuple(rows))


@pytest.mark.parametrize(("kind", "severity"), [("weights", Severity.ERROR), ("gradients", Severity.WARNING)])
@pytest.mark.parametrize("at", [0, 1, 30, 58])
def test_layers_whose_histograms_are_all_nan(kind: str, severity: Severity, at: int) -> None:
    found = only(RULE, histograms(kind, at))
    assert found.severity is severity and found.onset_step == at
    assert judge(histograms(kind, at), detectors()).verdict == ("failed" if kind == "weights" else "suspect")


def test_finite_layers_and_those_of_a_loss_that_is_dead_are_left_alone() -> None:
    assert not judged(RULE, histograms("weights", 60))[0]
    dead = {"loss": np.append(falling(50), np.full(10, np.nan))}
    assert not judged(RULE, replace(histograms("weights", 30), columns=run(dead).columns))[0]
    never = {f"weight_norm/fc{n}": np.full(50, np.nan if n == 3 else 1.0) for n in range(6)}
    assert not judged(RULE, never)[0], "one layer among many is not measured"
    assert only(RULE, {f"weight_norm/fc{n}": broken(50, 40) for n in range(6)}).onset_step == 40


def test_silent_without_data() -> None:
    assert "3 points" in skip_reason(RULE, {"loss": falling(50)})
    assert not judged(RULE, {"val_accuracy": np.linspace(0, 1, 50)})[0]
