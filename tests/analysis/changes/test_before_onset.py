"""What changed just before a finding: named where it is so, and hardly ever where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import loglens
from loglens.analysis.changes.before_onset import add_changes, changes_before
from loglens.analysis.changes.onset import Onset
from loglens.model.change import Change
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.roles.assign import assign_roles
from tests.curves import Floats, falling, series
from tests.curves import run as run_of

SAMPLES = Path(__file__).parents[3] / "sample_logs"
RULES = {
    "lr-too-high": Rule("lr-too-high", "schedule", Severity.WARNING, leads_to=("divergence",)),
    "divergence": Rule("divergence", "loss", Severity.ERROR, leads_to=("nan-loss",)),
    "nan-loss": Rule("nan-loss", "loss", Severity.ERROR),
    "overfitting": Rule("overfitting", "generalisation", Severity.WARNING),
}


def curves(more: dict[str, Floats] | None = None) -> tuple[Series, ...]:
    """A loss, a rate, a noisy curve, and further ones, of 600 points."""
    n = 600
    noise = np.random.default_rng(0).normal(5, 1, n)
    values = {"train/loss": falling(n), "lr": np.full(n, 1e-3), "data/mean": noise} | (more or {})
    return assign_roles(run_of(values))


def before(step: int, shown: tuple[Series, ...], run: Run | None = None) -> list[Change]:
    loss = shown[0]
    return changes_before(Onset(step, "step", loss.step, frozenset({loss.tag}), "loss"), run or run_of({}), shown)


def finding(name: str, onset: int | None, caused_by: str | None = None) -> ReportedFinding:
    loss = curves()[0]
    found = Finding("", RULES[name].severity, Confidence.HIGH, onset_step=onset, series=(loss,))
    return ReportedFinding.of(RULES[name], found, caused_by)


def test_nothing_changed_nothing_said() -> None:
    assert before(400, curves()) == []


@pytest.mark.parametrize("ratio", [0.01, 10.0])
@pytest.mark.parametrize("ago", [0, 1, 4])
def test_a_jump_of_the_rate_is_named_with_its_numbers(ratio: float, ago: int) -> None:
    rate = np.full(600, 1e-3)
    rate[400 - ago :] *= ratio
    (change,) = before(400, curves({"lr": rate}))
    assert (change.kind, change.what, change.step, change.points) == ("setting", "lr", 400 - ago, ago)
    assert change.before == 1e-3 and change.after == pytest.approx(1e-3 * ratio)
    assert (change.seen, change.history) == (0, 400 - ago)


def test_what_happens_long_before_or_after_is_not_named() -> None:
    for at in (200, 402):
        rate = np.full(600, 1e-3)
        rate[at:] *= 10
        assert before(400, curves({"lr": rate})) == []


def test_a_curve_without_a_role_is_looked_at_and_may_be_logged_seldom() -> None:
    length = replace(series(np.r_[np.full(100, 10.0), np.arange(12.0, 62.0)], tag="data/seq_len", every=4), role=None)
    (change,) = before(399, (*curves(), length))
    assert (change.what, change.since, change.step, change.points) == ("data/seq_len", 396, 400, 0)
    assert "between 396 and 400" in change.sentence


def test_a_measurement_counts_before_the_onset_only() -> None:
    for at, named in ((396, True), (400, False)):
        mean = np.random.default_rng(0).normal(5, 1, 600)
        mean[at:] += 200
        found = before(400, curves({"data/mean": mean}))
        assert [change.what for change in found] == (["data/mean"] if named else [])
        assert all(change.kind == "measurement" and (change.times or 0) > 5 for change in found)


def test_curves_of_the_chain_and_of_its_role_are_no_news() -> None:
    loss = falling(600)
    loss[396:] += 100
    shown = curves({"train/loss": loss, "train/loss_2": loss + 1})
    assert before(400, tuple(curve for curve in shown if curve.role == "loss")) == []


def test_groups_of_one_role_are_one_change() -> None:
    rate = np.full(600, 1e-3)
    rate[398:] *= 10
    (change,) = before(400, curves({"lr": rate, "lr/group1": 2 * rate}))
    assert {change.what, *change.also} == {"lr", "lr/group1"}
    assert "and 1 more curve" in change.sentence


def test_a_parameter_that_names_the_step_is_named() -> None:
    run = replace(run_of({}), params={"unfreeze_step": 399, "batch_size": 398, "warmup_steps": 10})
    assert [(change.kind, change.what) for change in before(400, curves(), run)] == [("parameter", "unfreeze_step")]


def test_a_rare_evaluation_is_an_event_and_a_frequent_one_is_not() -> None:
    for every, named in ((397, True), (10, False)):
        held_out = series(falling(600 // every + 1), tag="val/loss", every=every)
        shown = assign_roles(run_of({"train/loss": falling(600)}))
        found = before(400, (*shown, replace(held_out, role="loss", split="val")))
        assert [change.what for change in found] == (["an evaluation"] if named else [])


@pytest.mark.parametrize(("name", "explains"), [("divergence", True), ("nan-loss", True), ("overfitting", False)])
def test_a_jump_of_the_rate_explains_what_a_rate_can_cause(name: str, explains: bool) -> None:
    rate = np.full(600, 1e-3)
    for ratio in (10.0, 0.1):
        rate[398:] = 1e-3 * ratio
        (found,) = add_changes([finding(name, 400)], run_of({}), curves({"lr": rate}), RULES)
        assert [change.explains for change in found.changes] == [explains and ratio > 1]


def test_only_roots_with_a_place_carry_changes() -> None:
    rate = np.full(600, 1e-3)
    rate[398:] = 1
    found = [finding("divergence", 400), finding("nan-loss", 401, "divergence"), finding("overfitting", None)]
    assert [bool(f.changes) for f in add_changes(found, run_of({}), curves({"lr": rate}), RULES)] == [
        True,
        False,
        False,
    ]


def test_both_changes_of_the_sample_are_named() -> None:
    root = loglens.diagnose(SAMPLES / "exploding_gradient_rnn").findings[0]
    named = {change.what: change for change in root.changes}
    assert set(named) == {"train/lr", "data/seq_len"}
    assert (named["train/lr"].step, named["train/lr"].points) == (250, 3)
    assert (named["data/seq_len"].before, named["data/seq_len"].after) == (10.0, 12.0)


@cache
def healthy() -> list[tuple[Run, tuple[Series, ...]]]:
    runs = [run for folder in sorted(SAMPLES.glob("healthy_*")) for run in loglens.read(folder)]
    return [(run, assign_roles(run)) for run in runs]


def pseudo_onsets(count: int) -> Iterator[tuple[Onset, Run, tuple[Series, ...]]]:
    """Moments at random in healthy runs, as if something had begun there."""
    rng = np.random.default_rng(0)
    for run, shown in healthy():
        clock = max(shown, key=len)
        for _ in range(count if len(clock) > 10 else 0):
            at = int(rng.integers(len(clock) // 10, len(clock)))
            yield Onset(int(clock.step[at]), clock.axis, clock.step, frozenset(), None), run, shown


def test_a_moment_at_random_in_a_healthy_run_has_nothing_before_it() -> None:
    claims = [bool(changes_before(*moment)) for moment in pseudo_onsets(10)]
    assert len(claims) > 100
    assert np.mean(claims) <= 0.02  # one in fifty
