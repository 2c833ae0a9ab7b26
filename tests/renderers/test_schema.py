"""Every JSON report is what docs/report.schema.json says, and what is wrong is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loglens.model.report import SCHEMA_VERSION
from loglens.renderers import jsonl
from loglens.renderers.json import render
from tests.golden.example import report
from tests.renderers.edges import SAMPLES, diagnosed, edges

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

#: Objects that may hold any key.
OPEN = ("evidence", "params", "snippets")


@cache
def document() -> Any:
    return json.loads(render(report()))


def faults(document: Any) -> list[str]:
    return [f"{fault.json_path}: {fault.message[:200]}" for fault in VALIDATOR.iter_errors(document)]


def refused(document: Any) -> bool:
    return not VALIDATOR.is_valid(document)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value in a document with the way to it."""
    yield path, value
    if not path or path[-1] not in OPEN:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            yield from places(item, (*path, key))


def changed(way: tuple[Any, ...], value: Any) -> Any:
    """The golden document with one value put in another's place."""
    whole = copy.deepcopy(document())
    inner = whole
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return whole


def test_the_schema_is_one_and_of_the_reports_version() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["report"]["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


@pytest.mark.parametrize("name", sorted(edges()))
def test_json_lines_hold_what_the_document_holds(name: str) -> None:
    made = edges()[name]
    *items, closing = [json.loads(line) for line in jsonl.render(made).split("\n")[:-1]]
    runs, unread = ([item for item in items if ("run" in item) == is_run] for is_run in (True, False))
    assert {**closing, "runs": runs, "unread": unread} == json.loads(render(made))


@pytest.mark.parametrize("name", sorted(set(edges()) - {"nasty", "overlong"}))
def test_made_reports(name: str) -> None:
    assert not faults(json.loads(render(edges()[name])))


@pytest.mark.parametrize("name", ["nasty", "overlong"])
def test_reports_of_hostile_names(name: str) -> None:
    assert not faults(json.loads(render(edges()[name])))


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    assert not faults(json.loads(render(diagnosed(sample))))


def test_a_document_that_lacks_anything_is_wrong() -> None:
    tried = 0
    for way, value in list(places(document())):
        if isinstance(value, dict) and way[-1:] not in [(name,) for name in OPEN]:
            for key in value:
                less = {name: item for name, item in value.items() if name != key}
                assert refused(changed(way, less) if way else less), f"{key} at {way} may be left out"
                tried += 1
    assert tried > 100


def test_a_document_with_anything_more_is_wrong() -> None:
    for way, value in list(places(document())):
        if isinstance(value, dict) and way[-1:] not in [(name,) for name in OPEN]:
            assert refused(changed(way, value | {"more": 1}) if way else value | {"more": 1}), way


def test_values_of_the_wrong_type_are_wrong() -> None:
    for way, value in list(places(document())):
        if way and not isinstance(value, dict | list):
            assert refused(changed(way, ["wrong"])), way


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("schema_version",), "2.0"),
        (("gate", "fail_on"), "always"),
        (("counts", "runs"), -1),
        (("runs", 0, "verdict"), "ill"),
        (("runs", 0, "primary"), "nan-loss"),  # of a run without findings
        (("runs", 3, "verdict"), "healthy"),  # of a run with an error
        (("runs", 3, "verdict"), "suspect"),
        (("runs", 2, "verdict"), "failed"),  # of a run with a warning only
        (("runs", 3, "primary"), None),
        (("runs", 3, "steps", "first"), 1.5),
        (("runs", 3, "cast", 0, "split"), "dev"),
        (("runs", 3, "findings", 0, "severity"), "fatal"),
        (("runs", 3, "findings", 0, "confidence"), 0.9),
        (("runs", 3, "findings", 0, "condition"), "Exploding Gradient"),
        (("runs", 3, "findings", 0, "fingerprint"), "short"),
        (("runs", 3, "findings", 0, "remedies", 0, "params"), {"max_norm": None}),
        (("runs", 3, "outcomes", 0, "outcome"), "passed"),
    ],
)
def test_values_that_mean_nothing_are_wrong(way: tuple[Any, ...], value: Any) -> None:
    assert refused(changed(way, value))
