"""Losses that come down no further than to guessing: curves of known truth in several lengths and noises."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.outcome.judge_outcome import judge_outcome
from loglens.analysis.outcome.unexplained import unexplained
from loglens.model.outcome import SUCCESS
from tests.curves import Floats, falling, level, series

LENGTHS = (12, 40, 400)


def burst(n: int, start: float, end: float, noise: float, seed: int) -> Floats:
    """Comes down within a twentieth of the run, and stands still."""
    return np.where(np.arange(n) < max(1, n // 20), start, end) * np.random.default_rng(seed).lognormal(0, noise, n)


def zipf_entropy(classes: int) -> float:
    share = 1 / np.arange(1, classes + 1)
    share /= share.sum()
    return float(-(share * np.log(share)).sum())


@pytest.mark.parametrize("noise", [0.002, 0.01])
@pytest.mark.parametrize("classes", [50, 1_000, 50_257])
@pytest.mark.parametrize("n", LENGTHS)
def test_a_model_of_the_frequencies_of_tokens_is_no_success(n: int, classes: int, noise: float) -> None:
    for seed in range(5):
        value = burst(n, np.log(classes), zipf_entropy(classes), noise, seed)
        curves = [series(value, "loss", split, f"{split}/loss") for split in ("train", "val")]
        assert judge_outcome(curves).state not in SUCCESS


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize(("start", "end"), [(10.8, 3.3), (4.2, 1.4), (6.9, 2.1), (0.14, 0.123), (2.1, 1.6)])
def test_one_that_learns_more_is(n: int, start: float, end: float) -> None:
    for seed in range(5):
        assert judge_outcome([series(falling(n, start, end, 0.003, seed), "loss", "val", "val/loss")]).state in SUCCESS


@pytest.mark.parametrize("classes", [2, 4, 10, 100])
@pytest.mark.parametrize("split", ["train", "val"])
def test_falling_from_a_burst_to_guessing_is_no_success(classes: int, split: str) -> None:
    for n in LENGTHS:
        for seed in range(5):
            value = burst(n, 3 * np.log(classes), np.log(classes), 0.01, seed)
            assert judge_outcome([series(value, "loss", split, f"{split}/loss")]).state not in SUCCESS


def test_passing_a_level_of_guessing_on_the_way_is_no_guess() -> None:
    for n in LENGTHS:
        assert judge_outcome([series(falling(n, 4.6, 2.3, 0.01), "loss", "val", "val/loss")]).state in SUCCESS


@pytest.mark.parametrize("n", LENGTHS)
def test_a_training_loss_that_stays_at_guessing_takes_the_success_of_validation_back(n: int) -> None:
    """Labels of training that are mostly wrong, and clean ones in validation."""
    accuracy = series(np.linspace(0.1, 0.47, n), "metric_higher", "val", "val/accuracy")
    for seed in range(5):
        wrong = series(np.linspace(2.31, 2.16, n) * level(n, 1, 0.005, seed), "loss", "train", "train/loss")
        right = series(falling(n, 2.31, 1.4, 0.005, seed), "loss", "train", "train/loss")
        assert judge_outcome([accuracy, wrong]).state not in SUCCESS
        assert judge_outcome([accuracy, right]).state in SUCCESS


@pytest.mark.parametrize("n", LENGTHS)
def test_an_accuracy_of_chance_in_validation_alone_is_stuck(n: int) -> None:
    """Training gets 99 % right, validation a tenth to the end."""
    for seed in range(5):
        train = series(np.clip(0.99 - falling(n, 0.9, 0, 0.01, seed), 0, 1), "metric_higher", "train", "train/accuracy")
        held_out = series(level(n, 0.1, 0.02, seed), "metric_higher", "val", "val/accuracy")
        failure = unexplained(judge_outcome([train, held_out]), [], [train, held_out])
        assert failure is not None and failure[0] == "metric-stuck"
