"""MLflow: file store and SQLite, whole and damaged."""

from __future__ import annotations

import gzip
import math
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.discovery import find as discover
from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers.mlflow import reader as mlflow
from loglens.registry import load as registry
from tests.reading import load

DATA = Path(__file__).parent / "data" / "offline"
SHARED = Path(__file__).parents[2].parent / "shared"


def found(root: Path) -> list[Run]:
    runs = load(discover.find([root], registry.readers()))
    assert all(isinstance(run, Run) for run in runs), runs
    return [run for run in runs if isinstance(run, Run)]


def by_name(runs: list[Run]) -> dict[str, Run]:
    return {run.params["run_name"]: run for run in runs}


def read(path: Path) -> list[Run]:
    return list(mlflow.read(Source(path, (path,), path.name)))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "mlflow.db"
    path.write_bytes(gzip.decompress((DATA / "mlflow.db.gz").read_bytes()))
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    shutil.copytree(DATA / "mlruns", tmp_path / "mlruns")
    return tmp_path / "mlruns"


@pytest.fixture(params=["store", "database"])
def either(request: pytest.FixtureRequest) -> Iterator[list[Run]]:
    path = request.getfixturevalue(request.param)
    yield found(path) if request.param == "store" else read(path)


def test_both_stores_hold_the_same(either: list[Run]) -> None:
    runs = by_name(either)
    assert set(runs) == {"good", "bad"}
    good = runs["good"].curves["train/loss"]
    want = [2.5 * math.exp(-step / 15) + 0.1 if step != 20 else math.nan for step in range(40)]
    assert np.array_equal(good.value, want, equal_nan=True)
    assert good.step.tolist() == list(range(40))
    assert good.time.tolist() == [1.7e9 + step for step in range(40)]
    assert runs["good"].curves["train/grad_norm"].value[20] == math.inf
    assert runs["good"].curves["val/loss"].step.tolist() == [9, 19, 29, 39]
    assert len(runs["bad"].curves["train/loss"]) == 25


def test_status_and_parameters(either: list[Run]) -> None:
    runs = by_name(either)
    assert runs["good"].params["lr"] == 0.001 and runs["good"].params["status"] == "FINISHED"
    assert [note.kind for note in runs["bad"].notes] == ["failed"] and not runs["good"].notes


def test_lines_of_other_lengths_and_truncated_ones(store: Path) -> None:
    (curve,) = (path for path in store.rglob("lr") if path.parent.name == "metrics" and "5dfe" in str(path))
    curve.write_bytes(b"1000 0.5\n2000 0.25 7 data digest\n3000 x 8\n\n4000 inf 9 m_1\n5000 0.1 1")
    run = by_name(found(store))["bad"]
    assert run.curves["lr"].value.tolist() == [0.5, 0.25, math.inf]
    assert run.curves["lr"].step.tolist() == [0, 7, 9]
    assert [note.kind for note in run.notes] == ["truncated", "corrupt", "failed"]


def test_deleted_runs_are_left_alone(store: Path, database: Path) -> None:
    experiment = next(path for path in store.iterdir() if path.name != "0")
    trash = store / ".trash"
    trash.mkdir(exist_ok=True)
    shutil.move(next(path for path in experiment.iterdir() if path.is_dir()), trash / "gone")
    assert len(found(store)) == 1
    connection = sqlite3.connect(database)
    connection.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'bad'")
    connection.commit()
    connection.close()
    assert set(by_name(read(database))) == {"good"}


def test_rows_that_are_still_in_the_journal(database: Path) -> None:
    writer = sqlite3.connect(database)
    writer.execute("PRAGMA journal_mode=WAL")
    run = writer.execute("SELECT run_uuid FROM runs WHERE name = 'good'").fetchone()[0]
    writer.execute("INSERT INTO metrics VALUES ('new', 1.5, 1000, ?, 3, 0)", (run,))
    writer.commit()
    before = {path: path.stat().st_mtime_ns for path in database.parent.iterdir()}
    assert by_name(read(database))["good"].curves["new"].value.tolist() == [1.5]
    assert {path: path.stat().st_mtime_ns for path in database.parent.iterdir()} == before
    writer.close()


@pytest.mark.parametrize(
    "statements",
    [
        "ALTER TABLE metrics RENAME TO hidden; CREATE VIEW metrics AS SELECT * FROM hidden",
        "DROP TABLE metrics; CREATE TABLE metrics (is_nan, latest_metrics, run_uuid)",
        "DELETE FROM metrics; DELETE FROM runs",
    ],
)
def test_a_foreign_schema_is_refused(database: Path, statements: str) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(statements)
    connection.close()
    with pytest.raises(UnreadableError, match=r"^mlflow\.db: "):
        read(database)


def test_a_damaged_page_costs_its_rows(database: Path) -> None:
    whole = sum(len(run.columns) for run in read(database))
    data = bytearray(database.read_bytes())
    at = data.rfind(b"train/grad_norm")  # a page of the table or of its index
    page = at // 1024 * 1024
    data[page : page + 1024] = b"\xff" * 1024
    database.write_bytes(data)
    try:
        runs = read(database)
    except UnreadableError as error:
        assert "damaged" in str(error)
    else:
        assert sum(len(run.columns) for run in runs) <= whole


@given(st.data())
def test_damage_raises_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(gzip.decompress((DATA / "mlflow.db.gz").read_bytes()))
    for at in data.draw(st.lists(st.integers(16, len(content) - 1), min_size=1, max_size=40)):
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("x") / "mlflow.db"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    mlflow.sniff(path)
    try:
        read(path)
    except UnreadableError as error:
        assert "\n" not in str(error)


@given(st.binary(max_size=300))
def test_any_metric_file_raises_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("x")
    (folder / "metrics").mkdir()
    (folder / "meta.yaml").write_text("run_id: abc\nstatus: 3\n")
    path = folder / "metrics" / "loss"
    path.write_bytes(data)
    assert mlflow.sniff(path) and mlflow.home(path, frozenset()) == folder
    try:
        list(mlflow.read(Source(folder, (path,), "x")))
    except UnreadableError as error:
        assert "\n" not in str(error)


def test_a_run_that_someone_else_made() -> None:
    root = SHARED / "real_logs" / "mlflow_deepcnn"
    if not root.is_dir():
        pytest.skip("the collection of real logs is not here")
    (run,) = found(root)
    assert len(run.columns) == 2 and set(run.tags) == {"loss", "accuracy"}
    assert [note.kind for note in run.notes] == ["unfinished"]


def run_folder(root: Path, stage: str = "active", name: str = "my-run", metric: str = "1000 1 0\n") -> Path:
    folder = root / "mlruns" / "0" / "abc123"
    (folder / "metrics").mkdir(parents=True)
    meta = f"experiment_id: '0'\nlifecycle_stage: {stage}\nrun_id: abc123\nrun_name: {name}\nstatus: 3\n"
    (folder / "meta.yaml").write_text(meta, encoding="utf-8")
    (folder / "metrics" / "m").write_text(metric)
    return root


def test_a_batch_that_was_written_out_of_order_loses_nothing(tmp_path: Path) -> None:
    (run,) = found(run_folder(tmp_path, metric="3000 3 2\n1000 1 0\n2000 2 1\n"))
    curve = run.curves["m"]
    assert list(zip(curve.step.tolist(), curve.value.tolist(), strict=True)) == [(0, 1.0), (1, 2.0), (2, 3.0)]


def test_a_resumed_run_goes_back_in_steps_not_in_time(tmp_path: Path) -> None:
    lines = [*((at, 1.0, at) for at in range(10)), *((100 + at, 2.0, at) for at in range(5, 12))]
    (run,) = found(run_folder(tmp_path, metric="".join(f"{t} {v} {s}\n" for t, v, s in lines)))
    assert run.rewinds["m"] == [(9, 5)] and len(run.curves["m"]) == 12


def test_a_deleted_run_is_left_out_and_said_so(tmp_path: Path, database: Path) -> None:
    folder = run_folder(tmp_path / "store", stage="deleted")
    (gone,) = load(discover.find([folder], registry.readers()))
    assert isinstance(gone, UnreadableError) and "deleted in MLflow" in str(gone)
    connection = sqlite3.connect(database)
    connection.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE name = 'bad'")
    connection.commit()
    connection.close()
    (run,) = read(database)
    assert "deleted" in [note.kind for note in run.notes]


@pytest.mark.parametrize(
    ("written", "name"),
    [("'实验: #1'", "实验: #1"), ('"a #2: \\u5b9e"', "a #2: 实"), ("'it''s'", "it's"), ("plain", "plain")],
)
def test_names_with_marks_of_yaml_are_kept(tmp_path: Path, written: str, name: str) -> None:
    (run,) = found(run_folder(tmp_path, name=written))
    assert run.params["run_name"] == name


def test_the_downloads_of_a_chart_are_joined_by_run_id(tmp_path: Path) -> None:
    """Charts of MLflow's page: two runs with one name, and one file a metric."""
    for metric in ("train_loss", "val_loss"):
        lines = [
            f'"{name}","{run}","{metric}","{step}","{1.7e12 + step:.0f}","{step + len(run)}.5"'
            for name, run in (("nice-fox", "aaaa1111bb"), ("nice-fox", "cccc2222"), ("sad-cow", "dddd"))
            for step in range(3)
        ]
        content = "\n".join(['"Run","Run ID","metric","step","timestamp","value"', *lines, ""])
        (tmp_path / f"{metric}.csv").write_text(content)
    runs = found(tmp_path)
    assert {run.name.rpartition("/")[2] for run in runs} == {"nice-fox-aaaa1111", "nice-fox-cccc2222", "sad-cow"}
    assert all(set(run.tags) == {"train_loss", "val_loss"} and not run.rewinds for run in runs)
    first = next(run for run in runs if run.params["run_id"] == "aaaa1111bb")
    assert first.curves["val_loss"].value.tolist() == [10.5, 11.5, 12.5]
    assert first.curves["val_loss"].time[1] == pytest.approx(1.7e9 + 0.001)


def test_a_measurement_that_a_download_repeats_counts_once(tmp_path: Path) -> None:
    rows = [f'"fox","aaaa","loss","{step}","{1.7e12 + step:.0f}","{2.5 - step}"' for step in (0, 0, 1, 2)]
    again = '"fox","aaaa","loss","2","1700000000009","7.5"'  # logged once more, at another time
    (tmp_path / "loss.csv").write_text(
        "\n".join(['"Run","Run ID","metric","step","timestamp","value"', *rows, again, ""])
    )
    (run,) = found(tmp_path)
    assert run.curves["loss"].value.tolist() == [2.5, 1.5, 0.5, 7.5]
    assert [note.message for note in run.notes if note.kind == "repeated"] == [
        "rows that are the same as an earlier one in all columns: 1, left out"
    ]


def test_nan_and_infinity_in_a_store_without_latest_metrics(tmp_path: Path) -> None:
    """As MLflow's own test has them: NaN is marked, infinity is the largest number."""
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as base:
        base.executescript(
            "CREATE TABLE metrics(key TEXT, value REAL, timestamp INT, run_uuid TEXT, step INT, is_nan BOOL);"
            "CREATE TABLE runs(run_uuid TEXT, name TEXT, experiment_id INT, status TEXT, lifecycle_stage TEXT);"
            "CREATE TABLE params(key TEXT, value TEXT, run_uuid TEXT);"
            "INSERT INTO runs VALUES('r1', 'sql-run', 0, 'FINISHED', 'active');"
        )
        largest = 1.7976931348623157e308
        points = [(2.0, 0), (1.0, 0), (0.0, 1), (largest, 0), (-largest, 0)]
        base.executemany(
            "INSERT INTO metrics VALUES('loss', ?, ?, 'r1', ?, ?)",
            [(v, n, n, bad) for n, (v, bad) in enumerate(points)],
        )
        base.commit()
    (run,) = found(tmp_path)
    assert np.array_equal(run.curves["loss"].value, [2, 1, np.nan, np.inf, -np.inf], equal_nan=True)
