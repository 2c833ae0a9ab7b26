"""low-explained-variance: values that foresee nothing, with and without a reward that rises."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import level
from tests.detectors.judging import judged, only, skip_reason
from tests.detectors.policies import REWARD, learned

RULE, EXPLAINED = "low-explained-variance", "train/explained_variance"


@pytest.mark.parametrize("at", [-0.3, 0.0, 6e-8])
@pytest.mark.parametrize("n", [30, 100, 2000])
def test_a_value_function_that_explains_nothing(at: float, n: int) -> None:
    useless = at * (1 + 0.3 * np.random.default_rng(0).normal(size=n))
    assert only(RULE, {EXPLAINED: useless, REWARD: learned(n)}).severity is Severity.NOTE
    assert only(RULE, {EXPLAINED: useless, REWARD: level(n, 20.0, 0.02)}).severity is Severity.WARNING


def test_large_rewards_ask_for_scaling() -> None:
    found = only(RULE, {EXPLAINED: np.full(100, 6e-8), REWARD: -level(100, 4e4, 0.01)})
    assert found.remedies[0].action == "scale_reward" and 0 < float(found.remedies[0].params["factor"]) < 1e-3


def test_a_value_function_that_learns_late() -> None:
    late = np.append(np.full(15, -1.0), np.linspace(0, 0.9, 85))
    assert not judged(RULE, {EXPLAINED: late, REWARD: learned()})[0]
    assert "20 values" in skip_reason(RULE, {EXPLAINED: np.zeros(10), REWARD: learned()})


@pytest.mark.parametrize("n", [40, 400])
def test_a_value_function_that_forgets(n: int) -> None:
    begin = int(0.7 * n)
    explained = np.minimum(0.9, 0.1 + 5 * np.arange(n) / n)
    explained[begin:] = -3.0
    reward = np.linspace(0, 50, n)
    kept = only(RULE, {EXPLAINED: explained, REWARD: reward})
    assert kept.severity is Severity.NOTE and kept.onset_step == pytest.approx(begin, abs=0.05 * n)
    reward[begin:] = 1.0
    assert only(RULE, {EXPLAINED: explained, REWARD: reward}).severity is Severity.WARNING


@pytest.mark.parametrize("n", [30, 300])
def test_a_value_that_is_the_same_in_all_states_is_a_warning_unless_the_policy_learns_without_it(n: int) -> None:
    noise = np.random.default_rng(0).normal(0, 1, n)
    rising = np.linspace(50, 90, n)
    found = only(RULE, {EXPLAINED: 1e-5 * noise, REWARD: rising})
    assert found.severity is Severity.WARNING and "constant, and is one" in found.message
    assert only(RULE, {EXPLAINED: 0.05 * noise - 0.02, REWARD: rising}).severity is Severity.NOTE
