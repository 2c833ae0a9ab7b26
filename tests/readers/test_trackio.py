"""Trackio: SQLite, its Parquet copy, and damage."""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers import trackio

DATA = Path(__file__).parent / "data" / "offline"
SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "demo.db"
    path.write_bytes(gzip.decompress((DATA / "trackio.db.gz").read_bytes()))
    return path


def read(*paths: Path) -> list[Run]:
    assert all(map(trackio.sniff, paths))
    return list(trackio.read(Source(paths[0], paths, paths[0].name)))


def test_the_runs_of_a_project(database: Path) -> None:
    one, two = read(database)
    assert (one.name, two.name) == ("demo.db/one", "demo.db/two")
    want = [2.5 * math.exp(-step / 15) + 0.1 if step != 20 else math.nan for step in range(40)]
    assert np.array_equal(two.curves["train/loss"].value, want, equal_nan=True)
    assert two.curves["train/grad_norm"].value[20] == math.inf
    assert one.curves["nested.a"].step.tolist() == list(range(20))
    assert np.isfinite(one.columns.time).all() and one.columns.time[0] > 1.7e9
    assert one.params == {"run_name": "one", "lr": 0.001, "model/depth": 3}
    assert [(row.tag, row.step, row.count) for row in one.histogram_rows] == [("hist", 20, 20)]


def test_alerts_are_notes_and_system_metrics_have_no_step(database: Path) -> None:
    connection = sqlite3.connect(database)
    run = connection.execute("SELECT run_id, run_name FROM metrics ORDER BY id LIMIT 1").fetchone()
    stamp = "2026-01-01T00:00:00+00:00"
    connection.execute(
        "INSERT INTO alerts (run_id, timestamp, run_name, title, text, level, step) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run[0], stamp, run[1], "spike", "loss is 9", "warn", 7),
    )
    for value in (1.5, 2.5):
        row = (run[0], stamp, run[1], json.dumps({"gpu/util": value}))
        connection.execute("INSERT INTO system_metrics (run_id, timestamp, run_name, metrics) VALUES (?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    one = read(database)[0]
    assert [(note.kind, note.message) for note in one.notes] == [("alert", "warn at step 7: spike: loss is 9")]
    assert one.curves["system/gpu/util"].axis == "sample"
    assert one.curves["system/gpu/util"].step.tolist() == [0, 1]


def test_old_files_know_runs_by_name(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INT, metrics)"
    )
    connection.execute("CREATE TABLE configs (id INTEGER PRIMARY KEY, run_name TEXT, config TEXT, created_at TEXT)")
    for step in range(3):
        row = ("2025-01-01T00:00:00", "a", step, json.dumps({"loss": step}) if step else "{cut off")
        connection.execute("INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    (run,) = read(path)
    assert run.curves["loss"].value.tolist() == [1, 2]
    assert [note.kind for note in run.notes] == ["corrupt"]


def test_parquet_copy(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [
        {"run_id": "r1", "run_name": "a", "timestamp": "2025-01-01T00:00:00", "step": n, "loss": n / 2, "m": {"x": n}}
        for n in range(5)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    config = [{"run_id": "r1", "run_name": "a", "lr": 0.5, "created_at": "x", "_Username": "u"}]
    pq.write_table(pa.Table.from_pylist(config), tmp_path / "p_configs.parquet")
    paths = [tmp_path / "p.parquet", tmp_path / "p_configs.parquet"]
    assert {trackio.home(path, frozenset(paths)) for path in paths} == {paths[0]}
    (run,) = read(*paths)
    assert run.curves["loss"].value.tolist() == [0, 0.5, 1, 1.5, 2] and run.curves["m.x"].value.tolist() == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert run.params == {"run_name": "a", "lr": 0.5}
    paths[0].write_bytes(paths[0].read_bytes()[:-50])
    with pytest.raises(UnreadableError, match="damaged Parquet"):
        list(trackio.read(Source(paths[0], (paths[0],), "p")))


def test_parquet_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.parquet"
    schema = b"\x15\x04\x18\x08run_name\x18\x09timestamp\x18\x04step\x15"
    path.write_bytes(b"PAR1" + schema + len(schema).to_bytes(4, "little") + b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UnreadableError, match=r"loglens\[parquet\]"):
        read(path)


@given(st.data())
def test_damage_raises_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(gzip.decompress((DATA / "trackio.db.gz").read_bytes()))
    for at in data.draw(st.lists(st.integers(16, len(content) - 1), min_size=1, max_size=40)):
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("x") / "demo.db"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    trackio.sniff(path)
    try:
        list(trackio.read(Source(path, (path,), "x")))
    except UnreadableError as error:
        assert "\n" not in str(error)


def test_the_file_of_the_current_writer() -> None:
    path = SHARED / "written_by" / "trackio_0.43.db"
    if not path.is_file():
        pytest.skip("the collection of written files is not here")
    (run,) = read(path)
    assert len(run.columns) == 12 and len(run.histogram_rows) == 3
    assert np.isnan(run.curves["nan"].value).all() and np.isposinf(run.curves["inf"].value).all()


def test_a_database_and_its_copy_are_one_project(database: Path) -> None:
    copy = database.with_suffix(".parquet")
    copy.write_bytes(b"PAR1 that is not looked at")
    assert trackio.home(copy, frozenset([database, copy])) == database
    runs = list(trackio.read(Source(database, (database, copy), "x")))
    assert [len(run.curves["train/loss"]) for run in runs] == [20, 40]
