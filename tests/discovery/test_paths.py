"""Links, pipes, sockets, names and files that come and go: real ones."""

from __future__ import annotations

import html
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import loglens
from loglens.cli import main
from loglens.discovery.find import find
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.registry import load as registry
from tests.readers.tensorboard_writer import packed, scalar
from tests.reading import load

LOG = "step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(40))
FORMATS = ("text", "json", "markdown", "html", "sarif", "junit", "github")


def log(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LOG)
    return path


def names(path: Path) -> list[str]:
    """What is read under a path; nothing may be left unread."""
    found = list(load(find([path], registry.readers())))
    assert all(isinstance(item, Run) for item in found), found
    return sorted(item.name for item in found if isinstance(item, Run))


def test_links_that_go_round_in_circles(tmp_path: Path) -> None:
    log(tmp_path / "run" / "log.csv")
    (tmp_path / "run" / "self").symlink_to(tmp_path / "run" / "self")
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "run" / "up").symlink_to("..")
    (tmp_path / "run" / "deep").mkdir()
    (tmp_path / "run" / "deep" / "top").symlink_to(tmp_path)
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "gone.csv")
    assert names(tmp_path) == ["run/log.csv"]
    with pytest.raises(UnreadableError) as caught:
        loglens.read(tmp_path / "a")
    assert len(str(caught.value).splitlines()) == 1


def test_a_link_out_of_the_tree_is_followed_once_if_asked(tmp_path: Path) -> None:
    log(tmp_path / "outside" / "log.csv")
    log(tmp_path / "tree" / "own.csv")
    (tmp_path / "tree" / "linked").symlink_to(tmp_path / "outside")
    (tmp_path / "tree" / "again.csv").symlink_to(tmp_path / "outside" / "log.csv")
    assert len(loglens.read(tmp_path / "tree", follow=True)) == 2


@pytest.mark.parametrize(
    "name", ["log.csv", "events.out.tfevents.1.h", "log.jsonl", "train.log", "run-a.wandb", "x.db"]
)
def test_pipes_and_sockets_are_not_waited_for(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    log(tmp_path / "good" / "log.csv")
    os.mkfifo(name)
    with socket.socket(socket.AF_UNIX) as listening:
        Path("s").mkdir()
        listening.bind(f"s/{name}")
        found = find([tmp_path], registry.readers())
        assert [source.name for _, source in found.sources] == ["good/log.csv"]
        assert [failure.path for failure in found.failures] == [str(tmp_path / name)]
        for path in (name, f"s/{name}"):
            (failure,) = find([path], registry.readers()).failures
            assert "neither a file nor a folder" in str(failure)


@pytest.mark.parametrize(
    "name", ["log.csv", "events.out.tfevents.1.h", "log.jsonl", "train.log", "run-a.wandb", "x.db"]
)
def test_a_file_that_may_not_be_read(name: str) -> None:
    readers = list(registry.readers())
    with tempfile.TemporaryDirectory() as place:  # not below pytest's folder, which is closed to others
        folder = Path(place)
        folder.chmod(0o755)
        log(folder / "good" / "log.csv")
        log(folder / name)
        list(load(find([folder], readers)))  # loads what another user may not
        (folder / name).chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)  # nobody, to whom modes mean something
        try:
            items = list(load(find([folder], readers)))
        finally:
            if root:
                os.seteuid(0)
    assert [item.name for item in items if isinstance(item, Run)] == ["good/log.csv"]
    assert all(len(str(item).splitlines()) == 1 for item in items if isinstance(item, UnreadableError))


CONTENTS = {
    "log.csv": LOG.encode(),
    "log.jsonl": b"".join(b'{"step": %d, "loss": 0.5}\n' % n for n in range(40)),
    "train.log": b"".join(b"step %d loss 0.5\n" % n for n in range(40)),
    "events.out.tfevents.1.h": b"".join(packed(scalar("loss", 0.5, n) for n in range(40))),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_files_that_vanish_between_listing_and_reading(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).write_bytes(CONTENTS[name])
    log(tmp_path / "z" / "log.csv")
    found = find([tmp_path], registry.readers())
    shutil.rmtree(tmp_path / "a")
    items = load(found)
    assert [item.name for item in items if isinstance(item, Run)] == ["z/log.csv"]
    (failure,) = (item for item in items if isinstance(item, UnreadableError))
    assert name in failure.path + str(failure) and len(str(failure).splitlines()) == 1


@pytest.mark.parametrize("change", ["grows", "shrinks", "becomes a folder"])
@pytest.mark.parametrize("name", CONTENTS)
def test_files_that_change_between_listing_and_reading(tmp_path: Path, name: str, change: str) -> None:
    path = tmp_path / name
    path.write_bytes(CONTENTS[name])
    found = find([tmp_path], registry.readers())
    if change == "grows":
        with path.open("ab") as file:
            file.write(CONTENTS[name][-20:])
    elif change == "shrinks":
        os.truncate(path, len(CONTENTS[name]) // 2)
    else:
        path.unlink()
        path.mkdir()
    for item in load(found):
        if isinstance(item, Run):
            assert change != "becomes a folder" and len(item.columns) >= 10
        else:
            assert change == "becomes a folder" and len(str(item).splitlines()) == 1


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_that_is_written_while_it_is_read(tmp_path: Path, name: str) -> None:
    path, stop = tmp_path / name, threading.Event()
    path.write_bytes(CONTENTS[name])

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.is_set():
                for piece in (CONTENTS[name][:7], CONTENTS[name][7:]):
                    file.write(piece)
                time.sleep(0.01)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        for _ in range(2):
            runs = loglens.diagnose(tmp_path).runs  # the log begins from scratch again and again
            assert sum(run.points for run in runs) >= 40
            assert not [o for run in runs for o in run.outcomes if o.outcome == "crashed"]
    finally:
        stop.set()
        writer.join()


@pytest.fixture
def undecodable(tmp_path: Path) -> Iterator[Path]:
    """A folder and a file whose names are no UTF-8, one of them no name at all."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    try:
        log(folder / os.fsdecode(b"l\xff\xfe.csv"))
    except OSError:
        pytest.skip("the file system takes no such name")
    yield tmp_path


@pytest.mark.parametrize("format", FORMATS)
def test_names_that_are_no_utf8_in_every_format(undecodable: Path, tmp_path: Path, format: str) -> None:
    if format == "html":
        pytest.importorskip("jinja2")
    done = CliRunner().invoke(main, ["diagnose", str(undecodable), "--format", format, "-q"], catch_exceptions=False)
    assert done.exit_code == 0
    done.stdout_bytes.decode("utf-8")
    if format not in ("github",):  # which says nothing of a healthy run
        assert r"caf\xe9" in html.unescape(done.stdout).replace("\\\\", "\\")


def test_names_that_are_no_utf8_in_inspect_compare_and_export(undecodable: Path) -> None:
    run = os.fsdecode(os.fsencode(undecodable) + b"/caf\xe9")
    for args in (["inspect", run], ["inspect", run, "--format", "json"], ["compare", run, run]):
        done = CliRunner().invoke(main, args, catch_exceptions=False)
        assert done.exit_code == 0
        done.stdout_bytes.decode("utf-8")
    done = CliRunner().invoke(main, ["export", run, "-o", str(undecodable / "out.csv")], catch_exceptions=False)
    assert done.exit_code == 0 and (undecodable / "out.csv").read_text("utf-8").count("\n") == 41


@pytest.mark.slow
def test_a_log_among_thousands_of_images(tmp_path: Path) -> None:
    log(tmp_path / "run" / "log.csv")
    for number in range(30):
        (tmp_path / "shots" / str(number)).mkdir(parents=True)
        for image in range(100):
            (tmp_path / "shots" / str(number) / f"{image}.png").touch()
    assert names(tmp_path) == ["run/log.csv"]
