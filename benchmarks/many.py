"""Folders of many runs, to be judged side by side and again."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Real runs of other people, where there are any, and the samples.
SETS = (ROOT / "sample_logs", ROOT.parent / "shared" / "real_logs")
#: Bytes of a run that is called small.
SMALL = 1_500_000


def folder_of_runs(place: Path, count: int) -> Path:
    """`count` folders, each a copy of a small sample or real run."""
    runs = [run for each in SETS if each.is_dir() for run in sorted(each.iterdir()) if run.is_dir()]
    small = [run for run in runs if sum(f.stat().st_size for f in run.rglob("*") if f.is_file()) < SMALL]
    for number, run in zip(range(count), itertools.cycle(small)):
        shutil.copytree(run, place / f"{number:04d}_{run.name}")
    return place


def busy(at_once: int, times: int) -> int:
    """So many processes that only compute, so many of them side by side: what more cores are worth on this machine."""
    for _ in range(times // at_once):
        running = [subprocess.Popen([sys.executable, "-c", "sum(range(20_000_000))"]) for _ in range(at_once)]
        for each in running:
            each.wait()
    return times


def diagnose(folder: Path, jobs: int, memory: Path | None = None) -> int:
    """The whole command as a process, its lines thrown away. memory: the folder of its cache, if it may use one."""
    words = [sys.executable, "-m", "loglens", "diagnose", str(folder), "--format", "jsonl", "--jobs", str(jobs), "-q"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if memory is None:
        words.append("--no-cache")
    else:
        environment["LOGLENS_CACHE_DIR"] = str(memory)
    return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment).returncode
