"""non-finite-metric: curves that end in NaN or Inf, and NaN that means "not measured"."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, falling
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


def test_silent_without_data() -> None:
    assert "3 points" in skip_reason(RULE, {"loss": falling(50)})
    assert not judged(RULE, {"val_accuracy": np.linspace(0, 1, 50)})[0]
