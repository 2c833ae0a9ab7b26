"""From a path to sources: files, folders, many runs, strangers, links and things that are no files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import loglens
from loglens.discovery.find import Found, find
from loglens.discovery.units import units
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.registry import load as registry
from tests.reading import load

SAMPLES = Path(__file__).parents[2] / "sample_logs"


def look(*paths: str | Path) -> Found:
    return find(paths, registry.readers())


def why(*paths: str | Path) -> str:
    found = look(*paths)
    assert not found.sources
    (failure,) = found.failures
    return str(failure)


def test_a_file_a_folder_and_a_glob_lead_to_the_same_run() -> None:
    folder = SAMPLES / "healthy_lstm"
    (event,) = folder.glob("events*")
    names = [[source.path for _, source in look(path).sources] for path in (folder, event, SAMPLES / "healthy_lst*")]
    assert names == [[folder]] * 3


def test_a_folder_of_runs_names_them_by_their_relative_path(tmp_path: Path) -> None:
    for name in ("a/one", "b"):
        shutil.copytree(SAMPLES / "healthy_lstm", tmp_path / name)
    assert sorted(source.name for _, source in look(tmp_path).sources) == ["a/one", "b"]


def test_a_folder_called_runs_holds_as_many_runs_unless_a_log_lies_beside_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(SAMPLES / "healthy_lstm", tmp_path / "runs" / name)
    (tmp_path / "runs" / "two" / "metrics.csv").write_text("step,loss\n1,2\n2,1\n")
    (tmp_path / "runs" / "three").mkdir()
    (tmp_path / "runs" / "three" / "metrics.csv").write_text("step,loss\n1,2\n2,1\n")
    assert sorted([source.name for _, source in unit] for unit in units(look(tmp_path))) == [
        ["runs/one"],
        ["runs/three"],
        ["runs/two", "runs/two"],
    ]
    (tmp_path / "trainer_state.json").write_text('{"log_history": [{"loss": 2.0, "step": 1}], "global_step": 1}')
    (unit,) = units(look(tmp_path))
    assert len(unit) == 5


def test_two_paths_to_one_run_are_read_once() -> None:
    assert len(look(SAMPLES / "healthy_lstm", SAMPLES / "healthy_lstm").sources) == 1


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "healthy_lstm", tmp_path / "run")
    (tmp_path / "again").symlink_to(tmp_path / "run")
    (tmp_path / "run" / "up").symlink_to(tmp_path)
    assert len(look(tmp_path).sources) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("plot.png", b"\x89PNG\r\n\x1a\n0000", "a PNG image"),
        ("model.pkl", b"\x80\x04\x95", "pickle"),
        ("notes.txt", b"remember the milk", "text file of unknown form"),
        ("empty.txt", b"", "an empty file"),
        ("x.bin", b"\x01\x00\x02", "a binary file"),
    ],
)
def test_a_stranger_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in why(tmp_path / name)
    assert name in why(tmp_path) and said in why(tmp_path)


def test_rows_of_numbers_without_names_say_how_to_name_them(tmp_path: Path) -> None:
    path = tmp_path / "loss.txt"
    path.write_text("".join(f"{100 * i} {1 / i} 0.001\n" for i in range(1, 30)))
    assert "--columns step,loss,lr" in why(path)
    path.write_text("".join(f"{i}\n" for i in range(30)))
    assert "--columns" not in why(path)


def test_a_missing_path_and_an_empty_folder_say_what_to_do(tmp_path: Path) -> None:
    assert "no such file or folder" in why(tmp_path / "nowhere")
    assert "no such file or folder" in why(str(tmp_path / "no*match"))
    assert "an empty folder" in why(tmp_path)


def test_a_fifo_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "neither a file nor a folder" in why(tmp_path / "pipe.csv")
    assert [failure.path for failure in look(tmp_path).failures] == [str(tmp_path), str(tmp_path / "pipe.csv")]


def test_a_git_lfs_pointer_says_how_to_get_the_file(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
    for name in ("metrics.csv", "events.out.tfevents.1.host"):
        (tmp_path / name).write_bytes(pointer)
    for item in load(look(tmp_path)):
        assert isinstance(item, UnreadableError) and "git lfs pull" in str(item)


def test_an_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "healthy_lstm", tmp_path / "run")
    (tmp_path / "words.csv").write_text("name,colour\nann,red\nbob,blue\n")
    items = load(look(tmp_path))
    assert [isinstance(item, Run) for item in items].count(True) == 1
    runs = loglens.read(tmp_path)
    assert [note.kind for note in runs[0].notes if "words.csv" in note.file] == ["unreadable"]
    with pytest.raises(UnreadableError, match=r"words\.csv"):
        loglens.read(tmp_path, on_error="raise")


def test_nothing_readable_is_an_error_in_python(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="empty folder"):
        loglens.read(tmp_path)


def test_names_that_are_no_utf8_are_no_obstacle(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/run\xff"
    shutil.copytree(SAMPLES / "healthy_lstm", os.fsdecode(folder))
    assert len(loglens.read(tmp_path)) == 1
