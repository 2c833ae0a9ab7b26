"""zero-loss: exactly 0.0 without a way there, and losses with a right to be zero."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, falling
from tests.detectors.judging import judged, only, skip_reason

RULE = "zero-loss"


def cut(n: int, at: int) -> Floats:
    value = falling(n)
    value[at:] = 0.0
    return value


@pytest.mark.parametrize("n", [3, 60, 5000])
def test_zero_from_the_start(n: int) -> None:
    found = only(RULE, {"loss": np.zeros(n)})
    assert found.severity is Severity.ERROR and found.onset_step == 0 and found.remedies[0].action == "check_labels"


@pytest.mark.parametrize(("n", "at"), [(12, 6), (100, 90), (4000, 3000)])
@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_zero_after_a_jump(n: int, at: int, unit: float) -> None:
    assert only(RULE, {"loss": unit * cut(n, at)}).onset_step == at


def test_a_validation_loss_that_measures_nothing() -> None:
    found = only(RULE, {"loss": falling(20), "val_loss": cut(20, 12)})
    assert found.tags[0] == "val_loss" and found.onset_step == 12


@pytest.mark.parametrize("digits", [3, 4, 6])
def test_a_loss_that_shrinks_until_its_digits_are_zero(digits: int) -> None:
    shrinking = 2.3 * np.exp(-np.arange(200) / 8)
    assert not judged(RULE, {"loss": shrinking.round(digits)})[0]


def test_zeros_among_values() -> None:
    filled = falling(100)
    filled[::3] = 0.0
    filled[-4:] = 0.0
    assert not judged(RULE, {"loss": filled})[0]


def test_two_zeros_at_the_end_are_too_few() -> None:
    assert not judged(RULE, {"loss": cut(100, 98)})[0]


def test_reinforcement_learning_is_not_judged() -> None:
    assert "reinforcement" in skip_reason(RULE, {"loss": np.zeros(50), "rollout/ep_rew_mean": np.linspace(0, 1, 50)})
