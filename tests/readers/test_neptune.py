"""Runs that the exporter of Neptune wrote: one schema, built here as the exporter builds it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loglens.errors import UnreadableError
from loglens.readers import neptune
from loglens.run import Run, Source

pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pq: Any = pytest.importorskip("pyarrow.parquet")


def schema() -> Any:
    listed = pa.list_(pa.float64())
    return pa.schema(
        {
            "project_id": pa.string(),
            "run_id": pa.string(),
            "attribute_path": pa.string(),
            "attribute_type": pa.string(),
            "step": pa.decimal128(18, 6),
            "timestamp": pa.timestamp("ms", tz="UTC"),
            "int_value": pa.int64(),
            "float_value": pa.float64(),
            "string_value": pa.string(),
            "bool_value": pa.bool_(),
            "histogram_value": pa.struct({"type": pa.string(), "edges": listed, "values": listed}),
        }
    )


def row(path: str, kind: str, step: float | None = None, run: str = "RUN-1", **values: Any) -> dict[str, Any]:
    stamp = None if step is None else datetime.fromtimestamp(1000 + step, UTC)
    at = None if step is None else Decimal(str(step))
    return {"project_id": "p", "run_id": run, "attribute_path": path, "attribute_type": kind} | {
        "step": at,
        "timestamp": stamp,
        **values,
    }


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema()), path, compression="snappy")
    return path


def read(*paths: Path) -> list[Run]:
    assert all(map(neptune.sniff, paths))
    return list(neptune.read(Source(paths[0], paths, "x")))


def test_series_parameters_and_histograms(tmp_path: Path) -> None:
    histogram = {"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [3.0, 1.0]}
    rows = [
        row("parameters/lr", "float", float_value=0.5),
        row("parameters/epochs", "int", int_value=3),
        *(row("train/loss", "float_series", n, float_value=1 / (n + 1)) for n in range(4)),
        row("train/loss", "float_series", 4, float_value=float("nan")),
        *(row("half", "float_series", n / 2, float_value=n) for n in range(3)),
        row("grads", "histogram_series", 2, histogram_value=histogram),
        row("log", "string_series", 0, string_value="text"),
    ]
    (run,) = read(write(tmp_path / "RUN-1_part_0.parquet", rows))
    loss = run.curves["train/loss"]
    assert np.array_equal(loss.value, [1, 1 / 2, 1 / 3, 1 / 4, np.nan], equal_nan=True)
    assert loss.step.tolist() == [0, 1, 2, 3, 4] and loss.time.tolist() == [1000, 1001, 1002, 1003, 1004]
    assert run.curves["half"].axis == "arrival"
    assert run.params == {"run_id": "RUN-1", "parameters/lr": 0.5, "parameters/epochs": 3}
    assert [(each.tag, each.step, each.count) for each in run.summaries] == [("grads", 2, 4)]
    assert [note.kind for note in run.notes] == ["fractional"]


def test_parts_of_a_run_and_a_damaged_one(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"RUN-1_part_{n}.parquet", [row("loss", "float_series", n, float_value=n / 2)])
        for n in range(12)
    ]
    assert {neptune.home(path, frozenset(paths)) for path in paths} == {paths[0]}
    (run,) = read(*paths)
    assert run.curves["loss"].value.tolist() == [n / 2 for n in range(12)]
    paths[5].write_bytes(paths[5].read_bytes()[:200])
    (run,) = neptune.read(Source(paths[0], tuple(paths), "x"))
    assert len(run.columns) == 11 and [note.kind for note in run.notes] == ["unreadable"]
    with pytest.raises(UnreadableError, match="damaged Parquet"):
        list(neptune.read(Source(paths[5], (paths[5],), "x")))
