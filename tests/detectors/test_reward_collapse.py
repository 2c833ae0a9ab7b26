"""reward-collapse: gains that are lost, falls out of range, and rewards that only wander."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import autoregressive, level
from tests.detectors.judging import judged, only, skip_reason
from tests.detectors.policies import REWARD, learned, lost

RULE = "reward-collapse"


def test_a_reward_that_is_lost_again() -> None:
    found = only(RULE, {REWARD: lost(to=-50)})
    assert found.severity is Severity.ERROR and found.onset_step == pytest.approx(120, abs=6)
    assert found.remedies[0].action == "early_stop"
    assert only(RULE, {REWARD: lost(to=50)}).severity is Severity.WARNING


@pytest.mark.parametrize("seed", range(5))
def test_a_reward_of_few_noisy_updates_that_is_lost_again(seed: int) -> None:
    n = np.arange(120)
    risen = np.where(n < 60, -1 + 2 * (1 - np.exp(-n / 6)), -1.0)
    assert judged(RULE, {REWARD: risen + 0.2 * np.random.default_rng(seed).normal(size=120)})[0]


@pytest.mark.parametrize("depth", [-50.0, -1e3, -1e6, -1e12])
@pytest.mark.parametrize("at", [60, 150, 198])
def test_the_deeper_the_fall_the_surer(depth: float, at: int) -> None:
    """No depth hides a collapse, whether or not the reward had risen first."""
    for before in (learned(), level(200, 39.0, 0.01)):
        value = before.copy()
        value[at:] = depth * (1 if depth < -100 else 20)
        found = only(RULE, {REWARD: value})
        assert found.severity is Severity.ERROR and found.onset_step == pytest.approx(at, abs=8)


def test_half_of_the_reward_lost_is_no_collapse() -> None:
    assert not judged(RULE, {REWARD: lost(to=120)})[0]


@pytest.mark.parametrize("depth", [10.0, -1e4])
def test_a_dip_that_is_made_good_is_no_collapse(depth: float) -> None:
    dip = learned()
    dip[90:130] = depth
    assert not judged(RULE, {REWARD: dip})[0]


def test_a_single_bad_episode_at_the_end_is_no_collapse() -> None:
    value = learned()
    value[-1] = -1e6
    assert not judged(RULE, {REWARD: value})[0]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("n", [30, 400])
def test_a_reward_that_only_wanders_has_nothing_to_lose(n: int, seed: int) -> None:
    wandering = 100 + 20 * autoregressive(n, 0.9, seed)
    assert not judged(RULE, {REWARD: wandering})[0]


def test_a_reward_that_sinks_to_its_worst_never_rose() -> None:
    sinking = np.append(np.random.default_rng(0).normal(-0.9, 0.03, 10), np.full(140, -1.0))
    assert "not risen" in skip_reason(RULE, {REWARD: sinking})


def test_scores_of_preference_training_are_no_rewards() -> None:
    assert "preference" in skip_reason(RULE, {"rewards/chosen": np.append(level(100, 0.5), -level(100, 60.0))})


@pytest.mark.parametrize("n", [20, 40, 100, 1000])
@pytest.mark.parametrize("at", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("unit", [0.01, 1.0, 3000.0])
def test_a_collapse_in_runs_of_any_length_and_unit(n: int, at: float, unit: float) -> None:
    rng = np.random.default_rng(n)
    begin = int(at * n)
    value = np.where(np.arange(n) < begin, 1 - np.exp(-12 * np.arange(n) / n), -0.1) + 0.03 * rng.normal(size=n)
    found = only(RULE, {REWARD: 7 * unit + unit * value})
    assert found.severity is Severity.ERROR and found.onset_step == pytest.approx(begin, abs=0.1 * n)


@pytest.mark.parametrize("n", [100, 1000])
def test_a_gain_that_is_gone_in_the_last_tenth_is_a_warning(n: int) -> None:
    value = learned(n)
    value[int(0.9 * n) :] = 5 * np.random.default_rng(0).normal(size=n - int(0.9 * n))
    assert only(RULE, {REWARD: value}).severity is Severity.WARNING


def test_a_long_log_of_single_episodes_is_judged_quickly() -> None:
    value = np.append(learned(200_000), np.full(1000, -1e6))
    assert only(RULE, {REWARD: value}).onset_step == 200_000
