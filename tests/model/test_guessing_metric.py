"""Accuracies at the level of guessing, and their losses: curves of known truth in several lengths, noises and units."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from loglens.model.guessing_metric import guesses
from loglens.model.series import Series
from tests.curves import Floats, falling, series

LENGTHS = (12, 40, 400)


def right(n: int, classes: float, batch: int, seed: int) -> Floats:
    """The share of right answers of a net that guesses, in batches of so many samples."""
    return np.random.default_rng(seed).binomial(batch, 1 / classes, n) / batch


def pair(accuracy: Floats, loss: Floats, tag: str = "val/acc") -> tuple[list[Series], list[Series]]:
    return [series(accuracy, "metric_higher", "val", tag)], [series(loss, "loss", "val", "val/loss")]


@pytest.mark.parametrize("unit", [1, 100])
@pytest.mark.parametrize("classes", [4, 6, 10])
@pytest.mark.parametrize("n", LENGTHS)
def test_a_loss_that_falls_from_a_burst_to_guessing(n: int, classes: int, unit: int) -> None:
    """Shuffled labels: the first loss is far above ln C, and the accuracy stays at 1 / C."""
    for seed in range(5):
        loss = falling(n, 1.6 * np.log(classes), np.log(classes), 0.002, seed)
        (sign,) = guesses(*pair(unit * right(n, classes, 2_000, seed), loss))
        assert sign.severity is (Severity.ERROR if n >= 20 else Severity.WARNING)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("end", [0.02, 0.3, 0.9])
def test_a_loss_that_learns_beside_an_accuracy_that_does_not(n: int, end: float) -> None:
    for seed in range(5):
        assert list(guesses(*pair(right(n, 10, 2_000, seed), falling(n, 2.35, end, 0.02, seed))))


@pytest.mark.parametrize("n", LENGTHS)
def test_one_that_learns_is_none(n: int) -> None:
    for seed in range(5):
        loss = falling(n, 2.35, 0.3, 0.02, seed)
        assert not list(guesses(*pair(1 - 0.9 * loss / 2.35, loss)))


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize(
    ("level", "start", "end"),
    [
        (0.95, 0.7, 0.2),  # one class is common: a good accuracy from the start
        (0.42, 2.1, 1.2),  # a fine-tune: 42 % of the tokens are right, and its loss falls to that
        (0.1, 0.09, 0.03),  # no cross entropy: squares of errors
        (0.3, 2.2, 1.3),  # below guessing among four, above what tells inputs apart
    ],
)
def test_a_level_that_has_a_reason(n: int, level: float, start: float, end: float) -> None:
    for seed in range(5):
        assert not list(guesses(*pair(right(n, 1 / level, 2_000, seed), falling(n, start, end, 0.02, seed))))


def test_a_noise_that_hides_a_gain_and_few_points_say_nothing() -> None:
    loss = falling(30, 4.0, np.log(10), 0.002)
    assert not list(guesses(*pair(right(30, 10, 8, 1), loss)))
    assert not list(guesses(*pair(right(8, 10, 2_000, 1), loss[:8])))
    assert not list(guesses(*pair(right(30, 10, 2_000, 1), loss, "val/f1")))


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("level", [0.55, 0.7])
def test_a_cross_entropy_so_low_has_more_right_answers_than_are_counted(n: int, level: float) -> None:
    """A loss of 0.05 leaves at most 0.05 / ln 2 = 7 % of the answers wrong, whatever the classes."""
    start = -level * np.log(level) - (1 - level) * np.log(1 - level)
    for seed in range(5):
        accuracy = right(n, 1 / level, 2_000, seed)
        (sign,) = guesses(*pair(accuracy, falling(n, 1.1 * start, 0.05, 0.02, seed)))
        assert "the metric measures something else" in sign.message
        assert not list(guesses(*pair(accuracy, falling(n, 1.1 * start, 0.45, 0.02, seed)))), "a third may be wrong"
        assert not list(guesses(*pair(accuracy, falling(n, 0.1, 0.01, 0.02, seed)))), "no cross entropy begins so low"
