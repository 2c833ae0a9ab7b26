"""Histories of W&B as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loglens.errors import UnreadableError
from loglens.model.source import Source
from loglens.readers.wandb import parquet_history as wandb_parquet

pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pq: Any = pytest.importorskip("pyarrow.parquet")


def part(folder: Path, first: int, last: int) -> Path:
    rows = [
        {"_step": n, "_timestamp": 1000.5 + n, "_runtime": float(n), "loss": n / 2 if n % 2 else None, "m": {"x": n}}
        for n in range(first, last)
    ]
    path = folder / f"{first}_{last}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_parts_are_one_run_in_the_order_of_their_steps(tmp_path: Path) -> None:
    paths = [part(tmp_path, 10, 20), part(tmp_path, 0, 10), part(tmp_path, 100, 110)]
    assert all(map(wandb_parquet.sniff, paths))
    assert {wandb_parquet.home(path, frozenset(paths)) for path in paths} == {tmp_path}
    (run,) = wandb_parquet.read(Source(tmp_path, tuple(paths), "x"))
    assert run.curves["m.x"].step.tolist() == [*range(20), *range(100, 110)] and not run.rewinds
    assert run.curves["loss"].step.tolist() == [n for n in [*range(20), *range(100, 110)] if n % 2]
    assert np.array_equal(run.curves["loss"].time, run.curves["loss"].step + 1000.5)
    assert "_step" not in run.tags and "_timestamp" not in run.tags


def test_a_damaged_part_is_a_note(tmp_path: Path) -> None:
    paths = [part(tmp_path, 0, 10), part(tmp_path, 10, 20)]
    paths[1].write_bytes(paths[1].read_bytes()[:100])
    (run,) = wandb_parquet.read(Source(tmp_path, tuple(paths), "x"))
    assert len(run.curves["m.x"]) == 10 and [note.kind for note in run.notes] == ["unreadable"]
    with pytest.raises(UnreadableError, match="damaged Parquet"):
        list(wandb_parquet.read(Source(paths[1], (paths[1],), "x")))
