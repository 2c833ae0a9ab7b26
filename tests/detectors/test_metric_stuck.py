"""metric-stuck: metrics that stand still beside a loss that moves, and those with a right to."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import falling, sparse
from tests.detectors.judging import complains, judged, only, skip_reason

RULE = "metric-stuck"


@pytest.mark.parametrize("n", [10, 40, 1000])
@pytest.mark.parametrize(
    ("tag", "value", "kind"),
    [
        ("val/mAP", 0.0, "worst"),
        ("val_accuracy", 0.1, "same"),
        ("val_accuracy", 56.76, "same"),
        ("val/error_rate", 1.0, "worst"),
    ],
)
def test_a_metric_that_never_moves(n: int, tag: str, value: float, kind: str) -> None:
    found = only(RULE, {"loss": falling(n), tag: np.full(n, value)})
    assert found.severity is Severity.ERROR and found.evidence["stays_at"] == kind


def test_all_metrics_of_a_detector_are_zero() -> None:
    zero = np.zeros(50)
    found = only(RULE, {"train/box_loss": falling(50), "metrics/precision": zero, "metrics/recall": zero})
    assert found.severity is Severity.ERROR


def test_few_evaluations_are_a_warning() -> None:
    assert only(RULE, {"loss": falling(7), "val_accuracy": np.full(7, 0.5)}).severity is Severity.WARNING
    assert "6 points" in skip_reason(RULE, {"loss": falling(5), "val_accuracy": np.full(5, 0.5)})


@pytest.mark.parametrize("digits", [2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_a_rounded_metric_that_moves(digits: int, seed: int) -> None:
    value = 0.5 + 0.02 * np.random.default_rng(seed).normal(size=40)
    assert not judged(RULE, {"loss": falling(40), "val_accuracy": value.round(digits)})[0]


def test_a_constant_metric_beside_one_that_moves() -> None:
    curves = {"loss": falling(40), "val_accuracy": np.linspace(0.2, 0.8, 40), "val_recall": np.zeros(40)}
    assert not judged(RULE, curves)[0]


def test_a_metric_that_leaves_zero_late() -> None:
    value = np.zeros(40)
    value[20:] = np.linspace(0, 0.4, 20)
    assert not judged(RULE, {"loss": falling(40), "val_mAP": value})[0]


def test_a_loss_that_stands_still_as_well_is_another_matter() -> None:
    assert not judged(RULE, {"loss": np.full(40, 1.9105), "accuracy": np.full(40, 0.5378)})[0]


def test_perfect_at_once() -> None:
    perfect, loss = np.append(0.91, np.ones(99)), 0.8 * np.exp(-np.arange(100) / 8)
    assert only(RULE, {"loss": loss, "accuracy": perfect}).severity is Severity.WARNING
    assert not complains(RULE, {"loss": loss, "val_accuracy": perfect})  # an easy task, as held-out data say
    assert not complains(RULE, {"loss": falling(100), "accuracy": perfect})  # there is a loss left to learn from


def test_near_its_best_it_is_a_note() -> None:
    assert only(RULE, {"loss": falling(40), "val_accuracy": np.full(40, 0.98)}).severity is Severity.NOTE


@pytest.mark.parametrize("n", [8, 30])
def test_an_accuracy_that_is_perfect_beside_a_loss_of_guessing_is_warned_of(n: int) -> None:
    """It compares the predictions with themselves."""
    assert complains("metric-stuck", {"val_accuracy": np.ones(n), "val_loss": falling(n), "loss": falling(n)})


def test_an_easy_task_may_be_perfect_at_once() -> None:
    easy = falling(8, start=0.2, floor=0.001)
    assert not complains("metric-stuck", {"val_accuracy": np.ones(8), "val_loss": easy, "loss": easy})


@pytest.mark.parametrize("n", [3, 4, 5])
def test_few_evaluations_at_one_bad_value(n: int) -> None:
    """Word error rates that are one and the same number while the loss falls fivefold; three of one are too few."""
    rate = np.append(0.91, np.full(n - 1, 0.8967))
    logged = {
        "loss": falling(60, 30, 6),
        "val_loss": falling(n, 29, 6, 0.01),
        "val/wer": rate,
        "test/wer": rate + 0.003,
    }
    assert only(RULE, sparse(logged)).severity is Severity.ERROR  # two splits agree
    one = {tag: value for tag, value in logged.items() if tag != "test/wer"}
    assert n == 3 or only(RULE, sparse(one)).severity is Severity.WARNING
    assert "6 points" in skip_reason(RULE, sparse({"loss": falling(60), "val/wer": rate[:3]}))


def test_few_evaluations_that_move_or_are_fair_say_nothing() -> None:
    moving = {"loss": falling(60), "val/wer": np.array([0.95, 0.9, 0.84, 0.8])}
    fair = {"loss": falling(60), "val_accuracy": np.full(4, 0.5)}
    assert not complains(RULE, sparse(moving)) and not complains(RULE, sparse(fair))


@pytest.mark.parametrize("tag", ["val_r2", "val/matthews_corrcoef", "val/cohen_kappa"])
@pytest.mark.parametrize("n", [8, 100])
def test_a_score_of_no_skill(tag: str, n: int) -> None:
    score = 0.005 * np.random.default_rng(n).normal(size=n)
    score[0] = -6.0
    assert complains(RULE, {"loss": falling(n, 50, 4), tag: score})
    assert not complains(RULE, {"loss": falling(n, 50, 4), tag: np.linspace(0.0, 0.4, n)})


def test_an_area_under_the_roc_curve_of_one_half() -> None:
    half = 0.5 + 0.005 * np.random.default_rng(1).normal(size=20)
    assert complains(RULE, {"loss": falling(20), "val_auc": half})
    assert not complains(RULE, {"loss": falling(20), "val_auc": half + 0.2})
    assert not complains(RULE, {"loss": falling(20), "val/AUC": half - 0.45})  # of another curve than the ROC


@pytest.mark.parametrize("n", [20, 60])
@pytest.mark.parametrize("share", [0.9, 0.95])
def test_a_good_accuracy_that_one_answer_for_all_gets_is_a_warning(n: int, share: float) -> None:
    """Nine of ten samples are of one class: the loss falls to the entropy of the classes, and no further."""
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    curves = {"loss": falling(n, 0.69, entropy, 0.005), "val_loss": falling(n, 0.65, entropy, 0.005)}
    found = only(RULE, curves | {"val_accuracy": np.full(n, share)})
    assert found.severity is Severity.WARNING and "one answer" in found.message
    learned = {"loss": falling(n, 0.69, entropy / 3, 0.005), "val_loss": falling(n, 0.65, entropy / 3, 0.005)}
    assert only(RULE, learned | {"val_accuracy": np.full(n, share)}).severity is Severity.NOTE


@pytest.mark.parametrize("n", [4, 5, 6, 8, 9, 12, 60])
def test_more_evaluations_never_make_less_of_it(n: int) -> None:
    """A translator that is NaN after its first update: nothing is right in any split."""
    zero = np.r_[0.0006, np.zeros(n - 1)]
    curves = {"loss": falling(10 * n, 11.4, 9.0), "train/accuracy": zero, "validation/accuracy": zero}
    found = only(RULE, sparse(curves | {"train/bleu": 0 * zero, "validation/bleu": 0 * zero}))
    assert found.severity is Severity.ERROR and found.evidence["stays_at"] == "worst"
