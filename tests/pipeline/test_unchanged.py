"""A call that is made again is answered from memory where nothing below its folders changed, and only there."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loglens.discovery.find import find
from loglens.pipeline.unchanged import MIN_FILES, invocation_of
from tests.cli.test_cli import bad, call, good
from tests.slow.test_many import diagnose, many

COUNT = MIN_FILES + 2


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGLENS_CACHE_DIR", str(tmp_path / "cache"))
    yield


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The paths in which runs were looked for since."""
    paths: list[object] = []
    honest: Callable[..., object] = find

    def noted(*args: object, **options: object) -> object:
        paths.append(args[0])
        return honest(*args, **options)

    monkeypatch.setattr("loglens.pipeline.session.find", noted)
    return paths


def report(*args: str, format: str = "json") -> str:
    return call("diagnose", "runs", "--format", format, *args).stdout


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of which a report was made, and beside them the cache that remembers it."""
    folder = tmp_path_factory.mktemp("remembered")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LOGLENS_CACHE_DIR", str(folder / "cache"))
        many(COUNT)
        Path("runs/broken.csv").write_text("")
        report()
    return folder


@pytest.mark.parametrize("format", ["json", "jsonl", "text", "html", "markdown", "sarif", "junit"])
def test_what_is_remembered_is_what_was_reported(
    format: str, remembered: Path, searched: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(remembered)
    monkeypatch.setenv("LOGLENS_CACHE_DIR", str(remembered / "cache"))
    expected = report("--no-cache", format=format)
    searched.clear()
    again = report(format=format)
    assert searched == []
    if format == "jsonl":  # as they come
        assert sorted(again.splitlines()) == sorted(expected.splitlines())
    else:
        assert again == expected


def test_verbose_text_is_whole_after_an_overview(searched: list[object]) -> None:
    many(COUNT)
    report(format="text")
    expected = report("-v", "--no-cache", format="text")
    searched.clear()
    assert report("-v", format="text") == expected and searched == []


@pytest.mark.parametrize(
    "change",
    [
        lambda: bad("runs/01/metrics.csv"),
        lambda: good("runs/new/metrics.csv"),
        lambda: Path("runs/00/metrics.csv").unlink(),
        lambda: Path("runs/00").rename("runs/zero"),
        lambda: Path("runs/04/hparams.yaml").write_text("learning_rate: 0.1\n"),
        lambda: os.mkfifo("runs/05/pipe"),
    ],
    ids=["log", "new run", "run gone", "run renamed", "file beside", "pipe"],
)
def test_any_change_below_makes_it_look_again(change: Callable[[], object], searched: list[object]) -> None:
    many(COUNT)
    report()
    change()
    searched.clear()
    assert report() == report("--no-cache") and len(searched) == 2


def test_a_moved_folder_has_its_new_name() -> None:
    many(COUNT)
    os.chdir("runs")
    before = json.loads(call("diagnose", ".", "--format", "json").stdout)
    os.chdir("..")
    Path("runs").rename("others")
    os.chdir("others")
    after = call("diagnose", ".", "--format", "json").stdout
    assert after == call("diagnose", ".", "--format", "json", "--no-cache").stdout
    assert len(before["runs"]) == len(json.loads(after)["runs"]) == COUNT


def test_settings_count(searched: list[object]) -> None:
    many(COUNT)
    report()
    searched.clear()
    assert report("--ignore", "nan-loss") == report("--ignore", "nan-loss", "--no-cache") and len(searched) == 2


def test_several_folders_are_one_call(searched: list[object]) -> None:
    many(COUNT)
    good("more/00/metrics.csv")
    Path("empty").mkdir()
    first, again = (call("diagnose", "runs", "more", "empty", "--format", "json").stdout for _ in range(2))
    assert first == again and len(searched) == 1
    assert [unread["path"] for unread in json.loads(again)["unread"]] == ["empty"]
    assert len(json.loads(again)["runs"]) == COUNT + 1


def test_where_a_link_leads_is_looked_at_each_time(searched: list[object]) -> None:
    many(COUNT)
    good("far/metrics.csv")
    Path("runs/link").symlink_to(Path("far").resolve())
    report()
    bad("far/metrics.csv")
    assert report() == report("--no-cache") and len(searched) == 3
    assert invocation_of(["runs"]) is None


def test_what_lost_a_part_of_its_memory_judges_that_part_again(searched: list[object]) -> None:
    many(COUNT)
    expected = report()
    with sqlite3.connect("cache/judged.sqlite") as base:
        base.execute("DELETE FROM results WHERE rowid IN (SELECT rowid FROM results WHERE length(body) > 10 LIMIT 3)")
    searched.clear()
    assert report() == expected and len(searched) == 1


def test_few_files_are_not_kept_track_of() -> None:
    many(3)
    assert (
        invocation_of(["runs"]) is None
        and invocation_of(["runs/00/metrics.csv"]) is None
        and invocation_of(["nowhere"]) is None
    )


def test_a_call_that_loglens_failed_in_is_made_again() -> None:
    many(COUNT)
    good("runs/bug.csv")
    fail = (
        "from loglens.readers.csv import reader as csv\n"
        "honest = csv.read\n"
        "def read(source):\n"
        "    if source.path.name == 'bug.csv': raise ZeroDivisionError\n"
        "    yield from honest(source)\n"
        "csv.read = read\n"
        "from loglens.cli import main; main()"
    )
    broken = json.loads(diagnose("runs", "--format", "json", code=fail).stdout)
    whole = json.loads(diagnose("runs", "--format", "json").stdout)
    assert len(broken["unread"]) == 1 and len(broken["runs"]) == COUNT
    assert whole["unread"] == [] and len(whole["runs"]) == COUNT + 1
