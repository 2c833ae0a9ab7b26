"""Workflow commands: well formed, harmless, worst first, no more than GitHub shows."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from loglens.model.finding import Confidence
from loglens.model.report import Report, RuleResult
from loglens.renderers.github import CAP, render
from tests.findings import changed
from tests.golden.example import HARMFUL, failed, healthy, report, suspect
from tests.renderers.edges import SAMPLES, diagnosed, edges

COMMAND = re.compile(r"::(error|warning|notice) ((?:(?:file|title)=[^,:]+,?)+)::(.*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The annotations as GitHub's runner reads them: kind, properties, message."""
    found = []
    for line in text.splitlines()[:-1]:
        match = COMMAND.fullmatch(line)
        assert match, line
        pairs = dict(pair.split("=", 1) for pair in match[2].split(","))
        found.append((match[1], {key: decoded(value) for key, value in pairs.items()}, decoded(match[3])))
    return found


def decoded(text: str) -> str:
    for code, character in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(code, character)
    return text


@pytest.mark.parametrize("name", sorted(edges()))
def test_every_line_but_the_last_is_a_command_and_the_last_is_none(name: str) -> None:
    text = render(edges()[name])
    commands(text)
    last = text.splitlines()[-1]
    assert last.startswith("loglens: ") and text.endswith("\n") and "::" not in last


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    said = commands(render(diagnosed(sample)))
    expected = {str(finding.severity).replace("note", "notice") for finding in diagnosed(sample).findings}
    assert {kind for kind, _, _ in said} == expected


def test_a_finding_with_its_cause_and_what_to_change() -> None:
    root, effect, *_ = commands(render(report(failed())))
    assert root[0] == "error"
    assert root[1] == {"file": "runs/lstm-7/events.out.tfevents.1", "title": "exploding gradient from step 412 to 430"}
    first, second = root[2].split("\n")
    assert first.startswith("runs/lstm-7: the gradient norm grows 1.35-fold")
    assert second.startswith("What to change first: Clip the gradient norm at 0.9")
    assert "It follows from exploding-gradient." in effect[2]


def test_expected_strings_where_there_is_nothing_to_annotate() -> None:
    assert render(report(healthy())) == "loglens: 1 run: 1 healthy; nothing left out\n"
    assert render(report(healthy(), healthy())) == "loglens: 2 runs: 2 healthy; nothing left out\n"
    assert render(Report((), (), "0")) == (
        "::error title=loglens%3A not read::nothing could be read as a training log\n"
        "loglens: nothing could be read as a training log; nothing left out\n"
    )


def test_unread_paths_are_errors_only_where_nothing_was_read() -> None:
    assert {kind for kind, _, _ in commands(render(edges()["only unread"]))} == {"error"}
    assert {kind for kind, _, _ in commands(render(edges()["some unread"]))} == {"warning"}


def test_no_more_than_ten_of_a_kind_roots_before_effects() -> None:
    text = render(edges()["many"])
    said = commands(text)
    kinds = [kind for kind, _, _ in said]
    assert kinds == ["error"] * CAP + ["warning"] * CAP + ["notice"] * CAP
    assert all(title["title"].startswith("exploding gradient") for kind, title, _ in said if kind == "error")
    assert text.splitlines()[-1] == (
        "loglens: 24 runs: 12 failed, 12 suspect; left out: 14 errors, 14 warnings, 2 notices, "
        "as GitHub shows 10 of a kind for each step"
    )


def test_the_surest_come_first() -> None:
    runs = [replace(failed(), run=f"run {i}") for i in range(3)]
    low = changed(runs[0].findings[0], confidence=Confidence.LOW)
    said = commands(render(report(replace(runs[0], findings=(low,)), *runs[1:])))
    assert [text.split(":")[0] for kind, _, text in said if kind == "error"][:3] == ["run 1", "run 2", "run 0"]


@pytest.mark.parametrize("name", ["hostile", "nasty", "only unread"])
def test_hostile_names_command_nothing(name: str) -> None:
    text = render(edges()[name])
    assert not set(HARMFUL) & set(text)
    assert not re.search(r"^::error::", text, re.MULTILINE)
    assert all(len(line) < 10_000 for line in text.splitlines())


def test_a_file_that_github_cannot_know_is_not_named() -> None:
    for path in ("/tmp/log.csv", "runs/caf\udce9.csv", "a\nb.csv"):  # noqa: S108
        ((_, properties, _), *_) = commands(render(report(replace(suspect(), files=(path,)))))
        assert "file" not in properties
    ((_, properties, _), *_) = commands(render(report(replace(suspect(), files=("a, b: 5%.csv",)))))
    assert properties["file"] == "a, b: 5%.csv"


def test_a_percent_sign_survives() -> None:
    finding = changed(failed().findings[0], message="100% of the points, 50%0A", remedies=())
    ((_, _, text),) = commands(render(report(replace(failed(), findings=(finding,), outcomes=()))))
    assert text.endswith(": 100% of the points, 50%0A")


def test_a_crash_is_reported() -> None:
    run = replace(healthy(), outcomes=(RuleResult("plateau", "crashed", "KeyError: 1"),))
    ((kind, properties, text),) = commands(render(report(run)))
    assert (kind, properties["title"]) == ("warning", "loglens: a rule crashed")
    assert text == "runs/good: rule plateau crashed: KeyError: 1"
