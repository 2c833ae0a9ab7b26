"""Rules are handed the curves they ask for; skips and crashes reach the report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from loglens.analysis.judge import judge
from loglens.config.load import Config
from loglens.errors import UnreadableError
from loglens.model.columns import Histogram
from loglens.model.contract import CurveInput, Detector
from loglens.model.finding import Finding, Rule, Severity
from loglens.model.run import Run
from loglens.model.series import Series
from loglens.registry.load import detectors
from loglens.roles.assign import assign_roles
from tests.curves import falling, level, run
from tests.judged import report_on


def crashing() -> Detector:
    def detect(loss: Series) -> Iterator[Finding]:
        raise ZeroDivisionError("of all things")

    return Detector(Rule("boom", "loss", Severity.ERROR), detect, "Boom", {}, (CurveInput("loss", "one", "loss"),), {})


def test_a_crash_is_named_and_hides_no_other_rule() -> None:
    loss = falling(100)
    loss[50:] = np.nan
    report = report_on([run({"loss": loss})], {"boom": crashing(), **detectors()})
    assert [o.why for o in report.runs[0].outcomes if o.outcome == "crashed"] == ["ZeroDivisionError: of all things"]
    assert report.primary == "nan-loss" and report.exit_code == 1
    alone = report_on([run({"loss": falling(100)})], {"boom": crashing(), **detectors()})
    assert alone.exit_code == 4


def test_every_rule_has_an_outcome_and_a_skip_has_a_reason() -> None:
    outcomes = judge(run({"widgets": level(50, 0.5)}), detectors()).outcomes
    assert [outcome.condition for outcome in outcomes] == [*detectors(), "unstable-training"]
    training = [outcome for outcome in outcomes[:-1] if detectors()[outcome.condition].rule.family != "log"]
    assert all(outcome.outcome == "skipped" and outcome.why for outcome in training)


def test_curves_without_a_role_can_be_drawn_after_those_with_one() -> None:
    found = judge(run({f"widgets{i}": level(50, 0.5) for i in range(200)} | {"loss": falling(100)}), detectors())
    assert found.curves[0].tag == "loss" and len(found.curves) == 61
    assert [part.tag for part in found.curve_roles] == ["loss"]


def test_without_anything_to_judge_the_exit_code_is_3() -> None:
    report = report_on([run({"widgets": level(50, 0.5)})], detectors())
    assert report.runs[0].verdict == "not-judged" and report.exit_code == 3


def test_nothing_read_is_2() -> None:
    report = report_on([UnreadableError("gone", "x")], detectors())
    assert report.exit_code == 2 and report.unread[0].path == "x"


@pytest.mark.parametrize(
    ("fail_on", "code"), [(None, 0), (Severity.ERROR, 0), (Severity.WARNING, 1), (Severity.NOTE, 1)]
)
def test_the_gate(fail_on: Severity | None, code: int) -> None:
    loss = falling(100)
    loss[50] = np.nan  # a NaN that passes: a warning
    assert report_on([run({"loss": loss})], detectors(), config=Config(fail_on=fail_on)).exit_code == code


def test_thresholds_and_ignored_rules() -> None:
    sick = run({"loss": level(100, 2.3)})
    options = Config(ignore={"loss-not-decreasing": ""})
    assert not judge(sick, detectors(), options).findings
    options = Config(thresholds={"loss-not-decreasing": {"min_points": 1000}})
    assert not judge(sick, detectors(), options).findings
    assert judge(sick, detectors()).findings


def histogram(tag: str, step: int, norm: float) -> Histogram:
    none = np.zeros(0)
    return Histogram(tag, step, float("nan"), 10.0, 0.0, norm**2, -1.0, 1.0, 0.0, none, none, True)


def test_norms_come_from_histograms_where_no_scalar_tells_them() -> None:
    made = [histogram(f"gradients/fc.{i}.weight", step, 2.0 + step) for i in range(3) for step in range(5)]
    base = run({"loss": falling(50), "grad_norm/fc.0.weight": level(50, 7.0)})
    both = Run("x", base.source, "test", base.columns, tuple(made))
    curves = {curve.tag: curve for curve in assign_roles(both) if curve.role == "grad_norm_layer"}
    assert set(curves) == {"grad_norm/fc.0.weight", "gradients/fc.1.weight", "gradients/fc.2.weight"}
    assert curves["gradients/fc.1.weight"].value.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0]


def test_the_users_roles_win() -> None:
    odd = run({"zork": falling(100)})
    assert judge(odd, detectors()).verdict == "not-judged"
    assert judge(odd, detectors(), Config(roles={"zork": "loss"})).verdict == "healthy"


def test_a_rewind_is_a_note() -> None:
    columns = run({"loss": falling(100)}).columns
    again = np.concatenate([np.arange(60), np.arange(40, 80)])
    columns = type(columns).from_curves({"loss": (again, falling(100))})
    notes = judge(Run("x", run({}).source, "test", columns), detectors()).notes
    assert [note.kind for note in notes] == ["rewind"] and "from 59 to 40" in notes[0].message


def test_the_parts_of_a_loss_are_summed_where_no_total_was_logged() -> None:
    box, obj = falling(100), falling(100, seed=1)
    obj[60:] = np.nan
    diagnosis = judge(run({"train/box_loss": box, "train/obj_loss": obj}), detectors())
    total = next(part for part in diagnosis.curve_roles if part.role == "loss")
    assert total.tag == "train/box_loss + train/obj_loss" and total.nonfinite == 40
    assert diagnosis.primary == "nan-loss"
    assert not [outcome for outcome in diagnosis.outcomes if outcome.outcome == "crashed"]
    stuck = judge(run({"train/box_loss": level(100, 1.0), "train/obj_loss": level(100, 2.0)}), detectors())
    assert stuck.primary == "loss-not-decreasing"
    with_total = judge(run({"train/box_loss": box, "train/obj_loss": obj, "train/loss": box}), detectors())
    assert [part.tag for part in with_total.curve_roles if part.role == "loss"] == ["train/loss"]


def test_a_rule_that_never_complains_does_not_judge_a_run() -> None:
    """A log of the learning rate alone says nothing of the training."""
    rate = judge(run({"lr": np.linspace(0.1, 0.01, 100)}), detectors())
    assert next(outcome for outcome in rate.outcomes if outcome.condition == "lr-schedule").outcome == "clean"
    assert rate.verdict == "not-judged"


def test_test_curves_stand_in_where_nothing_was_validated() -> None:
    """A study that calls its splits tr and te, and memorises sixty patients."""
    n = 150
    held_out = np.concatenate([np.linspace(0.73, 0.56, 12), np.linspace(0.57, 0.76, n - 12)]) * level(n, 1.0, 0.005)
    found = judge(run({"tr_loss": np.geomspace(0.7, 1e-5, n), "te_loss": held_out}), detectors())
    assert found.findings[0].condition == "overfitting"


def test_what_the_outcome_of_a_run_is_called_by_itself_counts_as_found() -> None:
    """The rule was skipped, and the outcome of the run is a finding under its name."""
    lost = np.concatenate([np.linspace(0.1, 0.9, 30), np.full(30, 0.15)])
    config = Config(thresholds={"metric-collapse": {"min_points": 1000}})
    diagnosis = judge(run({"val/accuracy": lost}), {"metric-collapse": detectors()["metric-collapse"]}, config)
    assert [found.condition for found in diagnosis.findings] == ["metric-collapse"]
    assert [(one.outcome, one.why) for one in diagnosis.outcomes if one.condition == "metric-collapse"] == [
        ("found", "")
    ]
