"""loss-not-decreasing: preference training is judged like any other, and one curve alone is no sure witness."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Confidence
from tests.curves import Floats, falling, level
from tests.detectors.judging import judged, only, skip_reason


def rewards(n: int, margin: float) -> dict[str, Floats]:
    drift = margin * np.linspace(0, 1, n)
    return {"rewards/chosen": drift / 2, "rewards/rejected": -drift / 2, "rewards/margins": drift}


@pytest.mark.parametrize("n", [30, 200, 2000])
def test_preference_training_that_never_leaves_ln_2_is_stuck(n: int) -> None:
    found = only("loss-not-decreasing", {"loss": np.full(n, np.log(2)), **rewards(n, 0.0)})
    assert found.confidence == Confidence.HIGH


def test_preference_training_that_learns_is_not_stuck() -> None:
    assert not judged("loss-not-decreasing", {"loss": falling(200, start=0.69), **rewards(200, 3.0)})[0]


@pytest.mark.parametrize(
    "rewards_only", [{"rollout/ep_rew_mean": level(200, 20.0)}, {"rewards/chosen": level(200, 1.0)}]
)
def test_other_rewards_are_reinforcement_learning(rewards_only: dict[str, Floats]) -> None:
    assert "reinforcement" in skip_reason("loss-not-decreasing", {"loss": level(200, 0.7), **rewards_only})


def test_preference_training_with_collected_rewards_stays_reinforcement_learning() -> None:
    curves = {"loss": level(200, 0.7), **rewards(200, 0.0), "rollout/ep_rew_mean": level(200, 20.0)}
    assert "reinforcement" in skip_reason("loss-not-decreasing", curves)


@pytest.mark.parametrize("n", [30, 300, 3000])
@pytest.mark.parametrize("noise", [0.05, 0.2, 0.5])
def test_a_flat_noisy_loss_without_a_second_witness_is_never_sure(n: int, noise: float) -> None:
    for seed in range(5):
        loss = 0.137 * falling(n, start=1.0, floor=0.97, noise=noise, seed=seed)  # at no ln C
        found, _ = judged("loss-not-decreasing", {"loss": loss})
        assert all(each.confidence != Confidence.HIGH for each in found)
