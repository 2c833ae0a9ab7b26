"""The rule divergence: a loss or a metric that is lost again, and rises that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.analysis.judge import judge
from loglens.model.finding import Severity
from loglens.registry.load import detectors
from tests.curves import Floats, falling, level, run, sparse
from tests.detectors.judging import complains, findings, only, skip_reason


def turning(n: int = 400, at: int = 250, rate: float = 0.02, noise: float = 0.05, seed: int = 0) -> Floats:
    """A loss that falls from 2.3 towards 0.5 and grows by `rate` a point from index `at` on."""
    value = falling(n, floor=0.5, noise=noise, seed=seed)
    value[at:] *= np.exp(rate * np.arange(n - at))
    return value


def test_divergence_from_a_known_step() -> None:
    (found,) = findings("divergence", {"loss": turning()})
    assert found.severity is Severity.ERROR
    assert found.onset_step is not None and 245 <= found.onset_step <= 275


def test_rising_from_the_start() -> None:
    (found,) = findings("divergence", {"loss": np.append(1.4, level(99, 8.0, 0.1))})
    assert found.onset_step == 1


@pytest.mark.parametrize(
    "loss",
    [
        falling(400, noise=0.3),
        np.append(falling(399), 50.0),  # one bad batch at the end
        np.concatenate([falling(200), level(5, 9.0), falling(395)[200:] * 0.9]),  # a spike that recovers
        falling(400, floor=0.01) + 0.002 * np.linspace(0, 1, 400),  # a floor that creeps up
    ],
    ids=["noisy", "last point", "spike", "creep"],
)
def test_no_divergence(loss: Floats) -> None:
    assert not findings("divergence", {"loss": loss})


def test_a_rise_while_the_metric_improves_is_a_penalty_that_grows() -> None:
    curves = {"loss": turning(), "mean_squared_error": falling(400, floor=0.001)}
    assert not findings("divergence", curves)


@pytest.mark.parametrize(("kept", "severity"), [(0.5, Severity.ERROR), (0.95, Severity.WARNING), (0.995, None)])
def test_the_severity_of_a_rise_depends_on_the_training_metric(kept: float, severity: Severity | None) -> None:
    accuracy = np.minimum(1.0 - 0.9 * np.exp(-np.arange(400) / 40), 0.99)
    accuracy[250:] *= np.linspace(1, kept, 150) ** 0.5 if kept < 0.99 else 1
    accuracy[300:] = 0.99 * kept
    found = findings("divergence", {"train/loss": turning(), "train/accuracy": accuracy})
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])


def test_all_that_was_learned_is_lost_again() -> None:
    """A fifth, from ln 6 down and back: a rise of less than a quarter."""
    value = np.log(6) * np.concatenate([np.linspace(1, 0.82, 60), level(340, 1.0, 0.01)])
    (found,) = findings("divergence", {"loss": value})
    assert found.onset_step is not None and 50 <= found.onset_step <= 75


def test_a_rise_of_nothing_is_no_divergence() -> None:
    """By its logarithm the loss loses half of what it gained; of 8000 it loses nothing."""
    value = np.concatenate([np.geomspace(8000, 1e-4, 300), np.geomspace(1e-4, 1, 100)])
    assert not findings("divergence", {"loss": value})


def test_the_onset_of_a_slow_rise_is_where_it_begins() -> None:
    value = np.exp(np.abs(np.arange(50) - 6) * 0.05 - 1) * level(50, 1.0, 0.01)
    (found,) = findings("divergence", {"loss": value})
    assert found.onset_step is not None and abs(found.onset_step - 6) <= 5


def test_a_metric_that_loses_half_of_its_gain_diverges() -> None:
    metric = np.concatenate([np.linspace(0.02, 0.3, 60), np.linspace(0.3, 0.05, 20), level(40, 0.05, 0.02)])
    (found,) = findings("divergence", {"loss": falling(400), "train/accuracy": metric, "val/accuracy": metric})
    assert found.onset_step == pytest.approx(62, abs=6)
    still_learning = np.exp(-np.arange(400) / 100)  # then it is validation alone that falls: overfitting
    assert not findings("divergence", {"loss": still_learning, "val/accuracy": metric})
    assert not findings("divergence", {"loss": falling(400), "val/accuracy": np.linspace(0.02, 0.3, 120)})


def test_metrics_that_fall_after_a_nan_are_its_effect() -> None:
    loss, accuracy = falling(400), 1 - falling(400, start=0.9, floor=0.1)
    loss[200:], accuracy[200:] = np.nan, 0.1
    found = judge(run({"loss": loss, "accuracy": accuracy}), detectors())
    assert found.primary == "nan-loss"
    assert "divergence" not in {each.condition for each in found.findings}


def test_validation_alone_is_not_divergence() -> None:
    assert not findings("divergence", {"loss": falling(400), "val_loss": turning()})
    assert findings("divergence", {"val_loss": turning()})


def test_reinforcement_learning_is_not_judged_by_its_loss() -> None:
    curves = {"train/loss": turning(), "rollout/ep_rew_mean": level(400, 5.0)}
    assert "reinforcement" in skip_reason("divergence", curves)


@given(st.sampled_from([1e-3, 1e3]), st.integers(0, 20), st.booleans())
@settings(max_examples=30)
def test_units_change_no_verdict(unit: float, seed: int, sick: bool) -> None:
    loss = turning(seed=seed) if sick else falling(400, seed=seed)
    for rule in ("divergence", "loss-not-decreasing"):
        assert bool(findings(rule, {"loss": loss})) == bool(findings(rule, {"loss": unit * loss}))


@given(st.integers(0, 30), st.floats(0.02, 0.4), st.integers(1, 400))
@settings(max_examples=60)
def test_a_healthy_run_cut_anywhere_is_no_divergence(seed: int, noise: float, n: int) -> None:
    assert not findings("divergence", {"loss": falling(400, noise=noise, seed=seed)[:n]})


def test_training_that_rises_while_validation_falls_is_a_note() -> None:
    """A curriculum: the training data become harder in three steps."""
    loss = np.repeat([0.2, 0.45, 0.9], 70) * level(210, 1.0, 0.05)
    found = only("divergence", {"loss": loss, "val_loss": np.linspace(1.2, 0.7, 210) * level(210, 1.0, 0.01)})
    assert found.severity is Severity.NOTE and "val_loss falls from" in found.message
    assert complains("divergence", {"loss": loss, "val_loss": np.linspace(0.7, 1.2, 210) * level(210, 1.0, 0.01)})


@pytest.mark.parametrize("evaluations", [6, 30])
def test_a_validation_loss_that_is_never_as_low_as_at_first(evaluations: int) -> None:
    above = np.append(3.4, level(evaluations, 4.3, 0.03))
    flat = {"loss": np.append(8.5, level(99, 3.9, 0.05)), "val_loss": above}
    (found,) = findings("divergence", sparse(flat))
    assert found.severity is Severity.WARNING and found.tags[0] == "val_loss"
    assert not findings("divergence", sparse(flat | {"loss": falling(100)}))  # training gains: that is overfitting
    assert not findings("divergence", sparse(flat | {"val_loss": np.append(3.4, level(evaluations, 3.3, 0.03))}))
