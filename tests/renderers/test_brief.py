"""The brief report: within its limits whatever the input, harmless, and it says what matters first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loglens.model.report import Report, Unread
from loglens.renderers.brief import render
from tests.golden.example import HARMFUL, failed, healthy, report, suspect
from tests.renderers.edges import SAMPLES, diagnosed, edges

WIDE = "\N{FIRE}" * 5000  # four bytes a character


def within_limits(text: str) -> bool:
    return len(text.encode()) < 2000 and text.count("\n") < 60 and text.endswith("\n")


@pytest.mark.parametrize("name", sorted(edges()))
def test_every_report_is_within_the_limits_and_harms_nobody(name: str) -> None:
    text = render(edges()[name])
    assert within_limits(text)
    assert not set(text) & set(HARMFUL) and "::error::" not in text


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_has_its_verdict_and_its_chain(sample: str) -> None:
    text = render(diagnosed(sample))
    assert within_limits(text)
    (run,) = diagnosed(sample).runs
    assert text.startswith(f"{run.verdict.replace('-', ' ')}: ")
    assert run.summary[:60] in text


def test_names_of_wide_characters_are_cut_by_bytes() -> None:
    finding = replace(failed().findings[0].finding, message=WIDE)
    run = replace(failed(), run=WIDE, findings=(replace(failed().findings[0], finding=finding),))
    assert within_limits(render(report(run)))
    assert within_limits(render(Report((run,) * 50, (Unread(WIDE, WIDE),) * 50, "0")))


def test_chain_onset_evidence_and_first_remedy_are_there() -> None:
    text = render(report(failed()))
    for part in (
        "exploding gradient from step 412",
        "NaN loss from step 431",
        "growth per step 1.35",
        "Clip the gradient norm at 0.9",
        "high confidence",
    ):
        assert part in text
    assert "Lower the learning rate" not in text, "the first remedy alone"


def test_the_worst_runs_come_first_and_the_rest_is_counted() -> None:
    many = Report((healthy(),) * 400 + (suspect(),) * 5 + (failed(),), (), "0")
    text = render(many)
    lines = text.splitlines()
    assert lines[0] == "406 runs: 1 failed, 5 suspect, 400 healthy"
    assert lines[1].startswith("failed: ")
    shown = sum(line.split(":")[0] in ("failed", "suspect", "healthy") for line in lines[1:])
    assert lines[-1].startswith(f"{406 - shown} more runs")


def test_unread_paths_are_named_or_counted() -> None:
    assert "not read: a: b" in render(Report((healthy(),), (Unread("a", "b"),), "0"))
    text = render(Report((healthy(),), (Unread("x" * 200, "y" * 200),) * 100, "0"))
    assert "more paths not read" in text and within_limits(text)
