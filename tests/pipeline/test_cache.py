"""What was judged before is not judged again, and what changed always is."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loglens.config.load import Config
from loglens.discovery.find import find
from loglens.discovery.units import units
from loglens.pipeline.cache import Cache, signature
from loglens.pipeline.cache_keys import code_and_settings
from loglens.pipeline.diagnose_units import diagnose_units
from loglens.pipeline.serialise import dumps, loads
from loglens.registry import load as registry
from tests.cli.test_cli import bad, call, good
from tests.slow.test_many import many

SAMPLES = Path(__file__).parents[2] / "sample_logs"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGLENS_CACHE_DIR", str(tmp_path / "cache"))
    yield


def report(*args: str) -> str:
    return call("diagnose", "runs", "--format", "json", *args).stdout


def entries() -> int:
    with sqlite3.connect("cache/judged.sqlite") as base:
        return int(base.execute("SELECT count(*) FROM results").fetchone()[0])


def test_a_frozen_run_is_the_run() -> None:
    judged = [items for _, items in diagnose_units(units(find([SAMPLES], registry.readers())), Config(), 1)]
    assert len(judged) > 30
    look = registry.renderer("html").render
    from loglens.analysis.report_builder import collect

    for items in judged[::3]:
        back = loads(dumps(items))
        pages = [look(collect(each, registry.detectors())) for each in (items, back)]
        assert pages[0] == pages[1]
        assert [item.as_dict() for item in back] == [item.as_dict() for item in items]


def test_what_did_not_change_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    many()
    first = report()

    def refuse(*_: object) -> object:
        raise AssertionError("read again")

    monkeypatch.setattr("loglens.pipeline.diagnose_units.open_unit", refuse)
    assert report("--jobs", "1") == first
    assert "read again" in report("--jobs", "1", "--no-cache")


def test_what_changed_is_read_again() -> None:
    many()
    before = json.loads(report())
    bad("runs/01/metrics.csv")
    after = json.loads(report())
    verdicts = [[run["verdict"] for run in each["runs"]] for each in (before, after)]
    assert verdicts[0][1] == "healthy" and verdicts[1][1] == "failed"
    assert verdicts[0][2:] == verdicts[1][2:]


def test_a_change_that_hides_is_seen() -> None:
    """Same size, same end, and the time of change set back: the inode's own time tells."""
    many()
    report()
    path = Path("runs/01/metrics.csv")
    stamped = path.stat()
    lines = path.read_text().splitlines(keepends=True)
    lines[10] = lines[10].replace("1", "2")
    path.write_text("".join(lines))
    os.utime(path, ns=(stamped.st_atime_ns, stamped.st_mtime_ns))
    assert path.stat().st_size == stamped.st_size and path.stat().st_mtime_ns == stamped.st_mtime_ns
    before = entries()
    report()
    assert entries() == before + 2  # the whole of it, and its outline


def test_what_lies_beside_a_log_counts() -> None:
    many()
    report()
    before = entries()
    Path("runs/04/hparams.yaml").write_text("learning_rate: 0.1\n")
    report()
    assert entries() > before


def test_settings_count() -> None:
    many()
    assert report() != report("--ignore", "nan-loss")
    assert (
        json.loads(report("--select", "restart"))["runs"][0]["outcomes"] != json.loads(report())["runs"][0]["outcomes"]
    )
    assert code_and_settings(Config()) != code_and_settings(Config(ignore={"nan-loss": ""}))


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_broken_cache_is_begun_again(content: bytes) -> None:
    many()
    expected = report("--no-cache")
    Path("cache").mkdir()
    Path("cache/judged.sqlite").write_bytes(content)
    assert report() == report() == expected
    assert entries() >= 12


def test_a_body_that_rotted_is_not_believed() -> None:
    many()
    expected = report()
    with sqlite3.connect("cache/judged.sqlite") as base:
        base.execute("UPDATE results SET body = substr(body, 1, length(body) - 1) || x'00' WHERE length(body) > 10")
    assert report() == expected


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/x"])
def test_no_place_for_a_cache_is_no_fault(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGLENS_CACHE_DIR", place)
    many()
    done = call("diagnose", "runs", "--format", "json")
    assert done.exit_code == 1 and done.stderr == ""


def test_processes_share_it() -> None:
    many(16)
    words = [sys.executable, "-m", "loglens", "diagnose", "runs", "--format", "json", "--jobs", "1"]
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert len({stdout for stdout, _ in outputs}) == 1 and all(stderr == b"" for _, stderr in outputs)
    assert json.loads(outputs[0][0])["counts"]["runs"] == 16
    assert report("--jobs", "1").encode() == outputs[0][0]


def test_it_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglens.pipeline.cache.MAX_SIZE", 200_000)
    for i in range(6):
        path = Path(good(f"{i}.csv"))
        cache = Cache(Path("c.sqlite"), str(i))
        for n in range(20):
            cache.put(bytes([i, n]), os.urandom(4000))
        cache.close()
        assert path.exists()
    assert Path("c.sqlite").stat().st_size < 300_000


def test_a_log_that_grows_leaves_the_key_of_its_neighbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the folder is named, what lies beside a run counts and other logs do not."""
    many()
    monkeypatch.chdir("runs/01")
    Path("config.yaml").write_text("lr: 1\n")
    for number in range(80):
        Path(f"{number}.csv").write_text("step,loss\n1,2\n2,1\n")

    def keys(place: str) -> list[bytes | None]:
        cache = Cache(tmp_path / "c.sqlite", "")
        own = [str(Path(place) / f"{number}.csv") for number in range(80)]
        found = [
            cache.run_key("", [Path(file)], [file], frozenset([*own, str(Path(place) / "metrics.csv")])) for file in own
        ]
        cache.close()
        return found

    for place in (".", str(Path.cwd())):
        first = keys(place)
        with Path("7.csv").open("a") as file:
            file.write("3,1\n")
        second = keys(place)
        assert [one == two for one, two in zip(first, second, strict=True)] == [number != 7 for number in range(80)]
        with Path("config.yaml").open("a") as file:
            file.write("# another\n")
        assert not set(second) & set(keys(place))


def test_what_is_no_file_has_no_signature() -> None:
    os.mkfifo("pipe")
    assert signature(Path("pipe")) is None and signature(Path("nothing")) is None
