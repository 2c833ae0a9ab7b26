"""loss-not-decreasing: preference training is judged like any other, and one curve alone is no sure sign."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglens.model.columns import Columns
from loglens.model.finding import Confidence, Severity
from loglens.model.run import Run
from tests.curves import Floats, falling, level, sparse, steps
from tests.detectors.judging import complains, findings, judged, only, skip_reason


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
def test_a_flat_noisy_loss_without_a_second_sign_never_has_high_confidence(n: int, noise: float) -> None:
    for seed in range(5):
        loss = 0.137 * falling(n, start=1.0, floor=0.97, noise=noise, seed=seed)  # at no ln C
        found, _ = judged("loss-not-decreasing", {"loss": loss})
        assert all(each.confidence != Confidence.HIGH for each in found)


@pytest.mark.parametrize("classes", [2, 4, 10, 100, 1000])
def test_chance_is_recognised(classes: int) -> None:
    (found,) = findings("loss-not-decreasing", {"loss": level(200, np.log(classes), 0.01)})
    assert found.evidence["chance_classes"] == classes and f"ln {classes}" in found.message


def test_noise_that_could_hide_the_gain_is_no_proof() -> None:
    quiet = [findings("loss-not-decreasing", {"loss": level(120, np.log(3), 0.02, seed)}) for seed in range(20)]
    loud = [findings("loss-not-decreasing", {"loss": level(120, np.log(3), 0.3, seed)}) for seed in range(20)]
    assert all(found.severity is Severity.ERROR for (found,) in quiet)
    assert {found.severity for one in loud for found in one} <= {Severity.NOTE, Severity.WARNING}
    # no ln C, no validation loss, no rate of zero: nothing but the noisy curve itself
    alone = [findings("loss-not-decreasing", {"loss": level(120, 0.18, 0.3, seed)}) for seed in range(20)]
    assert {found.severity for one in alone for found in one} == {Severity.NOTE}


def test_weights_that_never_move_explain_a_gain_by_chance() -> None:
    """Without them, first points that lie above the rest by chance acquit."""
    loss = level(400, 0.18, 0.15)
    loss[:3] *= 1.2
    assert not findings("loss-not-decreasing", {"loss": loss})
    assert findings("loss-not-decreasing", {"loss": loss, "weight_norm": np.full(400, 7.31)})
    adapted = level(400, 0.18, 0.15) * np.where(np.arange(400) < 30, 1.2, 1.0)  # only adapters train
    assert not findings("loss-not-decreasing", {"loss": adapted, "weight_norm": np.full(400, 7.31)})


def test_stuck_at_no_known_chance_level() -> None:
    (found,) = findings("loss-not-decreasing", {"loss": level(200, 0.35, 0.05)})
    assert found.evidence["chance_classes"] is None


def test_a_learning_rate_of_zero_is_named() -> None:
    (found,) = findings("loss-not-decreasing", {"loss": level(200, 1.5, 0.1), "lr": np.zeros(200)})
    assert found.remedies[0].action == "check_optimizer_step" and "0 throughout" in found.message


def test_fine_tuning_gains_little_but_gains() -> None:
    assert not findings("loss-not-decreasing", {"loss": level(300, 1.0, 0.05) * np.linspace(1.5, 1.3, 300)})


def test_a_validation_loss_that_falls_acquits() -> None:
    curves = {"loss": level(300, 1.0, 0.3), "val_loss": falling(30, start=1.5, floor=0.9)}
    assert not findings("loss-not-decreasing", curves)


def test_a_metric_that_never_moves_unmasks_a_loss_that_fell_to_the_mean() -> None:
    loss = np.append(np.linspace(0.75, 0.05, 10), level(190, 0.05, 0.02))
    curves = {"loss": loss, "val/mean_average_precision": level(40, 0.03, 0.1)}
    assert findings("loss-not-decreasing", curves)
    assert not findings("loss-not-decreasing", curves | {"val/mean_average_precision": np.linspace(0.03, 0.3, 40)})


def test_a_loss_that_came_down_before_its_second_point_is_not_stuck() -> None:
    late = level(40, 0.125, 0.01)
    assert findings("loss-not-decreasing", {"loss": late})
    assert not findings("loss-not-decreasing", {"loss": np.append(0.7, late)})


def test_a_low_first_batch_is_no_rise() -> None:
    noisy = level(300, 14.0, 0.3, seed=1)
    noisy[:3] = 10.0, 12.0, 11.0
    assert findings("loss-not-decreasing", {"loss": noisy})


def test_a_metric_first_measured_after_the_learning_proves_nothing() -> None:
    loss = np.append(np.linspace(2.5, 1.2, 40), level(960, 1.16, 0.01))
    accuracy = level(16, 0.58, 0.005)
    late = Columns.from_curves({"loss": (steps(1000), loss), "val_acc": (60 + steps(16, 60), accuracy)})
    early = Columns.from_curves({"loss": (steps(1000), loss), "val_acc": (steps(16, 60), accuracy)})
    assert not findings("loss-not-decreasing", Run("late", Path("late"), "test", late))
    assert findings("loss-not-decreasing", Run("early", Path("early"), "test", early))


def test_falling_from_a_burst_to_the_level_of_guessing_is_no_learning() -> None:
    loss = level(2000, float(np.log(2)), 0.05)
    loss[:2] = 1.0, 0.9
    assert complains("loss-not-decreasing", {"loss": loss})


def test_a_metric_that_moved_after_its_first_evaluation_acquits() -> None:
    """Learned within the first evaluation interval, and flat after it: a small task."""
    flat = np.concatenate([np.linspace(0.66, 0.57, 20), level(380, 0.56, 0.01)])
    curves = {"loss": flat, "val_loss": np.concatenate([[0.57], np.full(10, 0.56)])}
    assert complains("loss-not-decreasing", sparse(curves))
    curves["val_auc"] = np.concatenate([[0.48], np.full(10, 0.72)])
    assert not complains("loss-not-decreasing", sparse(curves))


def test_a_score_of_skill_acquits_a_click_through_loss_that_falls_a_little() -> None:
    flat = np.concatenate([np.linspace(0.46, 0.445, 20), level(380, 0.441, 0.005)])
    curves = {"loss": flat, "val_loss": np.concatenate([[0.448], np.full(10, 0.4445)])}
    skilled, guessing = np.linspace(0.74, 0.785, 11), np.linspace(0.52, 0.53, 11)
    assert not complains("loss-not-decreasing", sparse(curves | {"val_auc": skilled}))
    assert complains("loss-not-decreasing", sparse(curves | {"val_auc": guessing}))
    assert complains("loss-not-decreasing", sparse(curves | {"val_auc": skilled[::-1]})), "it gets worse"


@pytest.mark.parametrize("n", [40, 400])
@pytest.mark.parametrize("classes", [2, 5, 50])
def test_what_was_learned_and_lost_again_did_decrease(n: int, classes: int) -> None:
    """A rate too high may undo within a few points what the first ones learned; then the net guesses for good."""
    loss = np.log(classes) * np.random.default_rng(classes).normal(1, 0.01, n)
    loss[n // 20 : n // 8] *= 0.3
    assert not judged("loss-not-decreasing", {"loss": loss})[0]
