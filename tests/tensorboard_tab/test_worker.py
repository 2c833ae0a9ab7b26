"""The process that judges: what it says of runs that come, grow and go, and the reports it makes."""

from __future__ import annotations

import os
import queue
import time
from pathlib import Path
from typing import Any

import pytest

from loglens.config.flags import with_flags
from loglens.config.load import Config
from loglens.registry import load as registry
from loglens.renderers.html import page as html
from loglens.tensorboard_tab.worker import Worker
from loglens.watch.follow import Watch

GOOD = "step,loss\n" + "".join(f"{n},{2 / (n + 1) + 0.1}\n" for n in range(200))
BAD = "step,loss\n" + "".join(f"{n},{'nan' if n > 100 else 2 / (n + 1)}\n" for n in range(200))


class Clock:
    """A worker on a folder, the time of its own, and what it has said."""

    def __init__(self, folder: Path) -> None:
        self.now, self.said = time.time(), list[dict[str, Any]]()
        config = with_flags(Config(), registry.detectors())
        watch = Watch([str(folder)], config, 5.0, clock=lambda: self.now, timer=lambda: 0.0)
        self.worker = Worker([str(folder)], watch, queue.SimpleQueue(), self.said.append)

    def look(self, later: float = 10.0) -> list[dict[str, Any]]:
        """The rows that a look says have changed."""
        self.now += later
        self.worker.due = 0.0
        self.said.clear()
        self.worker.answer({"ask": "look"})
        return [row for said in self.said for row in said.get("rows", ())]

    def page(self, *keys: str) -> dict[str, Any]:
        self.worker.answer({"ask": "page", "number": 1, "runs": list(keys), "theme": "dark"})
        return self.said[-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("bad", BAD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.csv").write_text(text)
    return tmp_path


def test_runs_come_grow_stand_still_and_go(folder: Path) -> None:
    clock = Clock(folder)
    first = {row["names"][0]: row for row in clock.look()}
    assert {name: row["verdict"] for name, row in first.items()} == {"bad": "failed", "good": "healthy"}
    assert clock.said[0] == {"judging": True} and clock.said[-1]["judging"] is False
    assert set(clock.said[-1]["keys"]) == {row["key"] for row in first.values()}
    assert clock.look() == [], "nothing has changed"

    with (folder / "good" / "log.csv").open("a") as log:
        log.writelines(f"{n},nan\n" for n in range(200, 260))
    os.utime(folder / "good" / "log.csv", (clock.now, clock.now))
    (row,) = clock.look()
    assert row["key"] == first["good"]["key"] and row["version"] != first["good"]["version"]
    assert (row["verdict"], row["stage"], row["sure"]) == ("failed", "growing", False), "one judgement is not sure"
    assert row["chain"][0]["name"] == "NaN loss" and "200" in row["chain"][0]["when"]

    assert {(row["stage"], row["sure"]) for row in clock.look(later=5000)} == {("still", True)}

    (folder / "bad" / "log.csv").unlink()
    (folder / "bad").rmdir()
    clock.look()
    assert clock.said[-1]["keys"] == [first["good"]["key"]]


def test_it_rests_between_two_looks(folder: Path) -> None:
    clock = Clock(folder)
    clock.look()
    clock.said.clear()
    clock.worker.answer({"ask": "look"})
    assert clock.said == [] and clock.worker.due > time.monotonic() + 4


def test_reports_on_one_run_and_on_all(folder: Path) -> None:
    clock = Clock(folder)
    key = next(row["key"] for row in clock.look() if row["verdict"] == "failed")
    one, all_ = clock.page(key)["html"], clock.page()["html"]
    assert "NaN loss" in one and 'class="copy"' not in one and 'id="overview"' not in one
    assert "2 runs: 1 failed, 1 healthy" in all_ and 'id="overview"' in all_
    assert "not there any more" in clock.page("f" * 16)["error"]


def test_reports_are_made_between_two_judgements(folder: Path) -> None:
    clock = Clock(folder)
    clock.worker.requests.put({"ask": "page", "number": 7, "runs": [], "theme": "light"})
    clock.worker.requests.put({"ask": "look"})
    clock.look()
    places = [place for place, said in enumerate(clock.said) if said.get("number") == 7]
    assert places and places[0] < len(clock.said) - 1 and "html" in clock.said[places[0]]


def test_the_first_report_waits_for_the_first_look(folder: Path) -> None:
    assert "2 runs: 1 failed, 1 healthy" in Clock(folder).page()["html"]


def test_a_report_that_fails_ends_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(folder)
    clock.look()
    monkeypatch.setattr(html, "page", lambda *_, **__: 1 / 0)
    assert "ZeroDivisionError" in clock.page()["error"]
    monkeypatch.undo()
    assert "html" in clock.page()


def test_what_cannot_be_read_is_listed(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    assert clock.look() == []
    (unread,) = clock.said[-1]["unread"]
    assert "empty folder" in unread["why"] and unread["path"] == str(tmp_path)


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    logs, outside = tmp_path / "logs", tmp_path / "outside"
    for place in (logs, outside):
        (place / "run").mkdir(parents=True)
        (place / "run" / "log.csv").write_text(GOOD)
    (logs / "other").symlink_to(outside / "run")
    (logs / "link.csv").symlink_to(outside / "run" / "log.csv")
    assert [row["names"] for row in Clock(logs).look()] == [["run"]]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    place = tmp_path / "<img src=x onerror=alert(1)>"
    place.mkdir()
    (place / "log.csv").write_text(BAD.replace("loss", "<script>alert(1)</script>/loss"))
    clock = Clock(tmp_path)
    (row,) = clock.look()
    assert row["spark"].startswith("<svg") and "alert" not in row["spark"]
    page = clock.page(row["key"])["html"]
    assert "<img src=x" not in page and "<script>alert" not in page


def test_it_ends_when_it_is_asked_nothing(folder: Path) -> None:
    clock = Clock(folder)
    clock.worker.requests.put({"ask": "look"})
    clock.worker.serve(idle=0.001)
    assert clock.said[-1]["judging"] is False
