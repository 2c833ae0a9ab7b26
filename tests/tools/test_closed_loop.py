"""The closed loop of benchmarks/repair on a patient whose illness is known, without training."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "repair"
Action = dict[str, Any]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARK))
    module = import_module("loop")
    monkeypatch.setattr(module, "complaints", lambda log: ["sick"] if "sick" in log.name else [])
    yield module
    sys.modules.pop("loop", None)


class Fever:
    """Sick until the action `cool` is applied; the check `look` finds nothing, `wait` makes it no better."""

    name, condition, twin = "patient", "fever", ("healthy",)
    recipe: tuple[str, ...] = ()

    def apply(self, recipe: tuple[str, ...], action: Action) -> tuple[str, ...] | None:
        return None if action["action"] == "look" else (*recipe, action["action"])

    def train(self, recipe: tuple[str, ...]) -> tuple[Path, float]:
        well = "cool" in recipe
        return Path("well" if well else "sick"), 0.0 if well else 1.0

    def inherent(self) -> list[str]:
        return []

    def rate(self, recipe: tuple[str, ...]) -> float:
        return float(len(recipe))


def advising(*names: str) -> Any:
    """An adviser that gives the same list again and again."""
    return lambda _log, _before: [{"action": name} for name in names]


@pytest.mark.parametrize(
    ("advice", "healed", "tries"),
    [
        (["cool"], 1, 1),
        (["look", "cool"], 2, 2),
        (["look", "look", "cool"], 3, 3),
        (["look", "look", "look", "cool"], 0, 3),
        (["wait", "cool"], 0, 3),
        ([], 0, 0),
    ],
)
def test_a_check_that_finds_nothing_costs_a_try(
    loop: ModuleType, advice: Sequence[str], healed: int, tries: int
) -> None:
    course = loop.treat(Fever(), advising(*advice))
    assert (course.healed, len(course.tries)) == (healed, tries)


def test_the_adviser_sees_all_logs_before(loop: ModuleType) -> None:
    seen = []

    def adviser(log: Path, before: Sequence[Path]) -> list[Action]:
        seen.append((log.name, len(before)))
        return [{"action": "wait"}]

    loop.treat(Fever(), adviser)
    assert seen == [("sick", 0), ("sick", 1), ("sick", 2)]


def test_the_blind_control_gives_three_actions_whatever_it_sees(loop: ModuleType) -> None:
    blind, log = loop.blind(), Path("log")
    assert [blind(log, ())[0]["action"] for _ in range(3)] == ["scale_lr", "clip_grad_norm", "scale_lr"]
    assert blind(log, ()) == []


def test_the_table_counts_runs_by_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARK))
    table = import_module("table")
    rows = [
        {"condition": "a", "loglens": {"healed": 1}, "blind": {"healed": 0}, "twin": 0.5},
        {"condition": "a", "loglens": {"healed": 3}, "blind": {"healed": 2}, "twin": None},
        {"condition": "b", "loglens": {"healed": 0}, "blind": {"healed": 0}, "twin": 0.01},
        {"condition": "b", "traceless": True},
    ]
    assert "| `a` | 2 | 1 | 1 | 2 | 0 | 1 | 1 |" in table.by_condition(rows)
    assert "| **all** | 3 | 1 | 1 | 2 | 0 | 1 | 1 |" in table.by_condition(rows)
    assert table.harm(rows[:3]) == (1, 2)


def test_what_can_be_healed_is_what_the_textbook_or_a_course_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARK))
    table = import_module("table")
    sick = {"condition": "a", "loglens": {"healed": 0}, "blind": {"healed": 0}}
    rows = [sick | {"textbook": gap} for gap in (0.05, 0.5, None)] + [sick | {"loglens": {"healed": 2}}]
    assert [table.can_be_healed(row) for row in rows] == [True, False, False, True]
    assert table.shares([row for row in rows if table.can_be_healed(row)]) == "0 of 2 (0%), 1 of 2 (50%), 1 of 2 (50%)"
    assert "| **all that can be repaired** | 2 | 0 | 1 | 1 |" in table.by_condition(rows)


def test_rows_of_a_part_that_was_not_trained_stay_with_their_date(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARK))
    table, path = import_module("table"), tmp_path / "results.json"
    table.save(path, [{"set": "corpus", "name": "b"}, {"set": "own", "name": "old"}], {"date": "Monday"})
    table.save(path, [{"set": "own", "name": "new"}], {"date": "Tuesday"})
    assert [row["name"] for row in table.load(path)] == ["b", "new"]
    assert json.loads(path.read_text("utf-8"))["parts"] == {"corpus": {"date": "Monday"}, "own": {"date": "Tuesday"}}
