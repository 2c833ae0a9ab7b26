"""The rule loss-spike: spikes that pass, linger or stay, and noise that only looks like them."""

from __future__ import annotations

import numpy as np
import pytest

from loglens.model.finding import Severity
from tests.curves import Floats, falling, level, sparse
from tests.detectors.judging import findings, only


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


@pytest.mark.parametrize(("length", "kind"), [(6, "recovering"), (120, "lingering"), (200, "fatal")])
def test_a_spike_has_a_class(length: int, kind: str) -> None:
    loss = falling(400, floor=1.0)
    loss[200 : 200 + length] *= 5
    (found,) = findings("loss-spike", {"loss": loss})
    assert found.evidence["class"] == kind
    assert found.severity is (Severity.ERROR if kind == "fatal" else Severity.WARNING)


def test_spikes_that_pass_began_with_the_first() -> None:
    loss = level(600, 0.5, 0.1)
    loss[200:203] *= 10
    loss[400:403] *= 20
    (found,) = findings("loss-spike", {"loss": loss})
    assert found.onset_step == 200 and "the first at 200" in found.message


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


def test_one_high_value_that_is_gone_with_the_next_point_is_a_note() -> None:
    loss = falling(300)
    loss[150] = 13_000.0
    assert only("loss-spike", {"loss": loss}).severity is Severity.NOTE
    loss[151:156] = 9_000.0
    assert only("loss-spike", {"loss": loss}).severity is Severity.WARNING


@pytest.mark.parametrize("n", [300, 1200])
def test_new_data_that_the_validation_loss_does_not_feel_is_a_note(n: int) -> None:
    """The second data set begins with a loss three times as high, which takes a tenth of the run to come down."""
    third, t = n // 3, np.linspace(0, 1, n // 3)
    phases = [floor + height * np.exp(-t / 0.25) for floor, height in ((1.2, 2.3), (0.9, 1.9), (1.0, 1.9))]
    loss = np.concatenate(phases) * np.random.default_rng(n).lognormal(0, 0.05, 3 * third)
    held_out = 1.1 + 1.8 * np.exp(-np.linspace(0, 3, 16))
    (found,) = findings("loss-spike", sparse({"loss": loss, "val_loss": held_out}))
    assert found.severity is Severity.NOTE
    hurt = np.where(np.isin(np.arange(16), (6, 12)), 3.5, held_out)
    (found,) = findings("loss-spike", sparse({"loss": loss, "val_loss": hurt}))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize(("factor", "severity"), [(2.5, Severity.NOTE), (6.0, Severity.WARNING)])
def test_hard_batches_that_come_again_are_no_spikes(count: int, factor: float, severity: Severity) -> None:
    """Each is back at the next point. Far above its level such a loss is not explained by a hard batch."""
    loss = level(2_000, 2.2, 0.1)
    loss[np.linspace(300, 1_700, count).astype(int)] = factor * 2.2
    assert findings("loss-spike", {"loss": loss})[0].severity is severity
