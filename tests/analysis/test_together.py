"""What training and held-out curves show together: curves of known truth in several lengths and noises."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.outcome.indicators import indicators
from loglens.analysis.outcome.judge_outcome import judge_outcome
from loglens.analysis.outcome.together import fell_together, stays_at_worst
from loglens.analysis.outcome.unexplained import unexplained
from loglens.model.finding import Severity
from loglens.model.series import Series
from tests.curves import Floats, level, series

LENGTHS = (12, 40, 300)


def accuracy(n: int, course: Floats, split: str, seed: int) -> Series:
    noise = np.random.default_rng(seed).normal(0, 0.005, n)
    return series(np.clip(course + noise, 0, 1), "metric_higher", split, f"{split}/accuracy")


def course(n: int, end: float) -> Floats:
    """Rises to 0.6 within a third of the run, and sinks to `end` by the last third."""
    return np.interp(np.arange(n), [0, n / 3, n / 2, 2 * n / 3, n], [0.01, 0.6, 0.6, end, end])


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize(("end", "state"), [(0.1, "lost"), (0.38, "unstable")])
def test_curves_that_get_worse_together_are_an_error(n: int, end: float, state: str) -> None:
    for seed in range(5):
        curves = [accuracy(n, course(n, end), split, seed) for split in ("train", "val")]
        outcome = judge_outcome(curves)
        assert outcome.state == state, (seed, outcome)
        failure = unexplained(outcome, [], curves)
        assert failure is not None and failure[1].severity is Severity.ERROR


@pytest.mark.parametrize("n", LENGTHS)
def test_held_out_curves_alone_may_overfit(n: int) -> None:
    for seed in range(5):
        train = accuracy(n, np.interp(np.arange(n), [0, n / 3, n], [0.01, 0.6, 0.95]), "train", seed)
        held_out = accuracy(n, course(n, 0.38), "val", seed + 50)
        assert fell_together(indicators([train, held_out])) is None


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("n", LENGTHS)
def test_noise_alone_never_falls_together(n: int, noise: float) -> None:
    for seed in range(30):
        random = np.random.default_rng(seed)
        level = 0.2 + np.exp(-5 * np.arange(n) / n)
        curves = [series(level * random.lognormal(0, noise, n), "loss", split, split) for split in ("train", "val")]
        assert fell_together(indicators(curves)) is None, seed


@pytest.mark.parametrize("n", LENGTHS)
def test_a_metric_at_its_worst_in_both_splits_is_stuck_whatever_the_accuracy_says(n: int) -> None:
    """A detector whose precision stays at 4 %, beside an accuracy that the empty class makes 98 %."""
    low = np.interp(np.arange(n), [0, n / 8, n], [0.02, 0.04, 0.04])
    curves = [
        *(accuracy(n, low / 10, split, 1) for split in ("train", "val")),
        series(np.interp(np.arange(n), [0, n / 8, n], [0.8, 0.065, 0.065]), "loss", "val", "val/loss"),
    ]
    assert stays_at_worst(indicators(curves)) is not None
    assert judge_outcome(curves).state == "stuck"


@pytest.mark.parametrize("n", LENGTHS)
def test_a_loss_that_falls_does_not_excuse_metrics_that_stay_at_their_worst(n: int) -> None:
    low = np.interp(np.arange(n), [0, n / 8, n], [0.001, 0.03, 0.03])
    curves = [
        *(accuracy(n, low, split, i) for i, split in enumerate(("train", "val"))),
        series(np.linspace(5, 1, n), "loss", "val", "val/loss"),
    ]
    outcome = judge_outcome(curves)
    failure = unexplained(outcome, [], curves)
    assert outcome.state == "stuck" and failure is not None and failure[1].severity is Severity.ERROR


@pytest.mark.parametrize("n", LENGTHS)
def test_a_metric_that_still_rises_or_is_low_in_one_split_is_not_stuck(n: int) -> None:
    rising = np.linspace(0.001, 0.09, n)
    assert stays_at_worst(indicators([accuracy(n, rising, split, 2) for split in ("train", "val")])) is None
    low, high = np.full(n, 0.02), np.linspace(0.1, 0.9, n)
    assert stays_at_worst(indicators([accuracy(n, high, "train", 3), accuracy(n, low, "val", 3)])) is None


@pytest.mark.parametrize("n", [3, 5, 20])
@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_word_error_rates_that_never_leave_the_worst_are_an_error(n: int, unit: float) -> None:
    """One answer for every sample, in training and validation; the loss has fallen sixfold, and stands still."""
    rate = np.append(0.93, np.full(n - 1, 0.897))
    loss = series(np.append(29.0, np.full(49, 5.5)), "loss", "train", "train/loss")
    curves = [series(unit * rate, "metric_lower", split, f"{split}/wer") for split in ("train", "val")] + [loss]
    failure = unexplained(judge_outcome(curves), [], curves)
    assert failure is not None and failure[0] == "metric-stuck" and failure[1].severity is Severity.ERROR
    falling = unit * np.linspace(0.93, 0.4, n)
    learns = [series(falling, "metric_lower", split, f"{split}/wer") for split in ("train", "val")]
    assert stays_at_worst(indicators([*learns, loss])) is None


@pytest.mark.parametrize("n", LENGTHS)
def test_a_gain_of_two_thousandths_cannot_be_lost(n: int) -> None:
    """A validation loss that never moved is stuck, however exactly it comes back."""
    tiny = np.interp(np.arange(n), [0, n / 3, n], [0.7135, 0.7124, 0.7137])
    curves = [series(tiny, "loss", split, f"{split}/loss") for split in ("train", "val")]
    assert fell_together(indicators(curves)) is None and judge_outcome(curves).state == "stuck"


def swinging(n: int, last: float, seed: int) -> Floats:
    """Rises to 0.7 with evaluations that are bad now and then, and one that is `last` of that at the end."""
    random = np.random.default_rng(seed)
    value = 0.7 * (1 - np.exp(-6 * np.arange(n) / n)) * np.where(random.random(n) < 0.4, random.uniform(0, 0.6, n), 1.0)
    value[0], value[-2:] = 0.001, (0.7, 0.7 * last)
    return value


@pytest.mark.parametrize("n", [9, 20, 60])
def test_a_bad_last_evaluation_in_two_splits_is_an_error(n: int) -> None:
    for seed in range(5):
        course = swinging(n, 0.3, seed)
        curves = [accuracy(n, course, split, seed + i) for i, split in enumerate(("train", "val", "test"))]
        outcome = judge_outcome(curves)
        failure = unexplained(outcome, [], curves)
        assert failure is not None and failure[1].severity is Severity.ERROR, (seed, outcome)


@pytest.mark.parametrize("n", [9, 20, 60])
def test_a_bad_last_evaluation_of_one_split_takes_the_success_back(n: int) -> None:
    for seed in range(5):
        rising = 0.7 * (1 - np.exp(-6 * np.arange(n) / n))
        cut = np.append(rising[:-1], 0.2)
        curves = [accuracy(n, rising, "train", seed), accuracy(n, cut, "val", seed + 9)]
        assert judge_outcome(curves).state == "unclear"


@pytest.mark.parametrize("n", [24, 37, 80])
def test_what_swung_and_has_settled_is_no_swing(n: int) -> None:
    settled = n - max(8, n // 4)
    value = 0.7 * (1 - np.exp(-6 * np.arange(n) / n))
    value[5:settled:5] = 0.1
    held = [accuracy(n, value, split, seed) for seed, split in enumerate(("train", "val"))]
    assert judge_outcome(held).success
    value[settled::4] = 0.1
    swings = [accuracy(n, value, split, seed) for seed, split in enumerate(("train", "val"))]
    assert not judge_outcome(swings).success


@pytest.mark.parametrize("n", [8, 20, 200])
@pytest.mark.parametrize("classes", [2, 5, 10])
def test_a_loss_at_ln_c_with_an_accuracy_of_one_in_c_is_stuck(n: int, classes: int) -> None:
    for seed in range(5):
        loss = series(level(n, float(np.log(classes)), 0.002, seed), split="val", tag="val/loss")
        right = series(level(n, 1 / classes, 0.02, seed + 9), "metric_higher", "val", "val/accuracy")
        outcome = judge_outcome([loss, right])
        assert outcome.state == "stuck" and unexplained(outcome, [], [loss, right]) is not None
        better = series(level(n, 1.5 / classes, 0.02, seed + 9), "metric_higher", "val", "val/accuracy")
        assert "guessing too" not in judge_outcome([loss, better]).why


@pytest.mark.parametrize("n", [14, 40, 300])
def test_what_a_held_out_loss_lost_is_named_by_what_training_did_since(n: int) -> None:
    """It ends above its start: overfitting where training continued to gain, divergence where that rose as well."""
    t = np.linspace(0, 1, n)
    held_out = series(np.interp(t, [0, 0.2, 1], [0.70, 0.66, 0.80]) * level(n, 1.0, 0.002), split="val")
    for end, name in ((0.45, "overfitting"), (0.68, "divergence")):
        train = series(np.interp(t, [0, 0.2, 1], [0.70, 0.62, end]) * level(n, 1.0, 0.005), split="train")
        curves = [held_out, train]
        failure = unexplained(judge_outcome(curves), [], curves)
        assert failure is not None and failure[0] == name, judge_outcome(curves)


@pytest.mark.parametrize("n", [12, 40])
def test_a_metric_that_stands_still_beside_losses_that_do_is_their_matter(n: int) -> None:
    right = series(np.linspace(0.035, 0.05, n), "metric_higher", "val", "val/acc")
    for end, name in ((3.27, "loss-not-decreasing"), (1.0, "metric-stuck")):
        curves = [right, series(np.linspace(3.33, end, n)), series(np.linspace(3.33, end, n), split="val")]
        failure = unexplained(judge_outcome(curves), [], curves)
        assert failure is not None and failure[0] == name
