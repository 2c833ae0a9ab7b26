"""What a killed process left behind is cleared by the next one, and nothing else is."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from loglens.model import temporary_folder
from loglens.model.source import Note
from loglens.readers.files import sqlite_file

CODE = """
import sys, time
from loglens.model.temporary_folder import temporary_folder
with temporary_folder("test") as folder:
    (folder / "copy.db").write_text("x")
    print(folder, flush=True)
    time.sleep(100)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    temporary_folder._clear.cache_clear()


def old(folder: Path) -> None:
    then = time.time() - 1000
    os.utime(folder, (then, then))


def test_a_folder_of_a_killed_process_is_cleared_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    dead, living = (subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE, text=True) for _ in "ab")
    assert dead.stdout is not None and living.stdout is not None
    left, held = Path(dead.stdout.readline().strip()), Path(living.stdout.readline().strip())
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    stranger = tmp_path / "loglens-mine"
    stranger.mkdir()
    for folder in (left, held, stranger):
        old(folder)
    try:
        with temporary_folder.temporary_folder("test") as ours:
            assert ours.is_dir() and held.is_dir() and stranger.is_dir() and not left.exists()
        assert not ours.exists()
    finally:
        living.kill()
        living.communicate()


def database(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("CREATE TABLE metrics (step INT)")
    base.execute("INSERT INTO metrics VALUES (1)")
    base.commit()
    return base


def test_a_journal_is_read_from_a_copy(tmp_path: Path) -> None:
    base, notes = database(tmp_path / "x.db"), list[Note]()
    with sqlite_file.opened(tmp_path / "x.db", notes) as connection:
        assert list(sqlite_file.rows(connection, "metrics", ("step",), notes, "x.db")) == [(1,)]
        assert len(list(tmp_path.glob("loglens-tmp-*"))) == 1
    assert not notes and not list(tmp_path.glob("loglens-tmp-*"))
    base.close()


@pytest.mark.parametrize("why", ["free space", "too big", "magic"])
def test_a_journal_is_looked_at_before_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    base, notes = database(tmp_path / "x.db"), list[Note]()
    base.close()
    with (tmp_path / "x.db-wal").open("wb") as file:
        file.write(b"" if why == "magic" else b"\x37\x7f\x06\x82")
        file.truncate(3 << 30)  # sparse
    if why == "too big":
        monkeypatch.setattr(sqlite_file, "MAX_SIZE", 1 << 30)
    if why == "free space":
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 30))
    with sqlite_file.opened(tmp_path / "x.db", notes) as connection:
        assert connection.execute("SELECT count(*) FROM metrics").fetchone() == (1,)
    assert [why in note.message for note in notes] == ([] if why == "magic" else [True])
