"""The report as SARIF 2.1.0, the input format of code scanning, with the documentation of every rule.

One SARIF run holds all training runs: code scanning refuses files with several runs of one tool.
A result's place is the log file; line 1 stands in for one, since code scanning shows no result without.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from loglens.model.finding import RuleHelp, Severity
from loglens.model.report import Diagnosis, Report
from loglens.model.reported_finding import ReportedFinding
from loglens.model.strict_json import to_strict
from loglens.renderers.shared.markdown_text import doc
from loglens.renderers.shared.summary import NAME, NOT_READ, advice, of_kind, say, uri, when, worst_first
from loglens.renderers.shared.wording import condition

FORMAT = "sarif"
SUFFIXES = (".sarif", ".sarif.json")

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: How many log files of one run are named with each of its findings.
FILES = 20
#: Longest description of a rule that code scanning takes.
DESCRIPTION = 1000
#: Longest section of the help on a rule.
HELP = 10_000
#: Kinds of message that are about the reading and judging, not about the training.
KINDS = {
    "skipped": "A rule lacked the data to judge a run",
    "crashed": "A rule crashed (a fault in the rule)",
    "unread": "A path could not be read as a training log",
    "note": "A fact noticed while reading a log",
}
#: Code scanning's words for the severity of a rule.
PROBLEM = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}

Json = dict[str, Any]


def render(report: Report) -> str:
    """Render one SARIF log: findings are results, what was not checked is in notifications."""
    rules = _rules(report)
    index = {rule["id"]: place for place, rule in enumerate(rules)}
    driver = {
        "name": "loglens",
        "version": report.version,
        "rules": rules,
        "notifications": [{"id": kind, "shortDescription": {"text": text}} for kind, text in KINDS.items()],
    }
    crashed = any(of_kind(run, "crashed") for run in report.runs)
    invocation = {
        "executionSuccessful": bool(report.runs) and not crashed,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": list(_notifications(report, index)),
    }
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [invocation],
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "where loglens was started"}}},
                "columnKind": "unicodeCodePoints",
                "results": list(_results(report, index)),
            }
        ],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _rules(report: Report) -> list[Json]:
    """Every rule that was applied, and whatever else the report names."""
    rules = [_rule(about) for about in report.rules.values()]
    known = {rule["id"] for rule in rules}
    named = [outcome.condition for run in report.runs for outcome in run.outcomes]
    named += [finding.condition for finding in report.findings]
    for name in dict.fromkeys(named):
        identifier = say(name, NAME)
        if identifier not in known:
            known.add(identifier)
            rules.append({"id": identifier, "shortDescription": {"text": condition(identifier)}})
    return rules


def _rule(about: RuleHelp) -> Json:
    rule, sections = about.rule, about.text.items()
    text = [say(about.title), *(say(f"{heading} {said}", HELP) for heading, said in sections)]
    markdown = [doc(about.title), *(f"**{doc(heading)}** {doc(said, HELP)}" for heading, said in sections)]
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": say(about.title, DESCRIPTION)},
        "fullDescription": {"text": say(next(iter(about.text.values()), about.title), DESCRIPTION)},
        "help": {"text": "\n\n".join(text), "markdown": "\n\n".join(markdown)},
        "defaultConfiguration": {"level": str(rule.severity)},
        "properties": {"tags": ["training", rule.family], "problem.severity": PROBLEM[rule.severity]},
    }


def _results(report: Report, index: Mapping[str, int]) -> Iterator[Json]:
    """Worst run first, the findings of a run as ranked."""
    seen: Counter[tuple[str, str]] = Counter()
    for run in worst_first(report.runs):
        places = _places(run)
        for finding in run.findings:
            key = (places[0]["physicalLocation"]["artifactLocation"]["uri"], finding.fingerprint)
            seen[key] += 1
            yield _result(run, finding, places, index) | {
                "partialFingerprints": {
                    "loglens/v1": finding.fingerprint,
                    # the one that code scanning goes by; it can compute none from a binary file
                    "primaryLocationLineHash": f"{finding.fingerprint}:{seen[key]}",
                }
            }


def _result(run: Diagnosis, finding: ReportedFinding, places: list[Json], index: Mapping[str, int]) -> Json:
    rule = say(finding.condition, NAME)
    said = [say(finding.message).rstrip(".") + "."]
    if finding.caused_by is not None:
        said.append(f"It follows from {say(finding.caused_by, NAME)}.")
    if finding.remedies:
        said.append(f"What to change first: {advice(finding.remedies[0])}.")
    curves = [
        {"name": say(tag, NAME), "fullyQualifiedName": f"{say(run.run, NAME)}/{say(tag, NAME)}"} for tag in finding.tags
    ]
    return {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "kind": "fail",
        "level": str(finding.severity),
        "message": {"text": _literal(" ".join(said))},
        "locations": [places[0] | ({"logicalLocations": curves[:FILES]} if curves else {})],
        **({"relatedLocations": places[1:]} if places[1:] else {}),
        "properties": {
            "run": say(run.run, NAME),
            "where": when(finding),
            **_harmless({key: value for key, value in finding.as_dict().items() if key in PROPERTIES}),
        },
    }


#: Fields of a finding that are copied from the JSON report.
PROPERTIES = frozenset(
    {"family", "confidence", "onset_step", "onset_time", "end_step", "evidence", "caused_by", "leads_to", "remedies"}
)


def _notifications(report: Report, index: Mapping[str, int]) -> Iterator[Json]:
    """What was not read, not checked, or worth knowing of the files."""
    for unread in report.unread:
        where = [{"physicalLocation": {"artifactLocation": _artifact(unread.path)}}]
        text = f"{say(unread.path, 300)}: {say(unread.why)}"
        yield _notification("unread", "warning" if report.runs else "error", text) | {"locations": where}
    if not report.runs and not report.unread:
        yield _notification("unread", "error", NOT_READ)
    for run in worst_first(report.runs):
        name = say(run.run, NAME)
        for kind, level in (("skipped", "note"), ("crashed", "error")):
            for outcome in of_kind(run, kind):
                rule = say(outcome.condition, NAME)
                about = {"associatedRule": {"id": rule, "index": index[rule]}}
                yield _notification(kind, level, f"{name}: {rule} {kind}: {say(outcome.why)}") | about
        for note in run.notes:
            yield _notification("note", "note", f"{name}: {say(note.kind, 40)}: {say(note.message)}")


def _notification(kind: str, level: str, text: str) -> Json:
    descriptor = {"id": kind, "index": list(KINDS).index(kind)}
    return {"descriptor": descriptor, "level": level, "message": {"text": _literal(text)}}


def _places(run: Diagnosis) -> list[Json]:
    """The log files, or the folder where none is named."""
    files = run.files[:FILES] or (run.path or ".",)
    return [{"physicalLocation": {"artifactLocation": _artifact(file), "region": {"startLine": 1}}} for file in files]


def _artifact(path: str) -> Json:
    address = uri(path)
    return {"uri": address} | ({} if "://" in address else {"uriBaseId": "%SRCROOT%"})


def _literal(text: str) -> str:
    """A message that is text only: no placeholder such as {0} and no link such as [text](1) in it."""
    return text.replace("](", "] (").replace("{", "{{").replace("}", "}}")


def _harmless(value: Any) -> Any:
    """Strict JSON with control characters escaped in every string. Code keeps its lines: JSON escapes them."""
    if isinstance(value, dict):
        return {say(key, NAME): _harmless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    if isinstance(value, str):
        return "\n".join(say(line) for line in value[:10_000].split("\n"))
    return to_strict(value) if isinstance(value, int | float | None) else say(str(value))
