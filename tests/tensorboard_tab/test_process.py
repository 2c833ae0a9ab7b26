"""The judging process as TensorBoard's process sees it: started on demand, and what happens when it dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loglens.errors import LoglensError
from loglens.tensorboard_tab import process as module
from loglens.tensorboard_tab.process import Process

#: A process that answers as the real one does, and at once: its folder says how it behaves.
FAKE = """
import json, sys, os
(how,) = json.loads(sys.argv[1])
def send(**said): print(json.dumps(said), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if how == "dies": os._exit(9)
    if how == "fails": send(error="no rule 'x'"); sys.exit()
    if asked["ask"] == "look":
        send(judging=True)
        send(rows=[{"key": "a", "pid": os.getpid()}, {"key": "b"}], waiting=1)
        send(judging=False, waiting=0, keys=["a"], unread=[])
        if how == "idle": sys.exit()
    elif how != "silent":
        send(number=asked["number"], html=",".join(asked["runs"]) + asked["theme"])
"""


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Process]]:
    started: list[Process] = []

    def begin(how: str) -> Process:
        started.append(Process([how]))
        return started[-1]

    monkeypatch.setattr(module, "_START", FAKE)
    yield begin
    for one in started:
        one.end()


def until(process: Process, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first state for which something holds."""
    end = time.monotonic() + 10
    while not holds(state := process.state()):
        assert time.monotonic() < end, state
        time.sleep(0.005)
    return state


def test_what_changed_since_a_revision(start: Callable[[str], Process]) -> None:
    process = start("works")
    assert process.state()["judging"] and process.state()["keys"] == []
    state = until(process, lambda state: not state["judging"])
    assert state["keys"] == ["a"] and [row["key"] for row in state["rows"]] == ["a"]
    assert start("works").state()["revision"] >= time.time() * 1000 - 1000, "a page may know that of an earlier server"
    process._error = "asked no more"
    assert process.state(process.state()["revision"])["rows"] == []


def test_a_report(start: Callable[[str], Process]) -> None:
    assert start("works").page(["a", "b"], "dark") == "a,bdark"


def test_one_that_dies_is_said_and_started_again_on_demand_only(start: Callable[[str], Process]) -> None:
    process = start("dies")
    assert "ended with code 9" in until(process, lambda state: bool(state["error"]))["error"]
    assert process._process is None
    assert process.state()["error"] and process._process is None
    with pytest.raises(LoglensError, match="code 9"):
        process.page([], "dark")
    process.state(again=True)
    assert process._process is not None


def test_its_own_message_goes_before_its_exit_code(start: Callable[[str], Process]) -> None:
    assert until(start("fails"), lambda state: bool(state["error"]))["error"] == "no rule 'x'"


def test_one_that_ended_because_it_had_no_work_is_started_again(start: Callable[[str], Process]) -> None:
    process = start("idle")
    first = until(process, lambda state: bool(state["rows"]))["rows"][0]["pid"]
    assert until(process, lambda state: bool(state["rows"]) and state["rows"][0]["pid"] != first)["error"] == ""


def test_a_report_is_not_waited_for_without_end(
    start: Callable[[str], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    process = start("silent")
    with pytest.raises(LoglensError, match="not there yet"):
        process.page(["a"], "dark")
    assert process._pages == {}
    monkeypatch.setattr(module, "MAX_WAITING", 0)
    with pytest.raises(LoglensError, match="at once"):
        process.page(["a"], "dark")


def test_a_python_that_cannot_be_started(start: Callable[[str], Process], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "cannot be started" in start("works").state()["error"]


def test_loglens_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_module_path", list)
    process = Process(["x"])
    assert "cannot be loaded" in until(process, lambda state: bool(state["error"]))["error"]
    process.end()


def test_no_module_of_the_working_folder_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "relative", str(tmp_path), "/lib/python"])
    assert module._module_path() == ["/lib/python", str(Path(__file__).parents[2])]
