"""Runs that the exporter of Neptune wrote, and such as have its schema and are built here."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers import neptune
from loglens.roles.from_tags import roles_of_tags
from tests.readers.tables import DATA, kinds, rows, same

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
    assert [(each.tag, each.step, each.count) for each in run.histogram_rows] == [("grads", 2, 4)]
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


# --- files of the exporter itself


EXPORTED = sorted((DATA / "neptune").glob("*.parquet"))


def exported(*paths: Path) -> dict[str, list[tuple[float, float, float]]]:
    """Step, value and Unix time of every point, as pyarrow alone reads them."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for path in paths:
        for each in pq.read_table(path).to_pylist():
            if each["attribute_type"] == "float_series":
                value = float("nan") if each["float_value"] is None else each["float_value"]
                point = float(each["step"]), value, each["timestamp"].timestamp()
                found.setdefault(each["attribute_path"], []).append(point)
    return found


def test_an_export_of_the_exporter_itself() -> None:
    assert [path.name[-14:] for path in EXPORTED] == ["part_0.parquet", "part_1.parquet"]
    (run,) = read(*EXPORTED)
    expected = exported(*EXPORTED)
    assert set(run.tags) == set(expected)
    for tag, points in expected.items():
        steps, values, times = zip(*points, strict=True)
        assert same([value for _, value in rows(run, tag)], list(values))
        assert run.columns.time[run.columns.tag == run.tags.index(tag)].tolist() == list(times)
        if tag.startswith("metrics/train/"):
            assert [step for step, _ in rows(run, tag)] == list(steps)
    # a NaN that was logged is a null with a time
    assert [step for step, value in rows(run, "metrics/train/loss") if value != value] == [110, 112, 114, 116, 118]
    assert (run.axes, kinds(run)) == ({"monitoring/0/cpu": "sample", "metrics/val/loss": "arrival"}, ["fractional"])
    assert run.params == {
        "run_id": "lucky-otter", "parameters/amp": False, "parameters/epochs": 4, "parameters/lr": 0.5,
        "sys/name": "otter",
    }  # fmt: skip
    assert [(each.tag, each.step, each.counts.tolist()) for each in run.histogram_rows] == [
        ("histograms/grad", 10, [10, 54]),
        ("histograms/grad", 20, [20, 44]),
    ]
    assigned = {tag: (role.name, role.split) for tag, role in roles_of_tags(run.tags).items()}
    assert assigned["metrics/train/loss"] == ("loss", "train") and assigned["metrics/val/loss"] == ("loss", "val")
    assert assigned["metrics/train/learning_rate"] == ("lr", None)


def test_a_damaged_part_of_an_export_is_lost_alone(tmp_path: Path) -> None:
    whole = exported(EXPORTED[0])
    first = tmp_path / EXPORTED[0].name
    first.write_bytes(EXPORTED[0].read_bytes())
    cut_off = tmp_path / EXPORTED[1].name
    data = EXPORTED[1].read_bytes()
    for cut in (8, len(data) // 2, len(data) - 1):
        cut_off.write_bytes(data[:cut])
        (run,) = neptune.read(Source(first, (first, cut_off), "x"))
        assert set(run.tags) == set(whole) and kinds(run) == ["unreadable"]
        assert same(
            [value for _, value in rows(run, "metrics/train/loss")], [p[1] for p in whole["metrics/train/loss"]]
        )
    assert cut_off.name in run.notes[0].file
