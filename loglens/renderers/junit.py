"""The report as JUnit XML for CI servers: a test suite for each run, a test case for each rule."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from loglens.model.finding import Severity
from loglens.model.plain_text import printable, shorten
from loglens.model.report import Diagnosis, Report, RuleResult
from loglens.model.reported_finding import ReportedFinding
from loglens.renderers.shared.summary import CODE, NAME, NOT_READ, advice, numbers, say, when, worst_first
from loglens.renderers.shared.wording import codes

FORMAT = "junit"
SUFFIXES = (".xml",)

#: Kinds of result: the element of a test case that says so, and the attribute of the suite that counts it.
COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def render(report: Report) -> str:
    """Render the report: errors and warnings are failures, notes are output, a rule without data is skipped."""
    top = Element("testsuites", name="loglens")
    for run in worst_first(report.runs):
        _suite(top, run)
    if report.unread or not report.runs:
        _unread(top, report)
    for suite in (*top, top):
        cases = list(suite.iter("testcase"))
        counts = {many: sum(case.find(one) is not None for case in cases) for one, many in COUNTED.items()}
        for name, count in {"tests": len(cases), **counts}.items():
            suite.set(name, str(count))
        suite.set("time", "0")
    indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(top, encoding="unicode") + "\n"


def _suite(top: Element, run: Diagnosis) -> None:
    name = say(run.run, NAME)
    suite = SubElement(top, "testsuite", name=name)
    facts = {
        "verdict": run.verdict,
        "outcome": run.outcome.state,
        "outcome.why": say(run.outcome.why),
        "summary": say(run.summary),
        "path": say(run.path, 300),
        "format": say(run.format, 40),
    }
    properties = SubElement(suite, "properties")
    for key, value in facts.items():
        SubElement(properties, "property", name=key, value=value)
    outcomes = {outcome.condition: outcome for outcome in run.outcomes}
    found: dict[str, list[ReportedFinding]] = {}
    for finding in run.findings:
        found.setdefault(finding.condition, []).append(finding)
    for rule in dict.fromkeys([*outcomes, *found]):
        attributes = {"classname": name, "name": say(rule, NAME)}
        if run.files:
            attributes["file"] = say(run.files[0], 300)
        _case(SubElement(suite, "testcase", attributes), outcomes.get(rule), found.get(rule, []))
    if run.notes:
        lines = [f"{say(note.kind, 40)}: {say(note.message)}" for note in run.notes]
        SubElement(suite, "system-out").text = "\n".join(lines)


def _case(case: Element, outcome: RuleResult | None, findings: list[ReportedFinding]) -> None:
    """Fill in the result of one rule. JUnit readers expect one failure a case, so several findings share one."""
    wrong = [finding for finding in findings if finding.severity > Severity.NOTE]
    notes = [finding for finding in findings if finding.severity is Severity.NOTE]
    if wrong:
        worst = max(wrong, key=lambda finding: finding.severity)
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        failure = _ending(case, "failure", say(worst.message) + more, str(worst.severity))
        failure.text = "\n\n".join(map(_describe, wrong))
    elif outcome is not None and outcome.outcome == "skipped":
        _ending(case, "skipped", say(outcome.why))
    elif outcome is not None and outcome.outcome == "crashed":
        _ending(case, "error", say(outcome.why), "crashed").text = "The rule crashed (a fault in the rule)."
    if notes:
        SubElement(case, "system-out").text = "\n\n".join(map(_describe, notes))


def _ending(case: Element, tag: str, message: str, kind: str = "") -> Element:
    attributes: Mapping[str, str] = {"message": message} | ({"type": kind} if kind else {})
    return SubElement(case, tag, dict(attributes))


def _describe(finding: ReportedFinding) -> str:
    """A finding as lines of plain text: message, confidence, numbers, remedies."""
    lines = [say(finding.message)]
    place = when(finding)
    lines.append(f"{finding.severity}, {finding.confidence} confidence" + (f", {place}" if place else ""))
    if finding.caused_by is not None:
        lines.append(f"follows from {say(finding.caused_by, NAME)}")
    lines += [f"{name}: {value}" for name, value in numbers(finding, 20)]
    for index, remedy in enumerate(finding.remedies, 1):
        if index == 1:
            lines.append("What to change, in the order to try them:")
        lines.append(f"{index}. {advice(remedy)}")
        for _, code in codes(remedy.snippets)[:1] if index == 1 else ():
            lines += [f"   {line}" for line in printable(shorten(code, CODE)).split("\n")]
    return "\n".join(lines)


def _unread(top: Element, report: Report) -> None:
    """Add each path that could not be read as a suite with an error, so that a missing log never looks good."""
    suite = SubElement(top, "testsuite", name="could not be read")
    for unread in report.unread:
        case = SubElement(suite, "testcase", classname="could not be read", name=say(unread.path, 300))
        _ending(case, "error", say(unread.why), "unread")
    if not report.unread:
        case = SubElement(suite, "testcase", classname="could not be read", name="logs")
        _ending(case, "error", NOT_READ, "unread")
