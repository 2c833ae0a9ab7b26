"""What an agent gets: the right answer in a bounded size, and one line where it asks for what is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loglens.agents.roots import Roots
from loglens.agents.tools import MAX_ANSWER, MAX_POINTS, Tools, guide
from loglens.config.load import Config
from loglens.errors import LoglensError
from loglens.renderers.shared.summary import VERDICTS

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_logs"


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """The tools for two samples, one that failed and one that did not."""
    for name in ("nan_loss_rnn", "healthy_lstm"):
        (tmp_path / name).mkdir()
        for file in (SAMPLES / name).glob("*tfevents*"):
            (tmp_path / name / file.name).write_bytes(file.read_bytes())
    return Tools(Roots.of([str(tmp_path)]), Config())


def test_diagnose_is_brief_or_whole(tools: Tools) -> None:
    text = tools.diagnose("nan_loss_rnn")
    assert text.startswith("failed: nan_loss_rnn") and len(text.encode()) < 2000
    whole = tools.diagnose("healthy_lstm", "json")
    assert (
        json.loads(whole)["runs"][0]["verdict"] == "healthy" if whole.startswith("{") else "name a single run" in whole
    )
    with pytest.raises(LoglensError, match="brief or json"):
        tools.diagnose("healthy_lstm", "xml")


def test_inspect_lists_curves_with_their_roles(tools: Tools) -> None:
    text = tools.inspect("nan_loss_rnn")
    assert "train/loss" in text and "grad_norm" in text and len(text) <= MAX_ANSWER + 100


def test_a_curve_keeps_its_ends_and_its_bad_values(tools: Tools) -> None:
    head, *rows = tools.curve("nan_loss_rnn", "train/loss", points=50).splitlines()
    assert head.startswith("# train/loss: ") and 10 < len(rows) <= 100
    steps = [int(row.split(",")[0]) for row in rows]
    assert steps == sorted(steps) and steps[0] == 0
    assert any(row.endswith("nan") for row in rows)
    assert len(tools.curve("nan_loss_rnn", "train/loss", points=10**9).splitlines()) <= 2 * MAX_POINTS


def test_what_is_not_there_is_said_with_what_is(tools: Tools) -> None:
    with pytest.raises(LoglensError, match="did you mean train/loss"):
        tools.curve("nan_loss_rnn", "train/los")
    with pytest.raises(LoglensError, match=r"2 runs there; name one: .*healthy_lstm"):
        tools.curve(".", "train/loss")
    with pytest.raises(LoglensError, match="did you mean nan-loss"):
        tools.explain_rule("nan-los")
    with pytest.raises(LoglensError, match="no verdict"):
        tools.search_runs(verdict="broken")
    for ask in (tools.diagnose, tools.inspect, tools.search_runs):
        with pytest.raises(LoglensError, match="may be read"):
            ask("/etc")


def test_search_finds_runs_by_verdict_rule_and_name(tools: Tools) -> None:
    head, *lines = tools.search_runs().splitlines()
    assert head == "2 runs, 2 shown" and [line.split(":")[0] for line in lines] == ["failed", "healthy"]
    assert tools.search_runs(verdict="failed").splitlines()[0] == "1 run, 1 shown"
    assert "nan_loss_rnn" in tools.search_runs(rule="nan-loss").splitlines()[1]
    assert tools.search_runs(name="LSTM").splitlines()[0] == "1 run, 1 shown"
    assert tools.search_runs(limit=-5).splitlines()[0] == "2 runs, 1 shown"


def test_compare_says_where_two_runs_diverge(tools: Tools) -> None:
    text = tools.compare("healthy_lstm", "nan_loss_rnn")
    assert "nan_loss_rnn" in text and len(text) <= MAX_ANSWER + 100


def test_a_rule_is_explained(tools: Tools) -> None:
    text = tools.explain_rule("exploding-gradient")
    for heading in ("Why it matters.", "How it is found.", "When it is wrong."):
        assert heading in text


def test_the_guide_names_every_verdict_and_is_the_page_of_the_documentation() -> None:
    assert all(f"`{verdict}`" in guide() for verdict in VERDICTS)
    assert guide() == (ROOT / "docs" / "agents.md").read_text("utf-8")
