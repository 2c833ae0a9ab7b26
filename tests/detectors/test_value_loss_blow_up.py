"""value-loss-blow-up: growth of a thousand times, with and without harm, and growth that rewards explain."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import level
from tests.detectors.judging import judged, only, skip_reason

RULE, VALUE, REWARD = "value-loss-blow-up", "train/value_loss", "rollout/ep_rew_mean"


@pytest.mark.parametrize("n", [30, 300, 5000])
@pytest.mark.parametrize("at", [1e-3, 0.1, 1e6])
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_a_value_loss_that_explodes(n: int, at: float, noise: float) -> None:
    value = level(n, at, noise)
    begin = int(0.8 * n)
    value[begin:] *= 1e6
    found = only(RULE, {VALUE: value})
    assert found.severity is Severity.WARNING and found.onset_step == begin


def test_in_the_last_points() -> None:
    value, reward = level(94, 0.1), level(94, 39.0, 0.01)
    value[-2:], reward[-2:] = (1e12, np.inf), -1e5
    found = only(RULE, {VALUE: value, REWARD: reward})
    assert found.severity is Severity.ERROR and found.onset_step == 92


def test_with_a_falling_reward_it_is_an_error() -> None:
    value, reward = level(200, 0.1), np.linspace(0, 50, 200)
    value[120:], reward[120:] = 1e4, 5.0
    assert only(RULE, {VALUE: value, REWARD: reward}).severity is Severity.ERROR


@pytest.mark.parametrize("tag", ["train/critic_loss", "train/ent_coef"])
def test_critics_and_temperatures(tag: str) -> None:
    value = 0.2 * np.exp(np.arange(300) / 20)
    assert judged(RULE, {tag: value, REWARD: level(300, 9.0)})[0]


def test_a_burst_that_passes() -> None:
    value = level(300, 0.1)
    value[100:110] = 1e6
    assert not judged(RULE, {VALUE: value})[0]


def test_values_that_grow_with_the_rewards() -> None:
    reward = np.geomspace(1, 300, 300)
    assert not judged(RULE, {VALUE: 0.1 * reward**2, REWARD: reward})[0]


def test_a_loss_that_falls_or_stays() -> None:
    assert not judged(RULE, {VALUE: np.geomspace(1e6, 1, 300)})[0]
    assert not judged(RULE, {VALUE: level(300, 5.0, 1.0)})[0]
    assert "20 points" in skip_reason(RULE, {VALUE: level(10, 1.0)})


@pytest.mark.parametrize("n", [40, 300])
def test_a_hundredfold_counts_where_the_reward_falls(n: int) -> None:
    value, reward = level(n, 0.1), np.linspace(0, 50, n)
    value[int(0.6 * n) :] *= 500
    assert not judged(RULE, {VALUE: value, REWARD: reward})[0]
    reward[int(0.6 * n) :] = 2.0
    assert only(RULE, {VALUE: value, REWARD: reward}).severity is Severity.WARNING


def test_a_burst_after_which_the_reward_is_lost() -> None:
    value, reward = level(300, 0.1), np.linspace(0, 50, 300)
    value[100:120], reward[100:] = 1e6, 1.0
    found = only(RULE, {VALUE: value, REWARD: reward})
    assert found.severity is Severity.ERROR and found.onset_step == 100


def test_losses_of_the_policy() -> None:
    policy, reward = 0.01 * np.random.default_rng(0).normal(size=300), np.linspace(0, 50, 300)
    tag = "train/policy_gradient_loss"
    blown, lost = policy.copy(), reward.copy()
    blown[200:], lost[200:] = 3e3, 1.0
    assert only(RULE, {tag: blown, REWARD: lost}).severity is Severity.ERROR
    assert not judged(RULE, {tag: blown, REWARD: reward})[0]
    assert not judged(RULE, {tag: np.append(1e-9 * policy[:100], policy[100:]), REWARD: lost})[
        0
    ]  # on-policy: 0 at first


def test_a_loss_without_a_level_is_not_judged() -> None:
    value = np.append(np.zeros(200), level(100, 1.0))
    assert "level above zero" in skip_reason(RULE, {VALUE: value, REWARD: np.linspace(0, 1, 300)})


@pytest.mark.parametrize("n", [30, 300])
def test_a_critic_that_forgets_what_it_explained(n: int) -> None:
    """The loss jumps a thousandfold and comes down again; the explained variance does not recover."""
    at = n // 2
    value, explained = level(n, 0.002, 0.3), np.full(n, 0.9)
    value[at:] = 100 * np.exp(-np.linspace(0, 8, n - at))
    explained[at:] = -20 * np.exp(-np.linspace(0, 3, n - at))
    reward = -200 * np.exp(-np.linspace(0, 8, n)) - 5
    found = only(RULE, {VALUE: value, REWARD: reward, "train/explained_variance": explained})
    assert found.severity is Severity.WARNING and found.onset_step == at
    assert not judged(RULE, {VALUE: value, REWARD: reward, "train/explained_variance": np.full(n, 0.9)})[0]
