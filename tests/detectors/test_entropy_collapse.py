"""entropy-collapse: entropy that is spent for nothing, early and late, and entropy that is spent on learning."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, level
from tests.detectors.judging import complains, judged, only, skip_reason
from tests.detectors.policies import REWARD, learned, lost

RULE, ENTROPY = "entropy-collapse", "train/entropy"


def spent(n: int, over: float, start: float = 0.69) -> Floats:
    """An entropy that decays by e in a share `over` of the run."""
    return start * np.exp(-np.arange(n) / (over * n))


@pytest.mark.parametrize("n", [20, 100, 3000])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("start", [0.69, 48.0])
def test_entropy_that_is_spent_for_nothing(n: int, sign: int, start: float) -> None:
    tag = ENTROPY if sign > 0 else "train/entropy_loss"
    found = only(RULE, {tag: sign * spent(n, 0.05, start), REWARD: level(n, 9.3)})
    assert found.severity is Severity.ERROR and found.onset_step == pytest.approx(0.12 * n, abs=0.05 * n + 1)
    assert found.remedies[0].action == "set_entropy_coef"


def test_late_it_is_a_warning() -> None:
    assert only(RULE, {ENTROPY: spent(100, 0.3), REWARD: level(100, 9.3)}).severity is Severity.WARNING


def test_entropy_that_is_spent_on_learning_is_a_note() -> None:
    assert only(RULE, {ENTROPY: spent(100, 0.05), REWARD: np.linspace(10, 200, 100)}).severity is Severity.NOTE
    assert not judged(RULE, {ENTROPY: spent(100, 0.4), REWARD: np.linspace(10, 200, 100)})[0]


def test_a_reward_that_rose_and_was_lost_is_another_matter() -> None:
    assert not complains(RULE, {ENTROPY: spent(200, 0.3), REWARD: lost()})


def test_entropy_that_is_kept() -> None:
    assert not judged(RULE, {ENTROPY: np.linspace(1.4, 0.5, 200), REWARD: learned()})[0]


def test_what_is_not_judged() -> None:
    assert "without the reward" in skip_reason(RULE, {ENTROPY: np.linspace(1.4, 0.1, 100)})
    assert "both signs" in skip_reason(RULE, {ENTROPY: np.linspace(1.4, -5, 100), REWARD: learned(100)})
    assert "10 entropies" in skip_reason(RULE, {ENTROPY: np.ones(5), REWARD: learned(5)})


@pytest.mark.parametrize("n", [60, 300])
def test_entropy_that_is_gone_at_the_very_end(n: int) -> None:
    entropy = level(n, 0.9)
    entropy[int(0.94 * n) :] = 2e-4
    assert only(RULE, {ENTROPY: entropy, REWARD: level(n, 9.3)}).severity is Severity.WARNING
    assert only(RULE, {ENTROPY: entropy, REWARD: learned(n)}).severity is Severity.NOTE
    assert only(RULE, {ENTROPY: entropy}).severity is Severity.NOTE


def test_a_policy_that_learned_at_once_has_gained() -> None:
    reward = np.append(20.0, level(40, 500.0, 0.002))
    assert not complains(RULE, {ENTROPY: spent(41, 0.05), REWARD: reward})


@pytest.mark.parametrize("n", [30, 300])
def test_the_deviation_of_continuous_actions(n: int) -> None:
    deviation = np.exp(-12 * np.arange(n) / n)
    assert complains(RULE, {"Policy/mean_noise_std": deviation, REWARD: level(n, 9.3)})
    signs = {ENTROPY: np.linspace(1.4, -8, n), "Policy/mean_noise_std": deviation}
    assert complains(RULE, signs | {REWARD: level(n, 9.3)})
    assert not judged(RULE, {"Policy/mean_noise_std": np.exp(-np.arange(n) / n), REWARD: learned(n)})[0]
