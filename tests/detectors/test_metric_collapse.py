"""metric-collapse: metrics that are lost for good, of several lengths and noises, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, autoregressive, falling
from tests.detectors.judging import complains, judged, only, skip_reason

RULE = "metric-collapse"


def rising(n: int, noise: float = 0.01, seed: int = 0, start: float = 0.1, best: float = 0.9) -> Floats:
    gain = (best - start) * (1 - np.exp(-6 * np.arange(n) / n))
    return start + gain + noise * np.random.default_rng(seed).normal(size=n)


def lost(n: int, at: float, to: float, noise: float = 0.01, seed: int = 0) -> Floats:
    """A metric that rises to 0.9 and is at `to` from a share `at` of the run on."""
    value = rising(n, noise, seed)
    begin = int(n * at)
    value[begin:] = to + noise * np.random.default_rng(seed + 1).normal(size=n - begin)
    return value


@pytest.mark.parametrize("n", [8, 12, 25, 60, 400, 5000])
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_a_metric_that_is_lost_for_good(n: int, noise: float, unit: float) -> None:
    found = only(RULE, {"val_accuracy": unit * lost(n, 0.7, 0.15, noise), "loss": falling(n, noise=0.01)[::-1]})
    assert found.severity is Severity.ERROR and found.tags[0] == "val_accuracy"
    assert found.onset_step == pytest.approx(0.7 * n, abs=max(1, 0.03 * n))
    step = found.remedies[0].params["step"]
    assert found.remedies[0].action == "resume_from" and isinstance(step, int) and step < 0.7 * n


@pytest.mark.parametrize("n", [12, 60, 400])
def test_an_error_rate_that_goes_back_up(n: int) -> None:
    assert complains(RULE, {"val/error_rate": 1 - lost(n, 0.7, 0.15)})


def test_a_fine_tuned_model_loses_what_it_brought() -> None:
    value = np.append(np.full(20, 0.8), np.full(10, 0.1)) + 0.01 * np.random.default_rng(0).normal(size=30)
    assert complains(RULE, {"val_accuracy": value})


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("n", [6, 10, 20, 50, 300])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_a_metric_that_rises_and_stays(n: int, noise: float, seed: int) -> None:
    assert not judged(RULE, {"val_accuracy": rising(n, noise, seed)})[0]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("n", [10, 40, 400])
def test_a_metric_that_only_wanders(n: int, seed: int) -> None:
    assert not judged(RULE, {"val_accuracy": 0.5 + 0.05 * autoregressive(n, 0.8, seed)})[0]


def test_a_third_of_the_gain_is_not_half_of_it() -> None:
    assert not judged(RULE, {"val_accuracy": lost(200, 0.7, 0.65)})[0]


def test_one_bad_evaluation_at_the_end_is_not_for_good() -> None:
    value = rising(20)
    value[-1] = 0.1
    assert not judged(RULE, {"val_accuracy": value})[0]


def test_a_curve_that_dips_and_comes_back_may_dip_again() -> None:
    value = rising(100)
    value[40:50], value[92:] = 0.2, 0.2
    assert not judged(RULE, {"val_accuracy": value})[0]


def test_metrics_that_disagree() -> None:
    assert not judged(RULE, {"val_precision": lost(100, 0.6, 0.1), "val_recall": rising(100)})[0]


def test_validation_decides_where_it_was_logged() -> None:
    assert not judged(RULE, {"train_accuracy": lost(100, 0.6, 0.1), "val_accuracy": rising(100)})[0]
    assert complains(RULE, {"train_accuracy": lost(100, 0.6, 0.1)})


@pytest.mark.parametrize("end", [0.35, 0.1])
def test_it_is_an_error_and_says_where_the_training_loss_still_falls(end: float) -> None:
    for loss, falls in ((falling(100, floor=0.001, noise=0.01), True), (falling(100)[::-1], False)):
        finding = only(RULE, {"val_accuracy": lost(100, 0.5, end), "loss": loss})
        assert finding.severity is Severity.ERROR
        assert ("still falls" in finding.message) is falls


def test_a_metric_that_leapt_to_the_share_of_the_largest_class_has_no_say() -> None:
    flat = np.append(0.47, 0.984 + 1e-4 * np.random.default_rng(0).normal(size=79))
    assert complains(RULE, {"val_accuracy": flat, "val_mAP": lost(80, 0.6, 0.15)})


def test_a_collapse_after_the_first_evaluations() -> None:
    value = np.append([0.0005, 0.35, 0.42], np.zeros(55))
    assert only(RULE, {"val_accuracy": value}).onset_step == 3


def test_short_dips_do_not_hide_a_long_fall() -> None:
    value = rising(150)
    value[40:44], value[60:63], value[90:] = 0.02, 0.02, 0.1
    assert only(RULE, {"val_accuracy": value}).onset_step == 90


def test_what_follows_a_dead_loss_is_its_effect() -> None:
    loss = falling(100)
    loss[60:] = np.nan
    assert not judged(RULE, {"loss": loss, "val_accuracy": lost(100, 0.62, 0.1)})[0]


def test_few_points() -> None:
    assert "5 points" in skip_reason(RULE, {"val_accuracy": np.array([0.1, 0.5, 0.9, 0.1])})


@pytest.mark.parametrize("n", [7, 8, 10])
def test_a_quick_rise_and_a_fall_of_few_evaluations(n: int) -> None:
    """Second differences of so few points measure the rise and the fall themselves."""
    value = 0.1 + 0.7 * (1 - np.exp(-np.arange(n, dtype=float)))
    value[-3:] = 0.12
    noise = 0.01 * np.random.default_rng(n).normal(size=n)
    assert complains(RULE, {"val_accuracy": value + noise, "loss": falling(n)})
