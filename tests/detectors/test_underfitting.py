"""The rule underfitting: both losses high, with an accuracy that says so."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import falling, level, run
from tests.detectors.judging import findings, skip_reason


def test_underfitting_needs_an_accuracy() -> None:
    stuck = {"loss": level(100, 1.06, 0.01), "val_loss": level(20, 1.07, 0.002)}
    falls = {"loss": falling(100), "val_loss": falling(20)}
    assert "without an accuracy" in skip_reason("underfitting", falls)
    assert findings("underfitting", stuck | {"val_accuracy": level(20, 0.43, 0.002)})
    assert not findings("underfitting", stuck | {"val_accuracy": level(20, 0.9, 0.002)})


@pytest.mark.parametrize("n", [10, 30, 300])
def test_a_validation_loss_that_settles_at_once_is_a_note_without_an_accuracy(n: int) -> None:
    came_down = level(n, 1.0, 0.005) + np.where(np.arange(n) < n // 10, 0.15, 0.0)
    for val_loss in (level(n, 15.0, 0.01), came_down):
        (found,) = findings("underfitting", {"loss": level(300, 1.0, 0.05), "val_loss": val_loss})
        assert found.severity is Severity.NOTE
        assert [one.action for one in found.remedies] == ["check_labels", "increase_capacity"]
    for val_loss in (np.linspace(1.0, 0.95, n), falling(n), np.full(n, 1.0)):  # crawls, learns, no update arrives
        assert not findings("underfitting", {"loss": level(300, 1.0, 0.05), "val_loss": val_loss})
    decayed = {"loss": level(300, 1.0, 0.05), "val_loss": came_down, "lr": np.geomspace(0.1, 1e-6, 300)}
    assert not findings("underfitting", decayed)


@pytest.mark.parametrize("n", [12, 20, 100, 1_000])
@pytest.mark.parametrize(("right", "split", "error"), [(0.12, "", True), (0.12, None, False), (0.4, "", False)])
def test_levelling_off_with_a_useless_metric_in_both_splits_is_an_error(
    n: int, right: float, split: str | None, error: bool
) -> None:
    """An accuracy of 12 % that stands still; measured in both splits, in validation alone; and one of 40 %."""
    for seed in range(5):
        stuck = {"loss": level(n, 5.6, 0.01, seed), "val_loss": level(n, 5.6, 0.005, seed + 9)}
        stuck["val_accuracy"] = level(n, right, 0.03, seed)
        if split is not None:
            stuck["accuracy"] = level(n, 1.1 * right, 0.03, seed + 5)
        (found,) = findings("underfitting", run(stuck, every=10))
        assert (found.severity is Severity.ERROR) is (error and n >= 20), seed


def test_weights_that_decay_to_nothing() -> None:
    """The norm falls to a thirtieth while the loss stays where it was, however many classes there are."""
    norm = 0.2 + 6 * np.exp(-np.arange(200) / 20)
    (found,) = findings("underfitting", {"loss": level(200, 0.693, 0.05), "weight_norm": norm})
    assert "decay" in found.message
    assert not findings("underfitting", {"loss": falling(200), "weight_norm": norm})
    assert not findings("underfitting", {"loss": level(200, 0.693, 0.05), "weight_norm": np.linspace(6, 2, 200)})


def test_weights_that_decay_to_nothing_are_said_once() -> None:
    norm = 0.2 + 6 * np.exp(-np.arange(200) / 20)
    assert "underfitting" in skip_reason("loss-not-decreasing", {"loss": level(200, 0.693, 0.05), "weight_norm": norm})


@pytest.mark.parametrize("n", [12, 60, 1_000])
@pytest.mark.parametrize("classes", [3, 10, 100])
def test_a_training_loss_that_hardly_leaves_guessing(n: int, classes: int) -> None:
    """A loss that gains 6 % of ln C, as under labels that are mostly wrong, while the validation accuracy rises."""
    start = float(np.log(classes))
    for seed in range(5):
        loss = np.linspace(start, 0.94 * start, n) * level(n, 1.0, 0.004, seed)
        rising = np.linspace(1 / classes, 0.5, max(10, n // 4))
        (found,) = findings("underfitting", run({"loss": loss, "val_accuracy": rising}, every=20))
        assert "guessing" in found.message and found.severity is Severity.WARNING
        learns = falling(n, start, 0.3 * start, 0.004, seed)
        assert not findings("underfitting", run({"loss": learns, "val_loss": learns, "val_accuracy": rising}, every=20))


@pytest.mark.parametrize("n", [10, 30, 300])
@pytest.mark.parametrize("classes", [3, 10, 27])
def test_a_run_that_ended_on_its_way(n: int, classes: int) -> None:
    """Most of the ln C of guessing is left, and the end is as steep as the middle; done, or far along, it is none."""
    guess, t = np.log(classes), np.linspace(0, 1, n)

    def curves(held_out: np.ndarray) -> dict[str, np.ndarray]:
        return {"loss": 1.02 * held_out, "val_loss": held_out * level(n, 1.0, 0.001)}

    (found,) = findings("underfitting", curves(guess * (1 - 0.4 * t)))
    assert [one.action for one in found.remedies] == ["train_longer", "scale_lr"]
    assert found.severity is Severity.WARNING
    for learned in (1 - 0.4 * (1 - np.exp(-20 * t)), 1 - 0.8 * t, 0.8 - 0.3 * t):
        assert skip_reason("underfitting", curves(guess * learned))


@pytest.mark.parametrize("n", [29, 120])
def test_an_untrained_net_begins_a_little_above_guessing(n: int) -> None:
    """A loss of 2.38 is no ln C; with an accuracy of a tenth beside it, it is that of ten classes."""
    held_out = 2.38 - 0.55 * np.linspace(0, 1, n) ** 0.6
    curves = {"loss": held_out, "val_loss": held_out * level(n, 1.0, 0.0005)}
    assert skip_reason("underfitting", curves)
    (found,) = findings("underfitting", curves | {"val_accuracy": np.linspace(0.08, 0.24, n)})
    assert found.remedies[0].action == "train_longer"
