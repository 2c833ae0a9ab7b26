"""A finding stays as its detector made it; what the analysis of the run adds stands around it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from loglens.analysis.baseline import accept, dump, load
from loglens.analysis.judge import judge
from loglens.model.contract import CurveInput, Detector
from loglens.model.finding import Confidence, Finding, Rule, Severity
from loglens.model.reported_finding import ReportedFinding
from loglens.pipeline.serialise import dumps, loads
from loglens.pipeline.trim import trim
from tests.curves import falling, run, series
from tests.judged import report_on

RULE = Rule("too-steep", "loss", Severity.WARNING, ("nan-loss",))
FOUND = Finding("it falls", Severity.WARNING, Confidence.LOW, onset_step=3, evidence={"slope": 2.0}, key="a")


def detectors() -> dict[str, Detector]:
    """A third party's rule that always finds the same."""
    return {RULE.name: Detector(RULE, lambda **_: iter([FOUND]), "", {}, (CurveInput("loss", "one", "loss"),), {})}


def test_the_detectors_finding_is_in_the_diagnosis_as_it_is(tmp_path: Path) -> None:
    report = report_on([run({"loss": falling(100)})], detectors())
    (found,) = report.findings
    assert found.finding is FOUND and found.rule is RULE and not found.known
    file = tmp_path / "base.json"
    file.write_text(dump(report, file))
    (accepted,) = accept(report, load(file), file).findings
    assert accepted.known and accepted.finding is FOUND
    with pytest.raises(FrozenInstanceError):
        accepted.known = False  # type: ignore[misc]


def test_what_the_json_says_is_the_finding_and_its_rule() -> None:
    said = ReportedFinding.of(RULE, FOUND, "divergence").as_dict()
    assert (said["condition"], said["family"], said["leads_to"]) == ("too-steep", "loss", ["nan-loss"])
    assert (said["message"], said["onset_step"], said["caused_by"]) == ("it falls", 3, "divergence")
    assert "known" not in said and said["severity"] == "warning" and said["evidence"] == {"slope": 2.0}


def test_the_onset_is_dated_by_the_first_curve_that_has_a_clock() -> None:
    blind = series(falling(10))
    clocked = replace(blind, time=1e9 + np.arange(10.0))
    assert replace(FOUND, series=(blind,)).onset_time is None
    assert replace(FOUND, series=(blind, clocked)).onset_time == 1e9 + 3
    assert replace(FOUND, series=(clocked,), onset_step=None).onset_time is None
    assert replace(FOUND, series=(clocked,), onset_step=10).onset_time is None, "after the last point"


def test_the_date_of_the_onset_outlives_the_points_of_its_curve() -> None:
    clocked = replace(series(falling(5_000)), time=1e9 + np.arange(5_000.0))
    whole = replace(
        judge(run({"loss": falling(100)}), detectors()),
        findings=(ReportedFinding.of(RULE, replace(FOUND, series=(clocked,))),),
    )
    kept = trim(whole, 0)
    assert not len(kept.findings[0].series[0]) and kept.findings[0].onset_time == 1e9 + 3
    (again,) = loads(dumps([whole]))
    assert again.as_dict() == kept.as_dict() == whole.as_dict()
