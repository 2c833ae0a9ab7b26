"""Every output of every command: names that mean harm, and places that cannot be written to."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner, Result
from markdown_it import MarkdownIt

import loglens
from loglens.cli import main
from tests.curves import falling
from tests.golden.example import HARMFUL
from tests.model.test_run_html import Tags

#: A tag and a folder's name that try to leave every format. A folder's name has no slash and 255 bytes.
TAG = (
    "loss/evil\x1b[31m\x9b2J\u202egpj\n::error::x\r<script>alert(1)</script>[bold]$\\frac{%0A`|a|`\u2028\u200b"
    + "x" * 10_000
)
FOLDER = "evil\x1b[31m\u202egpj\n::error::x\r<img src=x onerror=alert(1)>[b]$\\frac{%0A`|a|"
#: What each command writes, by the arguments that make it.
REPORTS = ["r.txt", "r.json", "r.jsonl", "r.md", "r.html", "r.sarif", "r.xml"]
FIGURES = ["f.svg", "f.png", "f.pdf"]
TABLES = ["t.csv", "t.jsonl"]


def command(name: str, log: str, target: str) -> list[str]:
    """The arguments that write a file of this name into a folder."""
    first = name.partition(".")[0]
    verb = {"r": "diagnose", "f": "plot", "t": "export", "b": "diagnose"}[first]
    flag = "--write-baseline" if first == "b" else "-o"
    return [verb, log, "-q", flag, f"{target}/{name}" if target else name]


WRITERS = [*REPORTS, *FIGURES, *TABLES, "b.json"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for extra in ("jinja2", "tsdownsample", "matplotlib"):
        pytest.importorskip(extra, reason="needs the extras html and plot")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGLENS_CACHE_DIR", str(tmp_path.parent / f"{tmp_path.name}-cache"))


def log(tag: str = "train/loss", folder: str = "run") -> str:
    """A run that fails, so that the tag stands in findings, casts, notes and figures."""
    loss = falling(300)
    loss[200:] = np.nan
    path = Path(folder) / "metrics.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(json.dumps({"step": i, tag: v}) for i, v in enumerate(loss.tolist())) + "\n{cut off")
    return folder


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args)


# ---- names that mean harm ---------------------------------------------------------------------------


@pytest.fixture
def hostile() -> str:
    return log(TAG, FOLDER)


def role() -> list[str]:
    return ["--role", "loss/evil*=loss"]


@pytest.mark.parametrize("name", [*REPORTS, "github", "brief", "f.svg", "f.pdf"])
def test_a_hostile_log_harms_no_output(hostile: str, name: str) -> None:
    if name in ("github", "brief"):
        done = run("diagnose", hostile, *role(), "--format", name)
        text = done.stdout
    else:
        done = run(*command(name, hostile, ""), *role())
        text = Path(name).read_bytes().decode("latin-1" if name == "f.pdf" else "utf-8")
    assert done.exit_code == (0 if name.startswith("f") else 1), done.stderr
    if name != "f.pdf":
        assert not set(text) & set(HARMFUL)
    assert len(text) < 1_000_000
    lines = text.splitlines()
    if name in ("r.txt", "r.md", "r.xml", "r.html", "brief"):
        assert not any(line.lstrip().startswith("::") for line in lines)
    if name == "github":
        assert all(re.match(r"::(error|warning|notice) (file=[^:,]*,)?title=[^:,]*::|loglens:", line) for line in lines)
    if name == "r.txt":
        assert max(map(len, lines)) < 200
    if name in ("r.json", "r.sarif"):
        json.loads(text)
    if name == "r.jsonl":
        assert len([json.loads(line) for line in text.split("\n") if line]) == 2
    if name == "r.xml" or name.endswith(".svg"):
        ElementTree.fromstring(text.encode())  # noqa: S314 - our own output
        assert "<script" not in text and "<img" not in text
    if name == "r.html":
        assert "<script>alert" not in text and "<img src=x" not in text and text.count("<script") == 2
    if name == "r.md":
        shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        assert "<script" not in shown and "<img" not in shown


def test_a_hostile_log_harms_no_terminal_and_no_notebook(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    for args in (["inspect", hostile], ["compare", hostile, hostile], ["diagnose", hostile, *role()]):
        done = run(*args)
        text = done.stdout + done.stderr
        assert text and "\x1b[31m" not in text and "\x9b" not in text
        assert not set(text) & (set(HARMFUL) - {"\n", "\x1b"}) and "\n::error" not in text
    (shown,) = (one._repr_html_() for one in loglens.read(hostile))
    assert not set(Tags(shown).seen) & {"script", "img"}


# ---- places that cannot be written to ---------------------------------------------------------------


def one_line(done: Result, *said: str) -> None:
    text = done.stderr
    assert done.exit_code == 2, text
    assert text.count("\n") == 1 and text.startswith("loglens: ") and "Traceback" not in text, text
    assert all(piece in text for piece in said), text


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_folder(name: str) -> None:
    one_line(run(*command(name, log(), "none")), f"none/{name}")
    assert sorted(path.name for path in Path().iterdir()) == ["run"]


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_may_not_grow(name: str) -> None:
    """What a quota and a full disk do, without a disk."""
    resource = pytest.importorskip("resource", reason="needs limits of POSIX")
    folder = Path("out")
    folder.mkdir()
    (folder / name).write_text("as it was")
    args, limits = command(name, log(), "out"), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))
    try:
        done = run(*args)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    one_line(done, f"out/{name}", "File too large")
    assert [path.name for path in folder.iterdir()] == [name]
    if name != "r.jsonl":  # that one is written as runs are judged, in whole lines
        assert (folder / name).read_text() == "as it was"
    else:
        assert all(json.loads(line) for line in (folder / name).read_text().splitlines())


@pytest.fixture
def mounted(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A small disk of its own, mounted with the options of the test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", request.param, "none", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True)
    except OSError:
        pytest.skip("needs mount")
    if done.returncode:
        pytest.skip("needs to be root to mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("mounted", ["size=4k"], indirect=True)
def test_a_full_disk(name: str, mounted: Path) -> None:
    (mounted / "filler").write_bytes(b"x" * 4096)
    one_line(run(*command(name, log(), "disk")), f"disk/{name}", "No space left on device")
    left = [path.name for path in mounted.iterdir()]
    assert left == ["filler"] or (name == "r.jsonl" and (mounted / name).stat().st_size == 0)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("mounted", ["ro,size=64k"], indirect=True)
def test_a_read_only_place(name: str, mounted: Path) -> None:
    one_line(run(*command(name, log(), "disk")), f"disk/{name}", "Read-only file system")
    assert list(mounted.iterdir()) == []
