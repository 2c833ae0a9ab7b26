"""Divergence, a loss that does not decrease, and growing weights, each beside its look-alikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.analysis.judge import judge
from loglens.model.finding import Finding, Severity
from loglens.registry.load import detectors
from tests.curves import Floats, falling, level, run


def findings(rule: str, curves: dict[str, Floats]) -> list[Finding]:
    """What the rule finds; that the outcome of the run is named by itself is no finding of the rule."""
    diagnosis = judge(run(curves), {rule: detectors()[rule]})
    return list(diagnosis.findings) if diagnosis.outcomes[0].outcome == "found" else []


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
def test_what_a_rise_costs_is_told_by_the_training_metric(kept: float, severity: Severity | None) -> None:
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
    outcome = judge(
        run({"train/loss": turning(), "rollout/ep_rew_mean": level(400, 5.0)}),
        {"divergence": detectors()["divergence"]},
    ).outcomes[0]
    assert outcome.outcome == "skipped" and "reinforcement" in outcome.why


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


@pytest.mark.parametrize("classes", [2, 4, 10, 100, 1000])
def test_chance_is_recognised(classes: int) -> None:
    (found,) = findings("loss-not-decreasing", {"loss": level(200, np.log(classes), 0.01)})
    assert found.evidence["chance_classes"] == classes and f"ln {classes}" in found.message


def test_noise_that_could_hide_the_gain_is_no_proof() -> None:
    quiet = [findings("loss-not-decreasing", {"loss": level(120, np.log(3), 0.02, seed)}) for seed in range(20)]
    loud = [findings("loss-not-decreasing", {"loss": level(120, np.log(3), 0.3, seed)}) for seed in range(20)]
    assert all(found.severity is Severity.ERROR for (found,) in quiet)
    assert {found.severity for one in loud for found in one} <= {Severity.NOTE, Severity.WARNING}
    # no ln C, no validation loss, no rate of zero: nothing but the noisy curve itself
    alone = [findings("loss-not-decreasing", {"loss": level(120, 0.18, 0.3, seed)}) for seed in range(20)]
    assert {found.severity for one in alone for found in one} == {Severity.NOTE}


def test_weights_that_never_move_explain_a_gain_by_chance() -> None:
    """Without them, first points that lie above the rest by chance acquit."""
    loss = level(400, 0.18, 0.15)
    loss[:3] *= 1.2
    assert not findings("loss-not-decreasing", {"loss": loss})
    assert findings("loss-not-decreasing", {"loss": loss, "weight_norm": np.full(400, 7.31)})
    adapted = level(400, 0.18, 0.15) * np.where(np.arange(400) < 30, 1.2, 1.0)  # only adapters train
    assert not findings("loss-not-decreasing", {"loss": adapted, "weight_norm": np.full(400, 7.31)})


def test_stuck_at_no_known_chance_level() -> None:
    (found,) = findings("loss-not-decreasing", {"loss": level(200, 0.35, 0.05)})
    assert found.evidence["chance_classes"] is None


def test_a_learning_rate_of_zero_is_named() -> None:
    (found,) = findings("loss-not-decreasing", {"loss": level(200, 1.5, 0.1), "lr": np.zeros(200)})
    assert found.remedies[0].action == "check_optimizer_step" and "0 throughout" in found.message


def test_fine_tuning_gains_little_but_gains() -> None:
    assert not findings("loss-not-decreasing", {"loss": level(300, 1.0, 0.05) * np.linspace(1.5, 1.3, 300)})


def test_a_validation_loss_that_falls_acquits() -> None:
    curves = {"loss": level(300, 1.0, 0.3), "val_loss": falling(30, start=1.5, floor=0.9)}
    assert not findings("loss-not-decreasing", curves)


def test_weights_that_grow_while_the_loss_gains_nothing() -> None:
    norm = 10 * np.exp(0.008 * np.arange(400))
    loss = np.concatenate([falling(200), level(200, 0.21)])
    (found,) = findings("weight-growth", {"weight_norm": norm, "loss": loss})
    assert found.evidence["factor"] == pytest.approx(np.exp(0.008 * 397), rel=0.05)
    assert found.evidence["doubling_steps"] == pytest.approx(np.log(2) / 0.008, rel=0.05)


@pytest.mark.parametrize("norm", [10 * np.sqrt(1 + np.arange(400) / 20), 10 + np.log1p(np.arange(400))])
def test_weights_that_grow_ever_more_slowly_are_healthy(norm: Floats) -> None:
    assert not findings("weight-growth", {"weight_norm": norm, "loss": falling(400)})


def test_weights_that_grow_for_a_loss_that_gains_are_healthy() -> None:
    norm = 10 * np.exp(0.008 * np.arange(400))
    assert not findings("weight-growth", {"weight_norm": norm, "loss": 2.0 * np.exp(-np.arange(400) / 80)})
