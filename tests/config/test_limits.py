"""The table of limits: documented, adjustable, and named by every message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loglens.errors import ConfigError
from loglens.model.budget import Budget, budget
from loglens.model.limits import LIMITS, parse_limits
from tests.cli.test_cli import call

DOCS = Path(__file__).parents[2] / "docs" / "limits.md"


def test_every_limit_is_documented() -> None:
    rows = [f"| `{name}` | {limit.default:,} | {limit.bounds} |" for name, limit in LIMITS.items()]
    assert [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")] == rows


@pytest.mark.parametrize("table", [{"fils": 3}, {"files": 0}, {"files": "many"}, {"files": 1.5}, {"files": True}])
def test_a_bad_limit_is_one_line(table: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_limits(table, "--limit")
    assert len(str(caught.value).splitlines()) == 1


def test_flags_go_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loglens.toml").write_text("[limits]\ncurves = 3\nruns = 7\n")
    shown = call("config", "-v").stdout
    assert "curves = 3" in shown and "runs = 7" in shown and f"files = {LIMITS['files'].default}" in shown
    row = {"step": 1} | {f"loss_{n}": 0.5 for n in range(9)}
    Path("log.jsonl").write_text("".join(json.dumps(row | {"step": n}) + "\n" for n in range(3)))
    for words, curves in (((), 3), (("--limit", "curves=5"), 5), (("--isolated",), 9)):
        (run,) = json.loads(call("inspect", "log.jsonl", "--format", "json", *words).stdout)["runs"]
        assert len(run["series"]) == curves
        assert [note["kind"] for note in run["notes"]] == ([] if curves == 9 else ["left-out"])
    assert call("diagnose", "log.jsonl", "--limit", "curve=5").exit_code == 2


def test_a_budget_says_what_it_left_out() -> None:
    spent = Budget({"runs": 2, "text": 10})
    assert [spent.take("runs"), spent.take("runs"), spent.take("runs")] == [1, 1, 0]
    assert spent.take("text", 7) == 7 and spent.take("text", 7, "the end of it") == 3
    (note,) = spent.notes("x.db")
    assert note.kind == "left-out" and "the end of it is left out; --limit text=N" in note.message


def test_the_runs_of_a_file_are_bounded_by_its_size(tmp_path: Path) -> None:
    """Of a database of a point a run; an honest run takes 500 bytes and more."""
    (tmp_path / "x.db").write_bytes(bytes(100_000))
    assert Budget({}, [tmp_path / "x.db"]).limit("runs") == 701
    assert Budget({}, [tmp_path / "x.db"] * 9_000).limit("runs") == LIMITS["runs"].default
    assert Budget({"runs": 5}, [tmp_path / "x.db"]).limit("runs") == 5


def test_a_packed_file_is_bounded_by_its_size(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(bytes(800_000))
    assert Budget({}, [tmp_path / "x.gz"]).limit("points") == 600_000
    assert Budget({"points": 5}, [tmp_path / "x.gz"]).limit("points") == 5
    outside = budget()
    with Budget({"points": 1}).spending():
        assert budget().left("points") == 1
    assert budget() is outside
