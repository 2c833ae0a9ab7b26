"""Parquet files are read in a process that may die of them: the file is refused by name, and nothing else is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loglens.errors import UnreadableError
from loglens.model.budget import Budget
from loglens.readers.files import parquet_file, parquet_process, parquet_worker
from loglens.readers.files.parquet_extents import within_budget

pa: Any = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pq: Any = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Each test begins and ends without a process."""
    parquet_process._end_all()
    yield
    parquet_process._end_all()


def history(path: Path, rows: int = 30) -> Path:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"_step": range(rows), "loss": [1 / (n + 1) for n in range(rows)]}), path)
    return path


def only() -> Any:
    (worker,) = parquet_process._alive
    return worker


def test_a_process_that_dies_while_it_reads_costs_that_file_alone(tmp_path: Path) -> None:
    long, good = history(tmp_path / "long.parquet", 200_000), history(tmp_path / "good.parquet")
    with pytest.raises(UnreadableError, match=r"^long.parquet: pyarrow ended its process") as caught:
        for _ in parquet_file.batches(long):
            only()._process.kill()
    assert len(str(caught.value).splitlines()) == 1 and not parquet_process._alive
    assert len(list(parquet_file.rows(good))) == 30


def test_a_file_that_makes_pyarrow_end_the_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a footer of 20 columns whose statistics are damaged."""
    bad, good = history(tmp_path / "bad.parquet"), history(tmp_path / "good.parquet")
    script = parquet_process._SCRIPT.read_text("utf-8").replace(
        '    path, columns = request["path"], request["columns"]\n',
        '    path, columns = request["path"], request["columns"]\n    if "bad" in path: os.abort()\n',
    )
    assert "os.abort" in script
    (tmp_path / "worker.py").write_text(script)
    monkeypatch.setattr(parquet_process, "_SCRIPT", tmp_path / "worker.py")
    assert len(list(parquet_file.rows(good))) == 30
    with pytest.raises(UnreadableError, match="pyarrow ended its process"):
        list(parquet_file.rows(bad))
    assert len(list(parquet_file.rows(good))) == 30 and not list(tmp_path.glob("core*"))


def test_a_process_that_is_silent_ends_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = parquet_process._SCRIPT.read_text("utf-8")
    script = script.replace("PATIENCE = 60", "PATIENCE = 0.3").replace(
        "        try:\n", "        time.sleep(60)\n        try:\n"
    )
    (tmp_path / "worker.py").write_text(script)
    monkeypatch.setattr(parquet_process, "_SCRIPT", tmp_path / "worker.py")
    with pytest.raises(UnreadableError, match=f"took over {parquet_worker.PATIENCE} s"):
        list(parquet_file.rows(history(tmp_path / "a.parquet")))


def test_one_process_reads_many_files_and_a_killed_one_is_replaced(tmp_path: Path) -> None:
    path = history(tmp_path / "a.parquet")
    list(parquet_file.rows(path))
    first = only()
    list(parquet_file.rows(path))
    assert only() is first
    first._process.kill()
    assert len(list(parquet_file.rows(path))) == 30 and only() is not first and first._process.returncode


def test_an_iteration_that_is_given_up_ends_its_process(tmp_path: Path) -> None:
    rows = parquet_file.rows(history(tmp_path / "a.parquet", 100_000))
    next(rows)
    process = only()._process
    rows.close()  # type: ignore[attr-defined]
    assert process.returncode is not None and not parquet_process._alive


def test_two_files_at_a_time(tmp_path: Path) -> None:
    paths = [history(tmp_path / f"{n}.parquet", 40_000) for n in range(2)]
    pairs = list(zip(*map(parquet_file.rows, paths), strict=True))
    assert len(pairs) == 40_000 and all(one == other for one, other in pairs)


def test_threads_each_have_a_process(tmp_path: Path) -> None:
    path, counts = history(tmp_path / "a.parquet", 5_000), list[int]()
    threads = [threading.Thread(target=lambda: counts.append(len(list(parquet_file.rows(path))))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [5_000] * 2


FORKED = """
import os, sys
from pathlib import Path
from loglens.readers.files import parquet_file, parquet_process
path = Path(sys.argv[1])
rows = parquet_file.rows(path)
next(rows)
child = os.fork()
count = len(list(parquet_file.rows(path)))
if child == 0:
    os._exit(count != 30_000)
assert os.waitpid(child, 0)[1] == 0
print(count, 1 + len(list(rows)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_has_its_own(tmp_path: Path) -> None:
    path = history(tmp_path / "a.parquet", 30_000)
    done = subprocess.run([sys.executable, "-c", FORKED, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["30000", "30000"], done.stderr


ENDED = """
import os, sys
from pathlib import Path
from loglens.readers.files import parquet_file, parquet_process
list(parquet_file.rows(Path(sys.argv[1])))
print([worker._process.pid for worker in parquet_process._alive][0], flush=True)
os._exit(1)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are not listed here")
def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    path = history(tmp_path / "a.parquet")
    done = subprocess.run([sys.executable, "-c", ENDED, str(path)], cwd=ROOT, capture_output=True, text=True)
    stat = Path("/proc") / done.stdout.strip() / "stat"
    for _ in range(100):
        if not stat.exists() or stat.read_text().split()[2] == "Z":
            return
        threading.Event().wait(0.05)
    raise AssertionError("the process outlives its parent")


def test_modules_of_the_working_folder_are_not_run(tmp_path: Path) -> None:
    history(tmp_path / "0_1.parquet")
    for name in ("pyarrow", "numpy", "json", "faulthandler"):
        (tmp_path / f"{name}.py").write_text("import pathlib; pathlib.Path('owned').touch()\n")
    words = [sys.executable, "-m", "loglens", "diagnose", "0_1.parquet", "--no-cache", "--fail-on", "never"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "0_1.parquet" in done.stdout, done.stderr
    assert not (tmp_path / "owned").exists()


def test_cells_come_as_they_were_written(tmp_path: Path) -> None:
    nan, big = float("nan"), 2**64 - 1
    columns = {
        "f": [1.5, None, nan, float("-inf")],
        "f32": pa.array([0.1, 0.2, None, 0.3], pa.float32()),
        "i": [1, None, -(2**63), 2**63 - 1],
        "u": pa.array([0, None, big, 1], pa.uint64()),
        "b": [True, None, False, True],
        "s": ["a", None, "b\n\u20ac", "a"],
        "l": [[1.0, nan], None, [], [None]],
        "d": [{"x": 1}, None, {"x": None}, {"x": 3}],
        "t": pa.array([0, None, 1_000, 86_400_000], pa.timestamp("ms")),
        "none": pa.nulls(4),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    told = list(parquet_file.rows(tmp_path / "a.parquet"))
    for name, cells in columns.items():
        wanted = cells if isinstance(cells, list) else cells.to_pylist()
        if name == "t":
            assert [cell and cell.timestamp() for cell in (row["t"] for row in told)] == [0, None, 1, 86_400]
        else:
            assert repr([row[name] for row in told]) == repr(wanted), name


def test_a_list_column_is_measured_and_a_plain_one_taken(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"step": [0, 1, 2], "bins": [[1.0, 2.0], [], [3.0]]}), file)
    with pq.ParquetFile(file) as opened:
        found = parquet_worker.footer(opened, None, 1 << 30)
        assert found["extents"]["step"][0] == 3 and found["extents"]["bins"][0] in (3, 4)
        assert within_budget(found) == ["step", "bins"]
        plain = parquet_worker.footer(opened, ["step"], 1 << 30)
    assert (plain["names"], plain["extents"]) == (["step"], {})


def test_the_processor_time_of_the_process_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = parquet_process._SCRIPT.read_text("utf-8").replace("time.process_time()", "time.process_time() + 9")
    (tmp_path / "worker.py").write_text(script)
    monkeypatch.setattr(parquet_process, "_SCRIPT", tmp_path / "worker.py")
    path = history(tmp_path / "a.parquet")
    with Budget({"seconds": 5}).spending(), pytest.raises(UnreadableError, match="--limit seconds=N"):
        list(parquet_file.rows(path))
