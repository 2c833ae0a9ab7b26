"""reward-not-rising: rewards that stay or sink, and those that rise however noisily."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import autoregressive, level
from tests.detectors.judging import complains, judged, only, skip_reason

RULE, REWARD = "reward-not-rising", "rollout/ep_rew_mean"


@pytest.mark.parametrize("n", [200, 500, 5000])
@pytest.mark.parametrize("at", [-40_000.0, -0.3, 0.2, 50.0])
def test_a_reward_that_stays(n: int, at: float) -> None:
    value = at + 0.05 * abs(at) * np.random.default_rng(1).normal(size=n)
    assert complains(RULE, {REWARD: value})


def test_a_reward_that_sinks_is_an_error() -> None:
    sinking = np.linspace(60, 20, 300) + 3 * np.random.default_rng(0).normal(size=300)
    assert only(RULE, {REWARD: sinking}).severity is Severity.ERROR


def test_a_reward_of_zero_throughout() -> None:
    assert "0 at every point" in only(RULE, {"reward": np.zeros(100)}).message


@pytest.mark.parametrize("n", [100, 200, 3000])
@pytest.mark.parametrize("noise", [1.0, 10.0, 30.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_reward_that_rises(n: int, noise: float, seed: int) -> None:
    rising = 200 - 180 * np.exp(-4 * np.arange(n) / n) + noise * np.random.default_rng(seed).normal(size=n)
    assert not judged(RULE, {REWARD: rising})[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_late_rise_of_a_rare_reward(seed: int) -> None:
    rare = np.zeros(400)
    rare[300:] = (np.random.default_rng(seed).random(100) < 0.5) * 1.0
    assert not judged(RULE, {REWARD: rare})[0]


def test_a_reward_that_rose_and_was_lost_is_another_matter() -> None:
    value = np.concatenate([np.linspace(0, 100, 200), np.zeros(200)]) + autoregressive(400, 0.5, 0)
    assert not judged(RULE, {REWARD: value})[0]


@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_a_policy_that_learns_at_once(n: int, share: float) -> None:
    fast = 200 - 180 * np.exp(-np.arange(n) / (share * n)) + 5 * np.random.default_rng(0).normal(size=n)
    assert not judged(RULE, {REWARD: fast})[0]


def test_what_is_not_judged() -> None:
    assert "nothing to gain" in skip_reason(RULE, {REWARD: np.minimum(level(200, 0.95, 0.01), 1.0)})
    assert "20 rewards" in skip_reason(RULE, {REWARD: np.zeros(12)})
    assert "preference" in skip_reason(RULE, {"rewards/chosen": np.linspace(0, -60, 200)})


def test_entropy_that_is_gone_asks_for_a_bonus() -> None:
    curves = {REWARD: level(200, 20.0), "train/entropy": np.linspace(1.4, 0.01, 200)}
    assert only(RULE, curves).remedies[0].action == "set_entropy_coef"


@pytest.mark.parametrize("n", [20, 40, 100, 1000])
def test_a_reward_that_sinks_in_runs_of_any_length(n: int) -> None:
    sinking = 0.6 - 0.5 * np.arange(n) / n + 0.03 * np.random.default_rng(n).normal(size=n)
    assert only(RULE, {REWARD: sinking}).severity is Severity.ERROR


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize("end", [0.2, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_a_success_rate_below_one_half_rises(n: int, end: float, seed: int) -> None:
    """A median of zeros and ones is 0 as long as fewer than half succeed."""
    chance = np.linspace(0, end, n)
    success = (np.random.default_rng(seed).random(n) < chance).astype(float)
    assert not judged(RULE, {REWARD: success})[0]


@pytest.mark.parametrize("value", [0.0, 9.3, -21.0, 1e-9])
def test_a_constant_reward(value: float) -> None:
    assert complains(RULE, {REWARD: np.full(41, value)})


def test_rises_are_seldom_taken_for_none() -> None:
    """At most 3 of 100, with independent and correlated noise of up to 30 % of the gain, of runs of all lengths."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(100):
        n, over = int(rng.choice([20, 40, 100, 1000])), float(rng.choice([0.03, 0.1, 0.25]))
        noise = float(rng.choice([0.05, 0.1, 0.3])) * autoregressive(
            n, float(rng.choice([0, 0.5])), int(rng.integers(999))
        )
        wrong += complains(RULE, {REWARD: 1 - np.exp(-np.arange(n) / (over * n)) + noise})
    assert wrong <= 3


def test_a_policy_whose_entropy_never_moves_earns_no_more_however_noisy() -> None:
    for seed in (2, 6, 10):
        reward = 22 * (1 + 0.1 * autoregressive(50, 0.8, seed))
        assert "too noisy" in skip_reason("reward-not-rising", {"ep_rew_mean": reward})
        assert complains("reward-not-rising", {"ep_rew_mean": reward, "entropy": np.full(50, 0.693)})


@pytest.mark.parametrize("tag", ["Self-play/ELO", "eval/episode_reward", "success_rate"])
@pytest.mark.parametrize("n", [40, 150, 500])
def test_rewards_of_training_are_not_judged_where_another_score_rises(n: int, tag: str) -> None:
    g = np.random.default_rng(n)
    flat, rising = 0.03 * g.normal(size=n), 1 - np.exp(-3 * np.linspace(0, 1, n)) + 0.02 * g.normal(size=n)
    assert complains(RULE, {REWARD: flat, tag: np.full(n, 0.3) + 0.02 * g.normal(size=n)})
    assert not complains(RULE, {REWARD: flat, tag: rising})
    falls_back = np.where(np.linspace(0, 1, n) < 0.6, rising, 0.05)
    assert complains(RULE, {REWARD: flat, tag: falls_back})
