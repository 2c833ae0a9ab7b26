"""Files made to break a reader: little to read, much in them. Time and memory stay bounded, the others are read."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event

import loglens
from loglens.config.load import Config
from loglens.model.report import Report, Unread
from loglens.pipeline import session
from loglens.pipeline.session import open_paths
from tests.readers.tensorboard_writer import packed, scalar, write
from tests.slow.fuzz.check import bounds

GOOD = "step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(20))


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    """At most 300 MB on top and 20 s of processor time for each."""
    with bounds():
        yield


def judged(folder: Path, formats: Sequence[str] = ("text", "json", "markdown", "sarif", "junit", "github")) -> Report:
    """The report on a folder beside whose file a good run stands, once it could be written in all formats."""
    (folder / "good").mkdir()
    (folder / "good" / "log.csv").write_text(GOOD)
    report = loglens.diagnose(folder)
    assert "good/log.csv" in {run.run for run in report.runs}
    assert not [outcome for run in report.runs for outcome in run.outcomes if outcome.outcome == "crashed"]
    for name in formats:
        report.render(name)
    assert all(len(item.why.splitlines()) == 1 for item in report.unread)
    return report


def why(report: Report) -> str:
    (unread,) = report.unread
    return unread.why


def notes(report: Report) -> list[str]:
    return [f"{note.kind}: {note.message}" for run in report.runs for note in run.notes]


# Compressed


def test_gzip_of_gigabytes(tmp_path: Path) -> None:
    """2 GB of zeros in 2 MB behind a few events, of which so much is unpacked as events could be."""
    packer = zlib.compressobj(1, wbits=31)
    events = packer.compress(b"".join(packed(scalar("loss", 1 / (n + 1), n) for n in range(20))))
    events += packer.flush(zlib.Z_FULL_FLUSH)
    zeros = zlib.compressobj(1, wbits=-15)
    block = zeros.compress(bytes(1 << 24)) + zeros.flush(zlib.Z_FULL_FLUSH)
    (tmp_path / "events.out.tfevents.1.h.gz").write_bytes(events + block * 128)
    report = judged(tmp_path)
    assert any("unpacks to more than" in note and "bomb" in note for note in notes(report))


def test_zip_of_many_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number in range(60_000):
            archive.writestr(str(number), "")
    report = judged(tmp_path)
    assert len(report.runs) == 1


def test_zip_that_names_itself_a_session_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("task.json", bytes(1 << 28))
        archive.writestr("metrics.jsonl", bytes(1 << 28))
    assert "unpack" in why(judged(tmp_path))


def parquet(path: Path, columns: dict[str, Any], **options: Any) -> None:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    pq: Any = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(columns), path, **options)


def test_parquet_of_countless_rows(tmp_path: Path) -> None:
    zeros = np.zeros(20_000_000, np.int8)
    parquet(tmp_path / "0_1.parquet", {"_step": zeros, "loss": zeros}, compression="zstd")
    assert (tmp_path / "0_1.parquet").stat().st_size < 200_000
    assert "bomb" in why(judged(tmp_path))


def test_parquet_of_one_long_word_in_every_row(tmp_path: Path) -> None:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 5000), pa.array(["x" * (1 << 20)]))
    parquet(tmp_path / "0_1.parquet", {"_step": range(5000), "loss": [0.5] * 5000, "word": words})
    (run,) = (run for run in judged(tmp_path).runs if "parquet" in run.run)
    assert run.points == 5000


# Nested and long


def test_yaml_of_aliases(tmp_path: Path) -> None:
    names = "abcdefghi"
    lines = [
        'a: &a ["lol"]',
        *(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(names)),
    ]
    (tmp_path / "metrics.csv").write_text(GOOD)
    (tmp_path / "hparams.yaml").write_text(
        "\n".join([*lines, "lr: 0.1", "x: !!python/object/apply:os.system [id]", ""])
    )
    judged(tmp_path)
    (run,) = loglens.read(tmp_path / "metrics.csv")
    assert run.params == {"lr": 0.1}


@pytest.mark.parametrize(
    "deep", ["[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900]
)
@pytest.mark.parametrize(
    "name", ["trainer_state.json", "params.json", "log.jsonl", "metrics.json", "wandb-history.jsonl"]
)
def test_deep_json(tmp_path: Path, name: str, deep: str) -> None:
    (tmp_path / "progress.csv").write_text(GOOD)
    text = f'{{"log_history": {deep}}}' if name == "trainer_state.json" else f'{{"step": 1, "loss": 2, "x": {deep}}}\n'
    (tmp_path / name).write_text(text)
    report = judged(tmp_path)
    assert "progress.csv" in {file.rpartition("/")[2] for run in report.runs for file in run.files}


@pytest.mark.parametrize("deep", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])
def test_deep_json_in_an_event_file(tmp_path: Path, deep: str) -> None:
    text = Event(wall_time=2.0, step=0)
    text.summary.value.add(tag="args/text_summary").tensor.string_val.append(f'{{"lr": 0.1, "x": {deep}}}'.encode())
    text.summary.value[0].tensor.dtype = 7
    text.summary.value[0].metadata.plugin_data.plugin_name = "text"
    write(tmp_path / "events.out.tfevents.1.h", [text, *(scalar("loss", 1 / (n + 1), n) for n in range(20))])
    judged(tmp_path)
    (run,) = loglens.read(tmp_path / "events.out.tfevents.1.h")
    from loglens.renderers.terminal.inspection import document

    shown = document([(run, [])], [])["runs"][0]["params"]
    assert shown["lr"] == 0.1
    json.dumps(shown)


@pytest.mark.parametrize("digits", [20, 400, 5000, 1_000_000])
def test_huge_integers(tmp_path: Path, digits: int) -> None:
    huge = "9" * digits
    rows = [f'{{"step": {n}, "loss": {huge if n == 5 else 1}, "huge_step": {huge}}}\n' for n in range(20)]
    (tmp_path / "log.jsonl").write_text("".join(rows))
    (tmp_path / "log.csv").write_text(GOOD + f"{huge},1\n21,{huge}\n")
    (tmp_path / "train.log").write_text(
        "".join(f"step {n} loss 0.5\n" for n in range(20)) + f"step {huge} loss {huge}\n"
    )
    (tmp_path / "hparams.yaml").write_text(f"seed: {huge}\n")
    report = judged(tmp_path)
    assert len(report.runs) + len(report.unread) >= 4


@pytest.mark.parametrize(
    ("name", "start", "size"),
    [
        ("a.csv", b"step,loss\n1,2\n", 1 << 30),
        ("a.jsonl", b'{"step": 1, "loss": 2}\n', 1 << 30),
        ("a.log", b"step 1 loss 2\nstep 2 loss 1\nstep 3 loss 1\nstep 4 loss 1\n", 1 << 30),
        ("trainer_state.json", b'{"log_history": [', 1 << 30),
        ("events.out.tfevents.1.h", b"", 1 << 30),
        ("a.db", b"SQLite format 3\0", 1 << 30),
        ("a.parquet", b"PAR1", 1 << 30),
        ("a.wandb", b":W&B\xe1\xbe\0", 1 << 27),
        ("a.swanlab", b":SWL", 1 << 27),
    ],
)
def test_a_line_of_a_gigabyte_without_a_byte_on_the_disk(tmp_path: Path, name: str, start: bytes, size: int) -> None:
    with (tmp_path / name).open("wb") as file:
        file.write(start)
        file.truncate(size)
    judged(tmp_path)  # in a folder, what nobody knows is passed over
    try:
        report = loglens.diagnose(tmp_path / name)
    except loglens.UnreadableError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert report.unread or notes(report)


def test_more_keys_than_there_may_be_curves(tmp_path: Path) -> None:
    row = {"step": 1} | {f"loss_{n}": 0.5 for n in range(60_000)}
    (tmp_path / "log.jsonl").write_text(json.dumps(row) + "\n")
    report = judged(tmp_path, ("json",))
    assert max(run.points for run in report.runs) == 50_000
    assert any("60,000 curves, of which 50,000 are read" in note for note in notes(report))


def test_more_tags_than_there_may_be_curves(tmp_path: Path) -> None:
    event = Event(wall_time=1.0, step=1)
    for n in range(60_000):
        event.summary.value.add(tag=f"x/{n}", simple_value=0.5)
    write(tmp_path / "tb" / "events.out.tfevents.1.h", [event])
    report = judged(tmp_path, ("json",))
    assert max(run.points for run in report.runs) == 50_000
    assert any("60,000 curves, of which 50,000 are read" in note for note in notes(report))


# What once broke a bound: lists in Parquet, runs without number, blobs, points in gzip


def test_parquet_of_long_lists(tmp_path: Path) -> None:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    zeros = pa.array([[0.0] * 5_000] * 500, pa.list_(pa.float64()))
    parquet(tmp_path / "0_1.parquet", {"_step": range(500), "loss": [0.5] * 500, "l": zeros}, compression="zstd")
    del zeros
    report = judged(tmp_path)
    (run,) = (run for run in report.runs if "parquet" in run.run)
    assert run.points == 500
    assert any("column l (2,500,000 values" in note and "--limit points" in note for note in notes(report))


def test_parquet_of_honest_columns_is_read_whole(tmp_path: Path) -> None:
    draws = np.random.default_rng(0).normal(size=(20, 30_000))
    columns = {f"m{n}": row for n, row in enumerate(draws)} | {"a.b": draws[0], "lr": np.full(30_000, 0.1)}
    parquet(tmp_path / "0_1.parquet", {"_step": np.arange(30_000), **columns}, compression="zstd")
    (run,) = loglens.read(tmp_path / "0_1.parquet")
    assert len(run.columns) == 22 * 30_000 and not run.notes


def mlflow(path: Path, runs: int) -> sqlite3.Connection:
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE metrics(key TEXT, value REAL, timestamp INT, run_uuid TEXT, step INT, is_nan INT);"
        "CREATE TABLE runs(run_uuid TEXT, name TEXT, status TEXT, lifecycle_stage TEXT, experiment_id INT);"
        "CREATE TABLE params(key TEXT, value TEXT, run_uuid TEXT); CREATE TABLE latest_metrics(a);"
        "CREATE TABLE experiments(experiment_id INT, name TEXT);"
        "CREATE TABLE tags(key TEXT, value TEXT, run_uuid TEXT);"
    )
    base.executemany("INSERT INTO metrics VALUES ('loss', 0.5, 1, ?, 1, 0)", [(f"r{n}",) for n in range(runs)])
    base.executemany("INSERT INTO runs VALUES (?, 'n', 'FINISHED', 'active', 1)", [(f"r{n}",) for n in range(runs)])
    base.commit()
    return base


@pytest.mark.parametrize("limits", [{"runs": 500}, {}])
def test_a_database_of_countless_runs(tmp_path: Path, limits: dict[str, int]) -> None:
    mlflow(tmp_path / "mlflow.db", 30_000).close()
    most = limits.get("runs", 501 + (tmp_path / "mlflow.db").stat().st_size // 500)
    assert most < 10_000
    reading = open_paths([tmp_path], Config(limits=limits))
    assert sum(1 for _ in reading) == most
    (reason,) = reading.unread
    assert f"more than {most:,} runs" in str(reason) and "--limit runs" in str(reason)


def test_a_database_of_long_blobs(tmp_path: Path) -> None:
    base = mlflow(tmp_path / "mlflow.db", 1)
    base.executemany("INSERT INTO params VALUES (?, zeroblob(20000000), 'r0')", [(f"k{n}",) for n in range(4)])
    base.commit()
    base.close()
    report = judged(tmp_path)
    assert any("read up to 1 MB each" in note for note in notes(report))


def test_gzip_of_countless_points(tmp_path: Path) -> None:
    block = packed([scalar("loss", 0.5, 1)])[1] * 100_000
    with gzip.open(tmp_path / "events.out.tfevents.1.h.gz", "wb", 6) as file:
        for _ in range(14):
            file.write(block)
    report = judged(tmp_path, ("json",))
    assert 500_000 < max(run.points for run in report.runs) < 700_000
    assert any("--limit points" in note for note in notes(report))


@pytest.mark.parametrize("row", [b"\n", b",,\n"])
def test_millions_of_empty_rows(tmp_path: Path, row: bytes) -> None:
    (tmp_path / "log.csv").write_bytes(b"step,loss,a\n1,2,3\n2,3,4\n" + row * (9_000_000 // len(row)))
    judged(tmp_path, ("json",))


def test_a_row_of_empty_lists(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "x": [' + "[]," * 2_000_000 + "[]]}\n")
    judged(tmp_path, ("json",))


@pytest.mark.parametrize("name", ["trainer_state.json", "log.jsonl"])
def test_more_objects_than_fit_into_memory(tmp_path: Path, name: str) -> None:
    """45 MB of empty lists take 1.3 GB once they are read."""
    rows = b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n' if name == "log.jsonl" else b""
    (tmp_path / name).write_bytes(rows + b'{"log_history": [' + b"[]," * 15_000_000 + b"[]]}\n")
    report = judged(tmp_path, ("json",))
    said = notes(report) if name == "log.jsonl" else [item.why for item in report.unread]
    assert any("line" in each if name == "log.jsonl" else "memory" in each for each in said)


def test_a_source_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr("loglens.pipeline.diagnose_units.judge", endless)
    (tmp_path / "log.csv").write_text(GOOD)
    judged_runs, stopped = session.diagnose([tmp_path], Config(limits={"seconds": 1}))
    (unread,) = judged_runs
    assert stopped is None and isinstance(unread, Unread)
    assert unread.why == "not finished in 1 seconds of processor time; --limit seconds=N raises the limit"
