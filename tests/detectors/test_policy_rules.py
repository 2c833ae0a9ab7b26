"""The rules on policies: each on a curve that has the fault, and on one that only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Finding, Severity
from tests.curves import Floats, autoregressive, level
from tests.detectors.test_other_rules import findings, skipped

REWARD, KL, CLIP, EXPLAINED = (
    "rollout/ep_rew_mean",
    "train/approx_kl",
    "train/clip_fraction",
    "train/explained_variance",
)


def learned(n: int = 200, noise: float = 5.0, seed: int = 0) -> Floats:
    """A reward that rises from 10 to 200 and stays."""
    return 200 - 190 * np.exp(-np.arange(n) / 20) + noise * np.random.default_rng(seed).normal(size=n)


def lost(n: int = 200, at: int = 120, to: float = 10.0) -> Floats:
    value = learned(n)
    value[at:] = to + 5 * np.random.default_rng(1).normal(size=n - at)
    return value


def only(found: list[Finding]) -> Finding:
    (one,) = found
    return one


# reward-collapse --------------------------------------------------------------------------------


def test_a_reward_that_is_lost_again() -> None:
    found = only(findings("reward-collapse", {REWARD: lost(to=-50)}))
    assert found.severity is Severity.ERROR and found.onset_step == pytest.approx(120, abs=6)
    assert found.remedies[0].action == "early_stop"
    assert only(findings("reward-collapse", {REWARD: lost(to=50)})).severity is Severity.WARNING


@pytest.mark.parametrize("seed", range(5))
def test_a_reward_of_few_noisy_updates_that_is_lost_again(seed: int) -> None:
    n = np.arange(120)
    risen = np.where(n < 60, -1 + 2 * (1 - np.exp(-n / 6)), -1.0)
    assert findings("reward-collapse", {REWARD: risen + 0.2 * np.random.default_rng(seed).normal(size=120)})


def test_half_of_the_reward_lost_is_no_collapse() -> None:
    assert not findings("reward-collapse", {REWARD: lost(to=120)})


def test_a_dip_that_is_made_good_is_no_collapse() -> None:
    dip = learned()
    dip[90:130] = 10
    assert not findings("reward-collapse", {REWARD: dip})


@pytest.mark.parametrize("seed", range(20))
def test_a_reward_that_only_wanders_has_nothing_to_lose(seed: int) -> None:
    wandering = 100 + 20 * autoregressive(400, 0.9, seed)
    assert not findings("reward-collapse", {REWARD: wandering})


def test_a_reward_that_sinks_to_its_worst_never_rose() -> None:
    sinking = np.append(np.random.default_rng(0).normal(-0.9, 0.03, 10), np.full(140, -1.0))
    assert "not risen" in skipped("reward-collapse", {REWARD: sinking})


# kl-blow-up -------------------------------------------------------------------------------------


def test_a_policy_that_strays_and_loses_its_reward() -> None:
    kl = level(200, 0.01, 0.5)
    kl[118:] = 3.0
    found = only(findings("kl-blow-up", {KL: kl, REWARD: lost()}))
    assert found.onset_step == 118 and found.remedies[0].action == "scale_lr"
    raised = np.where(np.arange(200) < 110, 0.001, 1.0)
    found = only(findings("kl-blow-up", {KL: kl, REWARD: lost(), "lr": raised}))
    assert found.remedies[0].params["factor"] == 0.001
    once = level(200, 0.01, 0.5)
    once[119] = 40.0
    assert findings("kl-blow-up", {KL: once, REWARD: lost()})
    uneven = level(200, 0.01, 0.5)
    uneven[118::2] = 3.0
    assert only(findings("kl-blow-up", {KL: uneven, REWARD: lost()})).onset_step == 118
    rare = level(200, 0.01, 0.5)
    rare[118::3] = 3.0  # two of three updates stay near
    assert not findings("kl-blow-up", {KL: rare, REWARD: lost()})


def test_a_large_divergence_without_harm_is_none() -> None:
    assert not findings("kl-blow-up", {KL: np.linspace(0.001, 12, 200), REWARD: learned()})
    assert not findings("kl-blow-up", {KL: level(200, 0.01, 0.5), REWARD: lost()})
    assert "without the reward" in skipped("kl-blow-up", {KL: np.linspace(0.001, 12, 200)})


# explained variance, clip fraction, groups ------------------------------------------------------


def test_a_value_function_that_explains_nothing() -> None:
    useless = np.random.default_rng(0).normal(-0.3, 0.1, 100)
    assert only(findings("low-explained-variance", {EXPLAINED: useless, REWARD: learned()})).severity is Severity.NOTE
    stuck = {EXPLAINED: useless, REWARD: level(200, 20.0, 0.1)}
    assert only(findings("low-explained-variance", stuck)).severity is Severity.WARNING
    late = np.append(np.full(15, -1.0), np.linspace(0, 0.9, 85))
    assert not findings("low-explained-variance", {EXPLAINED: late, REWARD: learned()})


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_most_samples_outside_of_the_clip_range(unit: float) -> None:
    assert findings("high-clip-fraction", {KL: level(100, 0.01), CLIP: unit * level(100, 0.7, 0.1)})
    assert not findings("high-clip-fraction", {KL: level(100, 0.01), CLIP: unit * level(100, 0.25, 0.2)})


def test_groups_that_all_get_the_same_reward() -> None:
    groups = {"reward": np.zeros(60), "frac_reward_zero_std": level(60, 0.97, 0.01).clip(max=1)}
    assert only(findings("zero-reward-spread", groups)).severity is Severity.WARNING
    solved = groups | {"reward": np.linspace(0.1, 1.0, 60)}
    assert only(findings("zero-reward-spread", solved)).severity is Severity.NOTE
    assert not findings("zero-reward-spread", groups | {"frac_reward_zero_std": level(60, 0.5)})
    assert findings("zero-reward-spread", {"reward": np.zeros(60), "reward_std": np.zeros(60)})
