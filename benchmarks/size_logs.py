"""Logs of any size in every format that is read, of five curves: for the sweep of sizes."""

from __future__ import annotations

import json
import sqlite3
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.read_events import event, simple
from tests.readers import wandb_writer

#: Of the exporter of Neptune, whose schema is used.
EXPORTED = Path(__file__).parents[1] / "tests" / "readers" / "data" / "neptune"
TAGS = ("loss", "val_loss", "accuracy", "grad_norm", "lr")


def rows(count: int) -> Iterator[dict[str, float]]:
    draw = np.random.default_rng(0).normal(size=count).tolist()
    for step in range(count):
        level = 1 / (step + 1) ** 0.3 + 0.01 * draw[step]
        yield dict(zip(TAGS, (level, level + 0.1, 1 - level / 3, 1 + level, 1e-3), strict=True)) | {"step": step}


def csv(path: Path, count: int) -> Path:
    lines = (f"{row['step']}," + ",".join(f"{row[tag]:.6g}" for tag in TAGS) for row in rows(count))
    return written(path / "log.csv", "step," + ",".join(TAGS) + "\n" + "\n".join(lines) + "\n")


def jsonl(path: Path, count: int) -> Path:
    return written(path / "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows(count)))


def text(path: Path, count: int) -> Path:
    lines = (f"step {row['step']:.0f} " + " ".join(f"{tag}: {row[tag]:.6f}" for tag in TAGS) for row in rows(count))
    return written(path / "train.log", "\n".join(lines) + "\n")


def trainer_state(path: Path, count: int) -> Path:
    known = {"grad_norm": 1.0, "learning_rate": 0.1}
    history = [
        {"step": row["step"], "epoch": row["step"] / 100, "loss": row["loss"]} | known for row in rows(count * 5 // 4)
    ]
    return written(path / "trainer_state.json", json.dumps({"log_history": history, "global_step": count}))


def events(path: Path, count: int) -> Path:
    file = path / "events.out.tfevents.1.host"
    with file.open("wb") as out:
        for row in rows(count):
            out.write(event(1e9 + row["step"], int(row["step"]), b"".join(simple(tag, row[tag]) for tag in TAGS)))
    return file


def mlflow(path: Path, count: int) -> Path:
    with closing(sqlite3.connect(path / "mlflow.db")) as base:
        base.executescript(
            "CREATE TABLE metrics(key TEXT, value REAL, timestamp INT, run_uuid TEXT, step INT, is_nan INT);"
            "CREATE TABLE runs(run_uuid TEXT, name TEXT, status TEXT, lifecycle_stage TEXT, experiment_id INT);"
            "CREATE TABLE params(key TEXT, value TEXT, run_uuid TEXT); CREATE TABLE latest_metrics(a);"
            "INSERT INTO runs VALUES('r', 'r', 'FINISHED', 'active', 1);"
        )
        points = (
            (tag, row[tag], int(1000 * row["step"]), "r", int(row["step"]), 0) for row in rows(count) for tag in TAGS
        )
        base.executemany("INSERT INTO metrics VALUES(?, ?, ?, ?, ?, ?)", points)
        base.commit()
    return path / "mlflow.db"


def trackio(path: Path, count: int) -> Path:
    with closing(sqlite3.connect(path / "p.db")) as base:
        base.execute(
            "CREATE TABLE metrics(id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INT, metrics TEXT)"
        )
        base.execute("CREATE TABLE configs(id INTEGER PRIMARY KEY, run_name TEXT, config TEXT, created_at TEXT)")
        values = (("2025-01-01T00:00:00", "a", int(row.pop("step")), json.dumps(row)) for row in rows(count))
        base.executemany("INSERT INTO metrics(timestamp, run_name, step, metrics) VALUES(?, ?, ?, ?)", values)
        base.commit()
    return path / "p.db"


def parquet(path: Path, count: int) -> Path:
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    columns = {tag: [] for tag in (*TAGS, "step")}  # type: dict[str, list[float]]
    for row in rows(count):
        for tag, value in row.items():
            columns[tag].append(value)
    pq.write_table(pa.table(columns | {"_step": columns.pop("step")}), path / f"0_{count}.parquet")
    return path / f"0_{count}.parquet"


def wandb_download(path: Path, count: int) -> Path:
    lines = (
        json.dumps({"_step": int(row.pop("step")), "_runtime": n, "_timestamp": 1.7e9 + n} | row) + "\n"
        for n, row in enumerate(rows(count))
    )
    return written(path / "history.jsonl", "".join(lines))


def wandb_log(path: Path, count: int) -> Path:
    lines = ({"_step": int(row.pop("step")), "_timestamp": 1.7e9} | row for row in rows(count))
    records = (
        wandb_writer.record(n + 3, wandb_writer.HISTORY, wandb_writer.history(row, n)) for n, row in enumerate(lines)
    )
    (path / "run-x.wandb").write_bytes(wandb_writer.blocks(records))
    return path / "run-x.wandb"


def clearml(path: Path, count: int) -> Path:
    said = {"type": "training_stats_scalar", "metric": "train", "task": "a"}
    points = ((int(row["step"]), tag, row[tag]) for row in rows(count) for tag in TAGS)
    lines = (
        json.dumps([said | {"variant": tag, "iter": step, "value": value, "timestamp": 1_700_000_000_000 + step}])
        + "\n"
        for step, tag, value in points
    )
    return written(path / "metrics.jsonl", "".join(lines))


def wandb_csv(path: Path, count: int) -> Path:
    lines = (
        f"{n},{n},{n},{1.7e9 + n}," + ",".join(f"{row[tag]:.6g}" for tag in TAGS) for n, row in enumerate(rows(count))
    )
    return written(
        path / "history.csv", ",_step,_runtime,_timestamp," + ",".join(TAGS) + "\n" + "\n".join(lines) + "\n"
    )


def wandb_charts(path: Path, count: int) -> Path:
    values = list(rows(count))
    for tag in TAGS:
        head = f'"Step","a - {tag}","a - {tag}__MIN","a - {tag}__MAX"\n'
        lines = (f'"{n}","{row[tag]:.6g}","{row[tag]:.6g}","{row[tag]:.6g}"\n' for n, row in enumerate(values))
        written(path / f"wandb_export_{tag}.csv", head + "".join(lines))
    return path


def swanlab(path: Path, count: int) -> Path:
    field = wandb_writer.field

    def record(tag: str, step: int, value: float) -> bytes:
        number, stamp = b"\x09" + struct.pack("<d", value), field(1, 1000 + step) + field(2, 500_000_000)
        parts = field(1, tag) + (field(2, step) if step else b"") + field(3, 1) + field(4, stamp) + field(5, number)
        return field(1, step + 1) + field(13, parts)

    records = (record(tag, n, row[tag]) for n, row in enumerate(rows(count)) for tag in TAGS)
    (path / "run-x.swanlab").write_bytes(wandb_writer.blocks(records, b":SWL" + struct.pack("<HB", 0xE1D6, 2)))
    return path / "run-x.swanlab"


def neptune(path: Path, count: int) -> Path:
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    step = pa.array(np.arange(count)).cast(pa.decimal128(25, 6))
    values = {tag: np.array([row[tag] for row in rows(count)]) for tag in TAGS}
    with pq.ParquetWriter(path / "RUN-1.parquet", pq.read_schema(next(EXPORTED.glob("*.parquet")))) as writer:
        for tag in TAGS:
            said = {"project_id": "p", "run_id": "RUN-1", "attribute_path": tag, "attribute_type": "float_series"}
            columns = {name: pa.array([word] * count) for name, word in said.items()} | {"step": step}
            columns |= {"float_value": pa.array(values[tag]), "timestamp": pa.array(np.arange(count) * 1000)}
            columns = {
                each.name: columns[each.name].cast(each.type) if each.name in columns else pa.nulls(count, each.type)
                for each in writer.schema
            }
            writer.write_table(pa.table(columns, schema=writer.schema))
    return path / "RUN-1.parquet"


READERS: dict[str, Callable[[Path, int], Path]] = {
    "event file": events,
    "CSV": csv,
    "JSON lines": jsonl,
    "text log": text,
    "trainer_state.json": trainer_state,
    "MLflow database": mlflow,
    "Trackio database": trackio,
    "W&B history, JSON lines": wandb_download,
    "W&B history, CSV": wandb_csv,
    "W&B charts, CSV": wandb_charts,
    "W&B transaction log": wandb_log,
    "ClearML, offline": clearml,
    "SwanLab": swanlab,
    **({"W&B history in Parquet": parquet, "Neptune": neptune} if find_spec("pyarrow") else {}),
}


def written(path: Path, content: str) -> Path:
    path.write_text(content, "utf-8")
    return path
