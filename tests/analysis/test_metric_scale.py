"""Metrics whose scale, or whose level without knowledge, decides whether a run learned: curves of known truth."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.outcome.judge_outcome import judge_outcome
from loglens.analysis.outcome.metric_scale import errors_at_most_all, ideal, percent_scores, whole_of_rate
from loglens.model.outcome import SUCCESS
from loglens.model.series import Series
from tests.curves import Floats, series

LENGTHS = (6, 10, 30, 300)


def settling(n: int, start: float, end: float, noise: float = 0.01, seed: int = 0) -> Floats:
    """Comes to its end within a tenth of the run."""
    value = end + (start - end) * np.exp(-np.linspace(0, 1, n) / 0.03)
    return value * np.random.default_rng(seed).lognormal(0, noise, n)


def splits(role: str, tag: str, value: Floats) -> list[Series]:
    return [series(value, role, split, f"{split}/{tag}") for split in ("train", "val")]


@pytest.mark.parametrize("unit", [1, 100])
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("end", [1.0, 0.93, 0.85])
def test_an_error_rate_that_falls_to_that_of_an_empty_answer_is_no_success(n: int, unit: int, end: float) -> None:
    """A recogniser repeats itself at first (1.3 errors a word), then says nothing, or always the same."""
    for seed in range(5):
        rate = splits("metric_lower", "wer", unit * settling(n, 1.3, end, 0.003, seed))
        loss = splits("loss", "ctc_loss", settling(n, 30.0, 6.0, 0.02, seed))
        assert judge_outcome([*rate, *loss]).state not in SUCCESS


@pytest.mark.parametrize("unit", [1, 100])
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize(("start", "end"), [(1.3, 0.1), (4.0, 0.3), (0.12, 0.06), (1.0, 0.6)])
def test_an_error_rate_that_falls_further_is_a_success(n: int, unit: int, start: float, end: float) -> None:
    for seed in range(5):
        assert judge_outcome(splits("metric_lower", "wer", unit * settling(n, start, end, 0.01, seed))).state in SUCCESS


@pytest.mark.parametrize(
    ("value", "whole"), [([8, 1.02, 1.0, 1.0], 1), ([130, 100, 100], 100), ([8, 5, 4, 4], 100), ([1.3, 0.2], 1)]
)
def test_whether_a_rate_is_in_per_cent(value: list[float], whole: float) -> None:
    assert whole_of_rate(np.array(value)) == whole


def test_only_error_rates_are_capped() -> None:
    value = np.array([3.0, 2.0, 1.5])
    assert (errors_at_most_all(series(value, "metric_lower", "val", "val/wer")).value == 1).all()
    assert (errors_at_most_all(series(value, "metric_lower", "val", "val/rmse")).value == value).all()


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize(("right", "state"), [(0.12, False), (0.18, False), (0.3, True), (0.9, True)])
def test_an_accuracy_below_a_fifth_is_no_success(n: int, right: float, state: bool) -> None:
    for seed in range(5):
        for unit in (1, 100):
            curves = splits("metric_higher", "accuracy", unit * settling(n, 0.001, right, 0.01, seed))
            curves += splits("loss", "loss", settling(n, 6.9, 6.9 * (1 - right), 0.01, seed))
            assert (judge_outcome(curves).state in SUCCESS) is state, (seed, unit)


@pytest.mark.parametrize("n", LENGTHS)
def test_a_bleu_below_one_is_in_per_cent_where_few_tokens_are_right(n: int) -> None:
    """A translator that learned which tokens are frequent: 16 % of the tokens right, BLEU 0.1 of 100."""
    for seed in range(5):
        tokens = splits("metric_higher", "accuracy", settling(n, 0.001, 0.16, 0.01, seed))
        bleu = splits("metric_higher", "bleu", settling(n, 1e-9, 0.1, 0.2, seed))
        loss = splits("loss", "loss", settling(n, 11.4, 6.2, 0.01, seed))
        curves = [*tokens, *bleu, *loss]
        assert percent_scores(curves) == {"train/bleu", "val/bleu"}
        assert judge_outcome(curves).state not in SUCCESS


@pytest.mark.parametrize(("tokens", "bleu"), [(0.65, 0.3), (0.5, 0.15), (0.18, 0.002)])
def test_a_bleu_as_a_share_stays_one(tokens: float, bleu: float) -> None:
    score = series(settling(30, 0, bleu), "metric_higher", "val", "val/bleu")
    accuracy = series(settling(30, 0.001, tokens), "metric_higher", "val", "val/accuracy")
    assert not percent_scores([score, accuracy]) and not percent_scores([score])
    assert ideal(score) == 1.0 and ideal(score, frozenset({"val/bleu"})) == 100.0


def test_a_metric_that_lost_its_gain_within_few_evaluations_takes_the_success_of_the_loss_back() -> None:
    for rate in ([1.3, 0.36, 1.0, 1.0, 1.0], [1.0, 0.3, 0.95, 1.0, 1.0, 0.98]):
        curves = [*splits("metric_lower", "wer", np.array(rate)), *splits("loss", "ctc", settling(len(rate), 30, 6))]
        assert judge_outcome(curves).state not in SUCCESS


@pytest.mark.parametrize("n", [12, 30, 300])
def test_an_accuracy_that_gains_less_than_a_twentieth_of_its_way_is_stuck(n: int) -> None:
    for seed in range(5):
        (low,) = [series(settling(n, 0.24, 0.265, 0.01, seed), "metric_higher", "val", "val/accuracy")]
        assert judge_outcome([low]).state == "stuck"
        good = series(settling(n, 0.6, 0.64, 0.003, seed), "metric_higher", "val", "val/accuracy")
        assert judge_outcome([good]).state != "stuck"
