"""A full disk, a reader that goes away, no home: the exit code and the files are as promised."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_cli import bad, good
from tests.slow.test_many import diagnose, documents, many


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("name", ["r.json", "r.html", "r.md", "r.sarif"])
def test_a_full_disk_leaves_no_half_report(small: Path, name: str) -> None:
    many(30)
    (small / name).write_text("what was there")
    done = diagnose("runs", "-o", small / name)
    text = (small / name).read_text()
    assert done.returncode == 2 and text == "what was there"
    assert done.stderr == f"loglens: -o {small / name}: cannot be written: No space left on device\n"
    assert [path.name for path in small.iterdir()] == [name]


def test_a_full_disk_leaves_whole_json_lines(small: Path) -> None:
    many(30)
    done = diagnose("runs", "-o", small / "r.jsonl")
    assert done.returncode == 2 and done.stderr.endswith("cannot be written: No space left on device\n")
    lines = documents((small / "r.jsonl").read_text())
    assert 0 < len(lines) < 30 and all("verdict" in line for line in lines)


def test_a_full_disk_under_the_cache_is_no_fault(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many(30)
    expected = diagnose("runs", "--format", "json", "--no-cache").stdout
    monkeypatch.setenv("LOGLENS_CACHE_DIR", str(small))
    for _ in range(2):
        done = diagnose("runs", "--format", "json")
        assert done.stdout == expected and done.stderr == ""


def test_no_home_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    many(9)
    monkeypatch.delenv("LOGLENS_CACHE_DIR")
    for home in ("/proc", "/nowhere"):
        monkeypatch.setenv("HOME", home)
        done = diagnose("runs", "--format", "json")
        assert done.returncode == 1 and done.stderr == ""


@pytest.mark.parametrize("format", ["text", "json", "jsonl"])
def test_a_reader_that_goes_away_changes_no_exit_code(format: str) -> None:
    many(40)
    words = [sys.executable, "-m", "loglens", "diagnose", "runs", "-v", "--format", format]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(60) == 1


def test_what_else_was_asked_for_is_written_anyway() -> None:
    many(9)
    words = f"{sys.executable} -m loglens diagnose runs --format jsonl -o - -o r.json | head -c 1"
    subprocess.run(words, shell=True, capture_output=True, timeout=60)  # noqa: S602 - a pipe is what is tested
    assert json.loads(Path("r.json").read_text())["counts"]["runs"] == 9


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-"])
def test_closed_streams_change_no_exit_code(closed: str) -> None:
    bad()
    good()
    words = f"{sys.executable} -m loglens diagnose bad.csv good.csv missing -o r.json {closed}"
    done = subprocess.run(words, shell=True, timeout=60)  # noqa: S602 - a shell closes streams
    assert done.returncode == 1
    assert json.loads(Path("r.json").read_text())["counts"]["runs"] == 2


def test_a_place_that_is_read_only() -> None:
    bad()
    if not os.access("/proc/version", os.R_OK):
        pytest.skip("no /proc here")
    done = diagnose("bad.csv", "-o", "/proc/r.json")
    assert done.returncode == 2 and done.stderr.startswith("loglens: -o /proc/r.json: cannot be written: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_at_any_moment_leaves_no_half_file(sign: signal.Signals) -> None:
    """From the start of Python, where a signal ends it as it does any process, to the end of the command."""
    many(24)
    codes = set()
    for moment in range(12):
        words = [sys.executable, "-m", "loglens", "diagnose", "runs", "--no-cache", "-j", "2", "-o", "r.json", "-q"]
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        time.sleep(0.05 + 0.11 * moment)
        process.send_signal(sign)
        codes.add(process.wait(60))
        if Path("r.json").exists():
            assert json.loads(Path("r.json").read_text())["runs"]
            Path("r.json").unlink()
        assert [path.name for path in Path().iterdir()] == ["runs"], "nothing is left behind"
    stopped = 130 if sign == signal.SIGINT else 143
    assert codes <= {1, stopped, -sign}, codes
