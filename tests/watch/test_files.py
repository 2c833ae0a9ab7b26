"""What happened to a file between two looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loglens.watch.files import last_write, look, setbacks, size


def test_what_grows_is_no_setback(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("one\n")
    before = look([file])
    with file.open("a") as stream:
        stream.write("two\n")
    assert list(setbacks(before, look([file]))) == []
    assert size(look([file])) == 8


def test_truncated_replaced_and_deleted_files_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("one\ntwo\n")
    before = look([file])
    os.truncate(file, 4)
    assert list(setbacks(before, look([file]))) == ["a.csv was truncated from 8 to 4 bytes"]
    other = tmp_path / "b"
    other.write_text("1\n")
    other.replace(file)
    assert list(setbacks(before, look([file]))) == ["a.csv was replaced by another file of 2 bytes; it had 8"]
    file.unlink()
    assert list(setbacks(before, look([file]))) == ["a.csv is gone"]


def test_a_writer_that_replaces_the_whole_file_each_time_is_no_setback(tmp_path: Path) -> None:
    file, other = tmp_path / "state.json", tmp_path / "new"
    file.write_text("[1]")
    before = look([file])
    other.write_text("[1, 2]")
    other.replace(file)
    assert list(setbacks(before, look([file]))) == []


def test_what_is_no_regular_file_has_no_state(tmp_path: Path) -> None:
    assert look([tmp_path, tmp_path / "missing"]) == {}
    assert last_write({}) == 0.0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert look([tmp_path / "pipe"]) == {}
