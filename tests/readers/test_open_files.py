"""However many files a source has, few of them are open at a time: there is no limit of open files to raise."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import pytest

import loglens
from tests.readers.tensorboard_writer import scalar, write

#: Files that may be opened beyond those that are open before: a log, a packed one's copy, or the pipes of a process.
ROOM = 8


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are not counted here")
def test_a_source_of_many_files_opens_few_at_a_time(tmp_path: Path) -> None:
    import resource

    for n in range(30):
        part = [scalar("loss", 1 / (step + 1), step) for step in range(9 * n, 9 * n + 9)]
        path = write(tmp_path / f"events.out.tfevents.{n}.h", part)
        if n % 2:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        folder = tmp_path / f"run{n}"
        folder.mkdir()
        (folder / "log.csv").write_text("step,loss\n" + "".join(f"{step},{1 / (step + 1)}\n" for step in range(9)))
        if find_spec("pyarrow"):
            _history(tmp_path / "history", 9 * n)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + ROOM, limits[1]))
    try:
        runs = list(loglens.read(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert not [note for run in runs for note in run.notes if note.kind in ("unreadable", "left-out")]
    assert sorted(len(run.columns) for run in runs) == [9] * 30 + [270] * (2 if find_spec("pyarrow") else 1)


def _history(folder: Path, first: int) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    folder.mkdir(exist_ok=True)
    rows = {"_step": range(first, first + 9), "loss": [0.5] * 9}
    pq.write_table(pa.table(rows), folder / f"{first}_{first + 9}.parquet")
