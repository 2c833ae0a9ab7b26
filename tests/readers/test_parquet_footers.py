"""Footers of Parquet files that make pyarrow end its process are refused by name, and nothing else is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loglens.readers.files import parquet_extents


def test_work_that_ends_its_process_is_an_error_here() -> None:
    with pytest.raises(ValueError, match="footer"):
        parquet_extents._survived(os.abort)  # as pyarrow does on some damaged footers


def test_work_that_ends_well_gives_its_result() -> None:
    assert parquet_extents._survived(lambda: {"loss": (1, 2, 3)}) == {"loss": (1, 2, 3)}


def test_a_list_column_is_measured_and_a_plain_one_taken(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"step": [0, 1, 2], "bins": [[1.0, 2.0], [], [3.0]]}), file)
    with pq.ParquetFile(file) as opened:
        found = parquet_extents._extents(opened.metadata, ["step", "bins"])
        assert found["step"][0] == 3 and found["bins"][0] in (3, 4)
        names = parquet_extents.within_budget(opened.metadata, opened.schema_arrow, ["step", "bins"])
    assert names == ["step", "bins"]
