"""The whole program on real logs of other people: every point is read or its absence explained, and no rule crashes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import loglens
from loglens.analysis.judge import judge
from loglens.errors import LoglensError
from loglens.model.run import Run
from loglens.registry.load import detectors

REAL = Path(__file__).parents[1].parent / "shared" / "real_logs"
FOLDERS = sorted(path for path in REAL.glob("*") if path.is_dir())
POINTS = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "real_points.py"))


def runs(folder: Path) -> list[Run]:
    try:
        return loglens.read(folder)
    except LoglensError:
        return []


@pytest.mark.skipif(not FOLDERS, reason="the folder of real logs is not here")
def test_every_point_is_read_and_no_rule_crashes() -> None:
    counted, explained = POINTS["counted"](REAL), POINTS["explained"]()
    assert sorted(counted) == [folder.name for folder in FOLDERS]
    for folder in FOLDERS:
        found = runs(folder)
        expected, _ = explained.get(folder.name, (counted[folder.name], ""))
        assert sum(len(run.columns) for run in found) == expected, folder.name
        for run in found:
            crashed = [outcome for outcome in judge(run, detectors()).outcomes if outcome.outcome == "crashed"]
            assert not crashed, folder.name
