"""The whole program on real logs of other people: every run is read and judged, and no rule crashes on any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import loglens

REAL = Path(__file__).parents[1].parent / "shared" / "real_logs"
FOLDERS = sorted(path for path in REAL.glob("*") if path.is_dir())


@pytest.mark.skipif(not FOLDERS, reason="the folder of real logs is not here")
def test_no_rule_crashes_on_real_logs() -> None:
    crashed = [
        (folder.name, outcome.condition, outcome.why)
        for folder in FOLDERS
        for run in loglens.diagnose(folder).runs
        for outcome in run.outcomes
        if outcome.outcome == "crashed"
    ]
    assert not crashed


@pytest.mark.skipif(not FOLDERS, reason="the folder of real logs is not here")
def test_every_difference_from_the_manifest_is_explained() -> None:
    script = Path(__file__).parents[1] / "benchmarks" / "real_points.py"
    done = subprocess.run([sys.executable, script, REAL], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert f"{len(FOLDERS)} runs" in done.stdout
