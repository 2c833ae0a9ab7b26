"""kl-blow-up: policies that stray and are lost, and distances that do no harm."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import level
from tests.detectors.judging import complains, judged, only, skip_reason
from tests.detectors.policies import REWARD, learned, lost, wandering

RULE, KL, ENTROPY = "kl-blow-up", "train/approx_kl", "train/entropy"


def test_a_policy_that_strays_and_loses_its_reward() -> None:
    kl = level(200, 0.01, 0.5)
    kl[118:] = 3.0
    found = only(RULE, {KL: kl, REWARD: lost()})
    assert found.onset_step == 118 and found.remedies[0].action == "scale_lr"
    raised = np.where(np.arange(200) < 110, 0.001, 1.0)
    assert only(RULE, {KL: kl, REWARD: lost(), "lr": raised}).remedies[0].params["factor"] == 0.001
    uneven = level(200, 0.01, 0.5)
    uneven[118::2] = 3.0
    assert only(RULE, {KL: uneven, REWARD: lost()}).onset_step == 118


def test_one_update_is_enough_where_it_is_large() -> None:
    for size in (40.0, 4.5):  # above ten, and a hundred times the usual
        once = level(200, 0.02, 0.3)
        once[119] = size
        assert only(RULE, {KL: once, REWARD: lost()}).onset_step == 119


def test_moderate_divergence_now_and_then() -> None:
    rare = level(200, 0.01, 0.5)
    rare[118::3] = 0.5  # two of three updates stay near
    assert not judged(RULE, {KL: rare, REWARD: lost()})[0]


def test_a_large_divergence_without_harm_is_none() -> None:
    assert not judged(RULE, {KL: np.linspace(0.001, 12, 200), REWARD: learned()})[0]
    assert not judged(RULE, {KL: level(200, 0.01, 0.5), REWARD: lost()})[0]
    assert "without the reward" in skip_reason(RULE, {KL: np.linspace(0.001, 12, 200)})


def test_a_language_model_that_is_left_with_one_answer() -> None:
    kl, gone = np.linspace(0.5, 95, 300), np.geomspace(48, 0.4, 300)
    found = only(RULE, {"objective/kl": kl, REWARD: learned(300), "objective/entropy": gone})
    assert found.remedies[0].action == "set_kl_coef"
    varied = np.linspace(48, 30, 300)
    assert not judged(RULE, {"objective/kl": kl, REWARD: learned(300), "objective/entropy": varied})[0]


@pytest.mark.parametrize("n", [20, 100, 1000])
@pytest.mark.parametrize("to", [4.5, 40.0])
def test_a_policy_that_strays_and_never_learned(n: int, to: float) -> None:
    kl = level(n, 0.02, 0.4)
    kl[n // 2 :] = to
    assert complains(RULE, {KL: kl, REWARD: wandering(n, 9.3, 0.05)})


def test_a_jump_without_harm_is_a_note() -> None:
    kl = level(200, 0.02, 0.3)
    kl[100:] = 8.0
    for curves in ({KL: kl, REWARD: learned()}, {KL: kl}):
        found = only(RULE, curves)
        assert found.severity is Severity.NOTE and found.onset_step == 100


@pytest.mark.parametrize("seed", range(20))
def test_few_high_values_are_no_crash(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert not complains(RULE, {KL: 0.01 * rng.lognormal(0, 1, 40), REWARD: learned(40)})


def test_too_few_rewards_after_it() -> None:
    kl = np.append(np.linspace(0.01, 0.3, 97), [0.9, 5.0, 12.0])
    assert "too few rewards" in skip_reason(RULE, {KL: kl, REWARD: learned(100)})
