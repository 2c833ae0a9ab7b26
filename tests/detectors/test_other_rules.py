"""The remaining rules: each on a curve that has the fault, and on one that only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.model.finding import Finding, Severity
from loglens.registry.load import detectors
from tests.curves import Floats, autoregressive, falling, level, run


def findings(rule: str, curves: dict[str, Floats]) -> list[Finding]:
    return list(judge(run(curves), {rule: detectors()[rule]}).findings)


def complaints(rule: str, curves: dict[str, Floats]) -> list[Finding]:
    return [found for found in findings(rule, curves) if found.severity > Severity.NOTE]


def skipped(rule: str, curves: dict[str, Floats]) -> str:
    outcome, *_ = judge(run(curves), {rule: detectors()[rule]}).outcomes
    assert outcome.outcome == "skipped"
    return outcome.why


def rising_after(n: int, at: int, rate: float = 0.02) -> Floats:
    value = falling(n, floor=0.6, noise=0.02)
    value[at:] = value[at] * np.exp(rate * np.arange(n - at))
    return value


# overfitting ------------------------------------------------------------------------------------


def test_overfitting_names_the_step_to_stop_at() -> None:
    (found,) = findings("overfitting", {"loss": falling(200), "val_loss": rising_after(200, 80)})
    assert found.onset_step == pytest.approx(80, abs=8)
    assert found.remedies[0].action == "early_stop" and found.remedies[0].params["step"] == found.onset_step


@pytest.mark.parametrize(
    "curves",
    [
        {"loss": falling(200, floor=0.01), "val_loss": falling(200, floor=0.8)},  # a gap, but flat
        {"loss": rising_after(200, 80), "val_loss": rising_after(200, 80)},  # both rise: divergence
        {"loss": falling(200), "val_loss": falling(200, noise=0.3)},  # noise
    ],
    ids=["gap", "both rise", "noise"],
)
def test_no_overfitting(curves: dict[str, Floats]) -> None:
    assert not findings("overfitting", curves)


# loss-spike -------------------------------------------------------------------------------------


def spiked(height: float, width: int = 2, floor: float = 0.01) -> Floats:
    """A loss of a classifier that is done, with one spike of that height."""
    value = falling(400, floor=floor)
    value[300 : 300 + width] = height
    return value


def test_a_spike_is_seen_where_it_begins() -> None:
    (found,) = findings("loss-spike", {"loss": spiked(1.5)})
    assert found.onset_step == 300 and found.severity is Severity.WARNING


def test_a_spike_above_the_start_stands_out_of_loud_noise() -> None:
    """Near zero the logarithm of a batch's loss may vary so much that no factor is eight deviations."""
    value = falling(400, floor=0.03) * np.exp(np.resize([0.5, -0.5], 400))  # its deviation by the median is 0.74
    assert not findings("loss-spike", {"loss": value})
    value[300] = 10.0
    (found,) = findings("loss-spike", {"loss": value})
    assert found.onset_step == 300


def test_one_wrong_answer_near_zero_is_no_spike() -> None:
    """Nine times the level, and a twentieth of what the run has come down."""
    assert not findings("loss-spike", {"loss": spiked(0.12)})


def test_a_loss_that_rises_on_and_on_has_no_peak() -> None:
    value = falling(400, floor=0.5)
    value[250:] *= np.exp(0.1 * np.arange(150))
    assert findings("divergence", {"loss": value}) and not findings("loss-spike", {"loss": value})


def test_a_jump_to_a_level_that_stays_is_a_fatal_spike() -> None:
    value = falling(400, floor=0.5)
    value[250:] *= 8
    (found,) = findings("loss-spike", {"loss": value})
    assert found.evidence["class"] == "fatal" and found.severity is Severity.ERROR


def test_a_spike_that_recovers_is_a_warning_and_one_that_stays_an_error() -> None:
    passing, staying = falling(400), falling(400)
    passing[200:206] *= 8
    staying[200:] = staying[200] * 8
    (warned,), (failed,) = findings("loss-spike", {"loss": passing}), findings("loss-spike", {"loss": staying})
    assert (warned.severity, warned.onset_step) == (Severity.WARNING, 200)
    assert (failed.severity, failed.onset_step) == (Severity.ERROR, 200)


def test_a_spike_tells_how_early_the_gradient_gave_warning() -> None:
    loss, grad = falling(400), level(400, 0.5, 0.1)
    loss[200:206] *= 8
    grad[196:204] = 30
    (found,) = findings("loss-spike", {"loss": loss, "grad_norm": grad})
    assert found.evidence["gradient_lead_points"] == 4


@pytest.mark.parametrize("seed", range(10))
def test_heavy_batch_noise_is_no_spike(seed: int) -> None:
    assert not findings("loss-spike", {"loss": falling(2000, noise=0.5, seed=seed)})


def test_a_rounded_loss_is_no_spike() -> None:
    assert not findings("loss-spike", {"loss": np.round(falling(600, floor=0.0009, noise=0.1), 4)})


# plateau, oscillation ---------------------------------------------------------------------------


def test_a_stall_is_seen_through_noise() -> None:
    """Thirty noisy points: the fifths compared differ by 6 % by chance alone."""
    rate = np.where(np.arange(30) < 5, 1e-3, 1e-7)
    loss = 0.25 * (1 + 0.25 * np.cos(2.4 * np.arange(30)))
    loss[:4] = [1.4, 0.9, 0.5, 0.3]
    (found,) = findings("plateau", {"loss": loss, "lr": rate})
    assert found.onset_step == 5


def test_swings_of_nothing_are_no_matter() -> None:
    """Done at step 50, at a millionth: what is left swings tenfold in a period of 20 steps."""
    loss = np.concatenate([np.geomspace(2, 1e-6, 50), 1e-6 * 10 ** np.sin(np.arange(750) * np.pi / 10)])
    assert not findings("oscillation", {"loss": loss})
    assert findings("oscillation", {"loss": np.concatenate([loss[:5], 1e6 * loss[50:]])})


def test_one_bump_is_no_oscillation() -> None:
    loss = level(400, 0.1, 0.1)
    loss[90:160] *= np.exp(3 * np.sin(np.arange(70) * np.pi / 70))
    assert not findings("oscillation", {"loss": loss})


def test_a_plateau_needs_a_cause() -> None:
    lr, loss = np.full(400, 1e-2), falling(400, floor=0.1, noise=0.01)
    lr[60:] = 1e-6
    loss[60:] = loss[60] * level(340, 1.0, 0.01)
    (found,) = findings("plateau", {"loss": loss, "lr": lr})
    assert found.onset_step == 60
    assert not findings("plateau", {"loss": loss, "lr": np.full(400, 1e-2)})


def test_a_cosine_schedule_that_ends_at_zero_is_no_plateau() -> None:
    lr = 0.01 * (1 + np.cos(np.linspace(0, np.pi, 400))) / 2
    assert not findings("plateau", {"loss": falling(400), "lr": lr})


def test_a_loss_with_a_period_oscillates() -> None:
    swing = np.exp(np.sin(np.arange(800) / 12))
    (found,) = findings("oscillation", {"loss": level(800, 1.0, 0.1) * swing})
    assert found.evidence["period_points"] == pytest.approx(2 * np.pi * 12, abs=3)


@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_noise_does_not_oscillate(rho: float) -> None:
    loss = falling(800) * np.exp(0.15 * autoregressive(800, rho))
    assert not findings("oscillation", {"loss": loss})


# learning rate ----------------------------------------------------------------------------------


# weights and activations ------------------------------------------------------------------------


# precision, system ------------------------------------------------------------------------------


# the log ----------------------------------------------------------------------------------------


def test_underfitting_needs_an_accuracy() -> None:
    stuck = {"loss": level(100, 1.06, 0.01), "val_loss": level(20, 1.07, 0.002)}
    assert "without an accuracy" in skipped("underfitting", stuck)
    assert findings("underfitting", stuck | {"val_accuracy": level(20, 0.43, 0.002)})
    assert not findings("underfitting", stuck | {"val_accuracy": level(20, 0.9, 0.002)})


# a metric beside the loss -----------------------------------------------------------------------


def test_a_metric_that_never_moves_unmasks_a_loss_that_fell_to_the_mean() -> None:
    loss = np.append(np.linspace(0.75, 0.05, 10), level(190, 0.05, 0.02))
    curves = {"loss": loss, "val/mean_average_precision": level(40, 0.03, 0.1)}
    assert findings("loss-not-decreasing", curves)
    assert not findings("loss-not-decreasing", curves | {"val/mean_average_precision": np.linspace(0.03, 0.3, 40)})


def test_a_metric_that_loses_half_of_its_gain_diverges() -> None:
    metric = np.concatenate([np.linspace(0.02, 0.3, 60), np.linspace(0.3, 0.05, 20), level(40, 0.05, 0.02)])
    (found,) = findings("divergence", {"loss": falling(400), "train/accuracy": metric, "val/accuracy": metric})
    assert found.onset_step == pytest.approx(62, abs=6)
    still_learning = np.exp(-np.arange(400) / 100)  # then it is validation alone that falls: overfitting
    assert not findings("divergence", {"loss": still_learning, "val/accuracy": metric})
    assert not findings("divergence", {"loss": falling(400), "val/accuracy": np.linspace(0.02, 0.3, 120)})
