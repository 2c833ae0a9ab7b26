"""What SECURITY.md promises of every format: 100 KB take at most 2 s and 300 MB, 10 MB at most 20 s and 600 MB."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

import loglens
from benchmarks.size_logs import READERS, TAGS
from loglens.model.report import Report
from tests.slow.fuzz.check import bounds
from tests.slow.test_bombs import mlflow as database

#: Rows of five curves: 0.3 to 2 MB.
ROWS = 8_000


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of memory there")
@pytest.mark.parametrize("name", READERS)
def test_an_honest_log_takes_its_share(name: str, tmp_path: Path) -> None:
    """Time between the two promises, by size; memory as for the smaller."""
    report = within_promise(READERS[name](tmp_path, ROWS))
    assert sum(run.points for run in report.runs) >= ROWS * len(TAGS)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of memory there")
def test_so_does_a_database_of_runs_of_one_point(tmp_path: Path) -> None:
    database(tmp_path / "mlflow.db", 1_000).close()
    report = within_promise(tmp_path / "mlflow.db")
    assert len(report.runs) > 500 and "--limit runs" in report.unread[0].why


def within_promise(path: Path) -> Report:
    """The report on a log, made in the time between the two promises that fits its size."""
    most = 2 + 18 * max(0.0, path.stat().st_size - 1e5) / 9.9e6
    with bounds():
        before = time.process_time()
        report = loglens.diagnose(path)
        spent = time.process_time() - before
    assert spent < most, f"{spent:.1f} s for {path.stat().st_size / 1e6:.1f} MB"
    return report
