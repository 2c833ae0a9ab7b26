"""Logs that only their own library can open, and offline sessions of ClearML."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import loglens
from loglens.discovery import find as discover
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers import other_trackers as foreign
from loglens.registry import load as registry
from tests.reading import load


def event(variant: str, step: int, value: float, metric: str = "train") -> dict[str, object]:
    stamp = 1_700_000_000_000 + step
    said = {"type": "training_stats_scalar", "metric": metric, "variant": variant, "iter": step, "value": value}
    return said | {"timestamp": stamp, "task": "abc"}


def session(tmp_path: Path, lines: list[object], tail: str = "") -> Path:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + tail)
    return path


def failure(path: Path) -> str:
    (found,) = load(discover.find([path], registry.readers()))
    assert isinstance(found, UnreadableError)
    return str(found)


def test_an_offline_session_of_clearml(tmp_path: Path) -> None:
    lines: list[object] = [
        [event("loss", n, 0.0 if n == 3 else 1.0), event("gpu", n, 9.0, ":monitor:gpu")] for n in range(5)
    ]
    path = session(tmp_path, [*lines, [{"type": "log", "msg": "x"}]], '[{"type": "training_st')
    (run,) = load(discover.find([tmp_path], registry.readers()))
    assert isinstance(run, Run) and run.format == "clearml"
    assert run.curves["train/loss"].value.tolist() == [1, 1, 1, 0, 1]
    assert run.curves["train/loss"].time[1] == 1_700_000_000.001
    assert run.curves["system/gpu"].axis == "sample"
    assert [note.kind for note in run.notes] == ["truncated", "sentinel"]
    assert path in run.files


def test_a_session_of_the_real_writer() -> None:
    (run,) = loglens.read(Path(__file__).parent / "data" / "offline" / "clearml")
    assert run.format == "clearml"
    assert run.curves["train/loss"].value.tolist() == [1, 0.5, 1 / 3, 0.25, 0, 1 / 6]  # step 4 was NaN
    assert run.curves["val/loss"].step.tolist() == [2, 5]
    assert np.isfinite(run.columns.time).all()
    assert [note.kind for note in run.notes] == ["sentinel"]


def test_a_session_without_a_scalar(tmp_path: Path) -> None:
    path = session(tmp_path, [[{"type": "training_stats_vector", "metric": "m", "variant": "v"}]])
    with pytest.raises(UnreadableError, match="without a scalar"):
        list(foreign.read(Source(path, (path,), "x")))


@pytest.mark.parametrize(
    ("names", "word"), [(["task.json", "metrics.jsonl"], "unpack"), (["experiment.json", "messages.json"], "Comet")]
)
def test_archives_say_what_to_do(tmp_path: Path, names: list[str], word: str) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    assert word in failure(path)


def test_aim_and_visualdl_say_how_to_export(tmp_path: Path) -> None:
    chunk = tmp_path / "a" / ".aim" / "meta" / "chunks" / "abc" / "CURRENT"
    chunk.parent.mkdir(parents=True)
    chunk.write_bytes(b"\x01")
    (tmp_path / "a" / ".aim" / "run_metadata.sqlite").write_bytes(b"SQLite format 3\0")
    assert "aim.Repo" in failure(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "vdlrecords.1700000000.log").write_bytes(b"\x00\x01")
    assert "LogReader" in failure(tmp_path / "b")


@given(st.binary(max_size=400), st.integers(0, 400))
def test_damage_raises_nothing_else(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int) -> None:
    path = session(tmp_path_factory.mktemp("x"), [[event("loss", n, 1.0)] for n in range(4)])
    data = path.read_bytes()
    path.write_bytes(data[:at] + junk + data[at + len(junk) :])
    foreign.sniff(path)
    try:
        list(foreign.read(Source(path, (path,), "x")))
    except UnreadableError as error:
        assert "\n" not in str(error)


def test_a_run_that_the_client_of_neptune_keeps_offline() -> None:
    path = Path(__file__).parent / "data" / "neptune" / "offline"
    assert foreign.sniff(path / "data-1.log")
    assert "neptune sync" in failure(path) and "Parquet" in failure(path)
    assert not foreign.sniff(path / "make.py")
