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
