"""Held-out curves that begin when most was learned: fine runs, and failures that look like them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loglens.analysis.outcome.judge_outcome import judge_outcome
from loglens.model.series import Series
from tests.curves import falling, series


def accuracy(value: object, every: int = 1) -> Series:
    return series(np.asarray(value, float), "metric_higher", "val", "val_accuracy", every)


def held_out(value: object, every: int = 1) -> Series:
    return series(np.asarray(value, float), "loss", "val", "val_loss", every)


def later(curve: Series) -> Series:
    """The same curve, with its first point one interval after the start."""
    return replace(curve, step=curve.step + curve.step[1])


@pytest.mark.parametrize("noise", [0.0005, 0.001])
@pytest.mark.parametrize("n", [8, 15, 60])
def test_an_accuracy_that_is_high_from_the_first_epoch_on_and_a_loss_below_that_of_one_answer(
    n: int, noise: float
) -> None:
    g, t = np.random.default_rng(n), np.linspace(0, 1, n)
    right = 0.98 - 0.006 * np.exp(-5 * t) + noise * g.normal(size=n)
    entropy = np.interp(t, [0, 0.3, 1], [0.08, 0.066, 0.078])  # a little overfitting: half of the gain is lost
    train = series(falling(n, 0.19, 0.02))
    assert judge_outcome([train, held_out(entropy), accuracy(right)]).state == "learned"
    still = 0.98 + noise * g.normal(size=n)
    assert judge_outcome([train, held_out(entropy), accuracy(still)]).state == "learned"
    assert not judge_outcome([train, held_out(entropy + 0.04), accuracy(still)]).success, "one answer gets 0.098"


@pytest.mark.parametrize("n", [60, 400, 2000])
@pytest.mark.parametrize("m", [3, 4, 6])
def test_evaluations_that_begin_after_most_was_learned(n: int, m: int) -> None:
    train = series(falling(n, 1.6, 0.85))
    few = later(accuracy(np.linspace(0.616, 0.636, m), n // m))
    if m > 3:
        assert judge_outcome([train, few]).success
    loss = later(held_out(np.linspace(0.93, 0.88, m), n // m))
    assert judge_outcome([train, loss]).success


@pytest.mark.parametrize("m", [4, 6])
def test_a_memorised_training_set_is_no_success(m: int) -> None:
    train = series(falling(400, 1.6, 0.02))
    assert not judge_outcome([train, later(accuracy(np.linspace(0.50, 0.52, m), 400 // m))]).success
    assert not judge_outcome([train, later(held_out(np.linspace(1.30, 1.25, m), 400 // m))]).success
    assert not judge_outcome([train, later(held_out(np.linspace(1.25, 1.35, m), 400 // m))]).success, "it gets worse"


def test_many_evaluations_that_stand_still_far_from_their_best_are_no_success() -> None:
    train = series(falling(400, 2.3, 1.9))
    assert not judge_outcome([train, later(held_out(np.linspace(1.95, 1.90, 40), 10))]).success


@pytest.mark.parametrize("tag", ["val/psnr", "rewards/margins", "val/si_sdr", "elo"])
@pytest.mark.parametrize("n", [20, 100])
def test_measures_without_a_best_value_are_no_shares_of_a_hundred(tag: str, n: int) -> None:
    rising = 12 * (1 - np.exp(-np.linspace(0, 5, n))) + 3
    outcome = judge_outcome([series(rising, "metric_higher", "val", tag)])
    assert outcome.success and outcome.gained is None


@pytest.mark.parametrize("m", [3, 5])
def test_a_late_perplexity_goes_with_its_loss(m: int) -> None:
    train, loss = series(falling(400, 9, 0.46)), np.linspace(0.53, 0.488, m)
    perplexity = series(np.exp(loss), "metric_lower", "val", "val/perplexity", 400 // m)
    assert judge_outcome([train, later(held_out(loss, 400 // m)), later(perplexity)]).success
    assert not judge_outcome([train, later(held_out(1 + loss, 400 // m)), later(perplexity)]).success


@pytest.mark.parametrize("n", [100, 300, 3000])
@pytest.mark.parametrize("start", [1.5, 40.0])
def test_what_the_first_epoch_learned_counts_whatever_later_ones_memorise(n: int, start: float) -> None:
    """A fine-tune of three epochs: the training loss falls at each, and validation shows the first one's gain."""
    g, t = np.random.default_rng(n), np.arange(n) / n
    train = series(start * (0.75 - 0.14 * np.floor(3 * t) + 0.25 * np.exp(-t / 0.02)) * g.lognormal(0, 0.05, n))
    assert judge_outcome([train, later(held_out(start * np.array([0.72, 0.7, 0.705]), n // 3))]).success
    unmoved = start * np.array([0.96, 0.95, 0.95])
    assert not judge_outcome([train, later(held_out(unmoved, n // 3))]).success, "held-out data show none of it"
    assert not judge_outcome([train, later(held_out(start * np.array([0.72, 0.9, 1.2]), n // 3))]).success
