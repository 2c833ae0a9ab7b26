"""An agent reads below the folders that were named, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.agents.roots import Roots
from loglens.errors import LoglensError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that may be read, beside a secret."""
    (tmp_path / "secret.csv").write_text("step,loss\n")
    runs = tmp_path / "runs"
    (runs / "one").mkdir(parents=True)
    (runs / "one" / "log.csv").write_text("step,loss\n")
    (runs / "out.csv").symlink_to(tmp_path / "secret.csv")
    (runs / "up").symlink_to(tmp_path)
    (runs / "in.csv").symlink_to(runs / "one" / "log.csv")
    return runs


def test_what_is_inside_is_found_relative_absolute_and_by_a_link(folder: Path) -> None:
    roots = Roots.of([str(folder)])
    log = folder / "one" / "log.csv"
    for path in ("one/log.csv", str(log), "in.csv", "one/../one/log.csv"):
        assert roots.inside(path) == log
    assert roots.inside(".") == roots.inside("") == folder


@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv", "out.csv", "up/secret.csv", "up", "one/../../secret.csv", "/etc/passwd", "/", "..", "~",
        "s3://bucket/runs", "file:///etc/passwd", "missing.csv", "one/*.csv", "a\0b", "x" * 5000, "one\x1b[31m",
    ],
)  # fmt: skip
def test_what_is_outside_or_missing_is_refused_in_the_same_words(folder: Path, path: str) -> None:
    with pytest.raises(LoglensError, match="no such log below the folders that may be read") as error:
        Roots.of([str(folder)]).inside(path)
    assert len(str(error.value)) < 300 and "\x1b" not in str(error.value)


def test_a_root_that_begins_alike_is_another(folder: Path) -> None:
    (folder.parent / "runs2").mkdir()
    with pytest.raises(LoglensError):
        Roots.of([str(folder)]).inside("../runs2")
    assert Roots.of([str(folder), str(folder.parent / "runs2")]).inside("../runs2").name == "runs2"


@pytest.mark.parametrize("named", [[], ["/no/such/folder"], ["s3://bucket"]])
def test_roots_have_to_be_there(named: list[str]) -> None:
    with pytest.raises(LoglensError):
        Roots.of(named)
