"""Strict JSON, in plain ASCII, with everything in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from loglens.model.report import Outline
from loglens.model.strict_json import to_strict
from loglens.renderers.json import dump, render
from loglens.renderers.shared.summary import FEW_RUNS
from tests.golden.example import HOSTILE, report


def parsed(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_document_says_what_the_report_says() -> None:
    document = parsed(render(report()))
    assert document["schema_version"] == "1.2"
    assert document["counts"] == {"runs": 4, "error": 2, "warning": 1, "note": 1}
    assert document["gate"] == {"fail_on": "error", "failed": True}
    failed = next(run for run in document["runs"] if run["verdict"] == "failed")
    assert failed["primary"] == "exploding-gradient" == failed["findings"][0]["condition"]
    assert failed["findings"][1]["caused_by"] == "exploding-gradient"
    assert failed["findings"][0]["evidence"]["peak"] == "Infinity"
    assert failed["findings"][0]["evidence"]["growth_per_step"] == 1.35
    assert failed["findings"][0]["remedies"][0]["params"] == {"max_norm": 0.9}


def test_of_many_runs_each_is_a_line() -> None:
    few = report()
    many = replace(few, runs=few.runs * 4)
    assert len(many.runs) > FEW_RUNS
    text = render(many)
    assert parsed(text) == json.loads(dump(many.as_dict()))
    runs = [line for line in text.splitlines() if line.startswith('    {"run"')]
    assert [json.loads(line.rstrip(",")) for line in runs] == parsed(text)["runs"]


def test_an_outline_says_and_counts_the_same() -> None:
    whole = report()
    brief = replace(whole, runs=(), outlines=tuple(map(Outline.of, whole.runs)))
    assert render(brief) == render(whole)
    assert (brief.counts, brief.failed, brief.exit_code) == (whole.counts, whole.failed, whole.exit_code)
    assert [f.message for f in brief.all_findings] == [f.message for f in whole.findings]
    assert [run.verdict for run in brief.judged] == [run.verdict for run in whole.runs]


def test_hostile_names_come_back_as_they_were_and_steer_nothing() -> None:
    text = render(report())
    assert text.isascii() and all(c == "\n" or c.isprintable() for c in text)
    assert HOSTILE in [run["run"] for run in parsed(text)["runs"]]


def test_a_name_that_is_no_utf8_is_valid_for_every_parser() -> None:
    document = parsed(render(report()))
    paths = [run["path"] for run in document["runs"]]
    assert r"runs/caf\xe9" in paths
    json.dumps(document, ensure_ascii=False).encode("utf-8")  # fails on a lone surrogate


def test_characters_beyond_the_basic_plane() -> None:
    assert parsed(dump({"tag": "loss 😀\x7f"})) == {"tag": "loss 😀\x7f"}


def test_arrays_and_foreign_objects_in_evidence() -> None:
    value = to_strict({"a": np.array([1.0, np.nan]), "b": np.int64(3), "c": (np.float32(0.5),)})
    assert value == {"a": [1.0, "NaN"], "b": 3, "c": [0.5]}
    assert parsed(dump({"path": Path("x")})) == {"path": "x"}
