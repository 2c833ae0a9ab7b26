"""Logs that grow under a clock that the test turns: what is said, when, and what it costs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from loglens.config.load import Config
from loglens.errors import LoglensError
from loglens.model.exit_code import ExitCode
from loglens.model.finding import Severity
from loglens.readers.tensorboard import event_log, records
from loglens.watch.event import Event
from loglens.watch.follow import Watch, follow
from tests.curves import falling
from tests.readers.tensorboard_writer import packed, scalar

START = 1_800_000_000.0
LOSS = falling(4000, noise=0.02).tolist()


@dataclass
class Scene:
    """A folder that is watched, and a clock; files are as old as the clock says."""

    folder: Path
    now: float = START
    watch: Watch = field(init=False)
    said: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch([str(self.folder)], Config(), interval=1.0, clock=lambda: self.now, timer=lambda: 0.0)

    def write(self, name: str, first: int, last: int, value: Callable[[int], float] = LOSS.__getitem__) -> Path:
        """Write the rows from first to last, behind those that are there."""
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as stream:
            if not stream.tell():
                stream.write("step,loss\n")
            stream.writelines(f"{i},{value(i)}\n" for i in range(first, last))
        os.utime(file, (self.now, self.now))
        return file

    def look(self, seconds: float = 1.0) -> list[tuple[str, str | None]]:
        """Let time pass, look, and return what happened."""
        self.now += seconds
        events = list(self.watch.look())
        self.said += events
        return [(event.kind, event.condition) for event in events]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.said]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def broken(step: int) -> float:
    return float("nan") if step >= 200 else LOSS[step]


def test_event_files_are_continued_and_say_the_same(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, size in ((records, "BLOCK", 32), (records, "SPAN", 1 << 11), (event_log, "SPAN", 1 << 11)):
        monkeypatch.setattr(module, name, size)
    log = packed(scalar("train/loss", broken(n), n, START + n) for n in range(400))
    file = scene.folder / "events.out.tfevents.1.host"
    for end in range(40, 401, 40):
        file.write_bytes(
            b"".join(log[: end + 1]) + b"".join(log[end + 1 : end + 2])[:7]
        )  # a record that is not whole yet
        scene.look()
    assert [event.condition for event in scene.said if event.severity is Severity.ERROR] == ["nan-loss"]
    (one,) = scene.watch._followed.values()
    (beginning,) = one.kept.values()
    assert 300 < beginning.log.points < 400 == one.runs[0].points
    scene.look(1e5)
    assert not one.is_new and one.still and not one.kept, "what stands still is not kept in memory"


def test_a_finding_is_said_once_when_it_is_sure_with_its_time_and_step(scene: Scene) -> None:
    for first in range(0, 400, 40):
        scene.write("log.csv", first, first + 40, broken)
        scene.look()
    (event,) = [event for event in scene.said if event.severity is Severity.ERROR]
    assert (event.condition, str(event.severity), event.verdict) == ("nan-loss", "error", "failed")
    assert event.step == 279, "seen at 239, and again when the run had grown"
    assert event.finding and event.finding["onset_step"] == 200
    assert json.loads(event.as_json())["finding"]["condition"] == "nan-loss"
    assert "error: " in event.line() and "step 279" in event.line()


def test_a_healthy_run_is_silent_and_its_end_is_said(scene: Scene) -> None:
    for first in range(0, 500, 100):
        scene.write("log.csv", first, first + 100)
        scene.look()
    assert scene.kinds() == ["run"]
    assert scene.look(59) == []
    assert scene.look(2) == [("still", None)] and scene.watch.all_ended
    assert "its usual gap is 1 s" in scene.said[-1].message
    scene.write("log.csv", 500, 600)
    assert scene.look() == [("moving", None)]


def test_what_is_found_at_the_end_is_said_though_the_run_does_not_grow_any_more(scene: Scene) -> None:
    for first in range(0, 500, 100):
        scene.write("log.csv", first, first + 100)
        scene.look()
    scene.write("log.csv", 500, 510, lambda _: float("nan"))  # less than is waited for
    assert scene.look() == []
    assert scene.look(70) == [("found", "nan-loss"), ("still", None)]


def test_a_finding_that_goes_away_is_said_too(scene: Scene) -> None:
    def spoilt(step: int) -> float:
        return 30.0 if 300 <= step < 600 else LOSS[step]

    for first in range(0, 1600, 100):
        scene.write("log.csv", first, first + 100, spoilt)
        scene.look()
    found = [event.condition for event in scene.said if event.kind == "found"]
    gone = [event.condition for event in scene.said if event.kind == "gone"]
    assert found and set(gone) <= set(found)
    assert "divergence" in found and "divergence" in gone


def test_truncated_replaced_and_deleted_logs_are_facts(scene: Scene) -> None:
    file = scene.write("log.csv", 0, 200)
    scene.look()
    file.unlink()
    scene.write("log.csv", 0, 50)
    assert scene.look() == [("file", None)]
    with file.open("r+") as stream:
        stream.truncate(60)
    os.utime(file, (scene.now, scene.now))
    assert scene.look() == [("file", None)]
    assert "was truncated" in scene.said[-1].message
    file.unlink()
    assert scene.look()[-1] == ("file", None)
    assert scene.said[-1].message == "log.csv is gone"
    scene.write("log.csv", 0, 300)
    assert scene.look() == [] and scene.watch.runs[0][1].points == 300


def test_new_runs_are_met(scene: Scene) -> None:
    assert [event.kind for event in scene.watch.look()] == ["unread"], "an empty folder is said once"
    assert scene.look() == []
    scene.write("one/log.csv", 0, 100)
    scene.look()
    scene.write("two/log.csv", 0, 100)
    scene.look()
    assert [event.run for event in scene.said if event.kind == "run"] == ["one/log.csv", "two/log.csv"]


def test_runs_that_were_over_before_are_no_news(scene: Scene) -> None:
    scene.write("old/log.csv", 0, 400, broken)
    scene.now += 4000
    scene.write("new/log.csv", 0, 400)
    assert sorted(scene.look()) == [("over", None), ("run", None)]
    assert scene.watch.report().exit_code == ExitCode.OK, "the gate is that of the run that is followed"


def test_the_gate_is_that_of_what_is_over_where_nothing_else_is_there(scene: Scene) -> None:
    scene.write("log.csv", 0, 400, broken)
    scene.now += 4000
    events = list(follow(scene.watch, lambda _: pytest.fail("there is nothing to wait for"), "end"))
    assert [event.kind for event in events] == ["over"]
    assert scene.watch.report().exit_code == ExitCode.FOUND


def test_a_log_is_not_read_again_before_a_twentieth_is_new(scene: Scene) -> None:
    scene.write("log.csv", 0, 2000)
    scene.look()
    judged = []
    for row in range(2000, 2400, 20):
        scene.write("log.csv", row, row + 20)
        scene.look()
        (one, _), *_ = scene.watch.runs
        judged.append(one.judged_at)
    assert len(set(judged)) <= 5, "1.05 to the fourth is 1.2"


def test_it_rests_four_times_as_long_as_it_judged(scene: Scene) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt
        scene.now += seconds

    def slow() -> Iterator[Event]:
        scene.watch.spent += 100.0
        yield from ()

    scene.watch.look = slow  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        list(follow(scene.watch, sleep))
    assert slept == [1.0, 400.0, 400.0], "the first reading is not held against it"


def test_what_is_not_there_yet_is_waited_for_and_a_remote_path_refused(tmp_path: Path) -> None:
    watch = Watch([str(tmp_path / "later")], Config())
    assert [event.kind for event in watch.look()] == ["unread"] and watch.report().exit_code == ExitCode.BAD_INPUT
    with pytest.raises(LoglensError, match="of this machine"):
        Watch(["s3://bucket/runs"], Config())
