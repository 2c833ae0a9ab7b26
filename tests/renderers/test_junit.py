"""JUnit XML, read back by junitparser and by a strict XML parser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from loglens.model.finding import Severity
from loglens.model.report import Report
from loglens.renderers.junit import render
from tests.golden.example import HARMFUL, failed, healthy, report
from tests.renderers.edges import NASTY, SAMPLES, diagnosed, edges, nasty


def suites(result: Report) -> list[Any]:
    """The suites as junitparser reads them; the counts must be those that it makes itself."""
    xml: Any = JUnitXml.fromstring(render(result).encode("utf-8"))
    counted = (xml.tests, xml.failures, xml.errors, xml.skipped)
    xml.update_statistics()
    assert counted == (xml.tests, xml.failures, xml.errors, xml.skipped)
    return list(xml)


def cases(result: Report, suite: int = 0) -> dict[str, TestCase]:
    return {case.name: case for case in suites(result)[suite]}


def kinds(case: TestCase) -> list[type]:
    return [type(result) for result in case.result]


@pytest.mark.parametrize("name", sorted(edges()))
def test_every_report_is_read_back(name: str) -> None:
    for suite in suites(edges()[name]):
        assert all(len(case.result) <= 1 for case in suite)


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    (run,) = diagnosed(sample).runs
    (suite,) = suites(diagnosed(sample))
    outcomes = [outcome.outcome for outcome in run.outcomes]
    named = {finding.condition for finding in run.findings}
    skipped = sum(outcome.outcome == "skipped" and outcome.condition not in named for outcome in run.outcomes)
    wrong = {finding.condition for finding in run.findings if finding.severity > Severity.NOTE}
    assert (suite.tests, suite.skipped, suite.errors) == (len(outcomes), skipped, 0)
    assert {case.name for case in suite if kinds(case) == [Failure]} == wrong


def test_what_a_rule_came_to() -> None:
    found = cases(report(failed()))
    assert kinds(found["exploding-gradient"]) == kinds(found["nan-loss"]) == [Failure]
    assert kinds(found["divergence"]) == kinds(found["throughput-degradation"]) == []
    assert kinds(found["overfitting"]) == [Skipped] and kinds(found["plateau"]) == [Error]
    assert found["overfitting"].result[0].message == "no validation loss was logged"
    assert found["plateau"].result[0].message == "ValueError: zero-size array"
    assert "has few points" in (found["throughput-degradation"].system_out or "")
    failure = found["exploding-gradient"].result[0]
    assert failure.type == "error" and failure.message.startswith("the gradient norm grows 1.35-fold per step")
    text = failure.text
    assert "error, high confidence, from step 412 to 430" in text and "growth per step: 1.35" in text
    assert "1. Clip the gradient norm at 0.9" in text and "max_norm=0.9)" in text and "2. Multiply" in text
    assert "follows from exploding-gradient" in found["nan-loss"].result[0].text
    assert found["nan-loss"].classname == "runs/lstm-7"


def test_several_findings_of_a_rule_are_one_failure() -> None:
    found = cases(report(nasty()))
    assert kinds(found["nan-loss"]) == [Failure]
    assert found["nan-loss"].result[0].message.endswith(" (and 1 more)")


def test_the_suite_says_what_the_run_is() -> None:
    (suite,) = suites(report(failed()))
    properties = {item.name: item.value for item in suite.properties()}
    assert suite.name == "runs/lstm-7" and properties["verdict"] == "failed" and properties["format"] == "tensorboard"
    assert properties["summary"].startswith("jump of train/lr at step 410 -> exploding gradient from step 412")
    tree = ElementTree.fromstring(render(report(failed())).encode("utf-8"))  # noqa: S314
    assert "file ends inside record 1203" in (tree.findtext("testsuite/system-out") or "")


def test_runs_come_worst_first() -> None:
    names = [suite.name for suite in suites(report())]
    assert names[0] == "runs/lstm-7" and names[-3:] == ["runs/short", "runs/good", "could not be read"]


def test_expected_strings_where_nothing_was_found_or_read() -> None:
    assert render(report(healthy())).splitlines()[1] == (
        '<testsuites name="loglens" tests="2" failures="0" errors="0" skipped="1" time="0">'
    )
    ((only,),) = suites(Report((), (), "0"))
    assert kinds(only) == [Error] and only.result[0].message == "nothing could be read as a training log"
    unread = cases(edges()["only unread"])
    assert kinds(unread["photo.png"]) == [Error] and unread["photo.png"].result[0].message == "a PNG image"
    assert [suite.name for suite in suites(edges()["some unread"])] == ["runs/good", "could not be read"]


@pytest.mark.parametrize("name", ["everything", "hostile", "nasty", "overlong", "only unread"])
def test_hostile_names_break_nothing(name: str, tmp_path: Path) -> None:
    text = render(edges()[name])
    assert not set(HARMFUL) & set(text)
    tree = ElementTree.fromstring(text.encode("utf-8"))  # noqa: S314
    known = {"testsuites", "testsuite", "testcase", "properties", "property"}
    known |= {"failure", "error", "skipped", "system-out"}
    assert {element.tag for element in tree.iter()} <= known
    (tmp_path / "report.xml").write_text(text, "utf-8")
    JUnitXml.fromfile(str(tmp_path / "report.xml"))


def test_a_rule_with_a_finding_but_no_outcome_is_not_lost() -> None:
    assert "throughput-degradation" in cases(report(replace(failed(), outcomes=())))


def test_hostile_text_can_be_read() -> None:
    message = cases(report(nasty()))["plateau"].result[0].message
    assert message == NASTY.replace("\n", "\\n").replace("::error", "\\x3a:error")
