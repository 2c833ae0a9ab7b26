"""Time and memory of readers and rules over sizes from 10^3 to 10^7 points: no faster than n log n.

    python benchmarks/sizes.py [--most 1000000] [-o docs/speed.md]

A slope is that of log time over log points in the last tenfold; n log n has 1.08 there. Seconds are of processor time,
of the process in which Parquet is read as well.
"""

from __future__ import annotations

import argparse
import json
import math
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.read_events import event, simple
from loglens.analysis.judge import apply_rules, curves_of
from loglens.model.columns import Columns
from loglens.model.contract import CurveIndex
from loglens.model.run import Run
from loglens.registry import load as registry
from loglens.roles.assign import assign_roles
from tests.readers import wandb_writer

#: Reads a log in a process of its own, once its modules are loaded by a small one: points, seconds, peak memory in kB.
CHILD = """
import resource, sys, loglens
def spent(): return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
def read(path):
    runs = loglens.read(path)
    from loglens.readers.files import parquet_process
    parquet_process._end_all()
    return sum(len(run.columns) for run in (runs if isinstance(runs, list) else [runs]))
read(sys.argv[2])
before = spent()
print(read(sys.argv[1]), spent() - before)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
TAGS = ("loss", "val_loss", "accuracy", "grad_norm", "lr")
#: The last row of the table and the rows of single rules below it; how the part of the page begins.
RULES, DEAREST, HEADING = "all rules, 20 curves", 5, "## Over sizes"
#: Curves of the run on which rules are timed: each has the roles that it looks at.
ROLES = (
    "train/loss val/loss train/accuracy val/accuracy train/grad_norm lr weight_norm update_ratio step_time data_time "
    "gpu_memory loss_scale reward kl entropy value_loss clip_fraction explained_variance activation/dead perplexity"
).split()


def rows(count: int) -> Iterator[dict[str, float]]:
    draw = np.random.default_rng(0).normal(size=count).tolist()
    for step in range(count):
        level = 1 / (step + 1) ** 0.3 + 0.01 * draw[step]
        yield dict(zip(TAGS, (level, level + 0.1, 1 - level / 3, 1 + level, 1e-3), strict=True)) | {"step": step}


def csv(path: Path, count: int) -> Path:
    lines = (f"{row['step']}," + ",".join(f"{row[tag]:.6g}" for tag in TAGS) for row in rows(count))
    return written(path / "log.csv", "step," + ",".join(TAGS) + "\n" + "\n".join(lines) + "\n")


def jsonl(path: Path, count: int) -> Path:
    return written(path / "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows(count)))


def text(path: Path, count: int) -> Path:
    lines = (f"step {row['step']:.0f} " + " ".join(f"{tag}: {row[tag]:.6f}" for tag in TAGS) for row in rows(count))
    return written(path / "train.log", "\n".join(lines) + "\n")


def trainer_state(path: Path, count: int) -> Path:
    known = {"grad_norm": 1.0, "learning_rate": 0.1}
    history = [
        {"step": row["step"], "epoch": row["step"] / 100, "loss": row["loss"]} | known for row in rows(count * 5 // 4)
    ]
    return written(path / "trainer_state.json", json.dumps({"log_history": history, "global_step": count}))


def events(path: Path, count: int) -> Path:
    file = path / "events.out.tfevents.1.host"
    with file.open("wb") as out:
        for row in rows(count):
            out.write(event(1e9 + row["step"], int(row["step"]), b"".join(simple(tag, row[tag]) for tag in TAGS)))
    return file


def mlflow(path: Path, count: int) -> Path:
    with closing(sqlite3.connect(path / "mlflow.db")) as base:
        base.executescript(
            "CREATE TABLE metrics(key TEXT, value REAL, timestamp INT, run_uuid TEXT, step INT, is_nan INT);"
            "CREATE TABLE runs(run_uuid TEXT, name TEXT, status TEXT, lifecycle_stage TEXT, experiment_id INT);"
            "CREATE TABLE params(key TEXT, value TEXT, run_uuid TEXT); CREATE TABLE latest_metrics(a);"
            "INSERT INTO runs VALUES('r', 'r', 'FINISHED', 'active', 1);"
        )
        points = (
            (tag, row[tag], int(1000 * row["step"]), "r", int(row["step"]), 0) for row in rows(count) for tag in TAGS
        )
        base.executemany("INSERT INTO metrics VALUES(?, ?, ?, ?, ?, ?)", points)
        base.commit()
    return path / "mlflow.db"


def trackio(path: Path, count: int) -> Path:
    with closing(sqlite3.connect(path / "p.db")) as base:
        base.execute(
            "CREATE TABLE metrics(id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INT, metrics TEXT)"
        )
        base.execute("CREATE TABLE configs(id INTEGER PRIMARY KEY, run_name TEXT, config TEXT, created_at TEXT)")
        values = (("2025-01-01T00:00:00", "a", int(row.pop("step")), json.dumps(row)) for row in rows(count))
        base.executemany("INSERT INTO metrics(timestamp, run_name, step, metrics) VALUES(?, ?, ?, ?)", values)
        base.commit()
    return path / "p.db"


def parquet(path: Path, count: int) -> Path:
    pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    columns = {tag: [] for tag in (*TAGS, "step")}  # type: dict[str, list[float]]
    for row in rows(count):
        for tag, value in row.items():
            columns[tag].append(value)
    pq.write_table(pa.table(columns | {"_step": columns.pop("step")}), path / f"0_{count}.parquet")
    return path / f"0_{count}.parquet"


def wandb_download(path: Path, count: int) -> Path:
    lines = (
        json.dumps({"_step": int(row.pop("step")), "_runtime": n, "_timestamp": 1.7e9 + n} | row) + "\n"
        for n, row in enumerate(rows(count))
    )
    return written(path / "history.jsonl", "".join(lines))


def wandb_log(path: Path, count: int) -> Path:
    lines = ({"_step": int(row.pop("step")), "_timestamp": 1.7e9} | row for row in rows(count))
    records = (
        wandb_writer.record(n + 3, wandb_writer.HISTORY, wandb_writer.history(row, n)) for n, row in enumerate(lines)
    )
    (path / "run-x.wandb").write_bytes(wandb_writer.blocks(records))
    return path / "run-x.wandb"


def clearml(path: Path, count: int) -> Path:
    said = {"type": "training_stats_scalar", "metric": "train", "task": "a"}
    points = ((int(row["step"]), tag, row[tag]) for row in rows(count) for tag in TAGS)
    lines = (
        json.dumps([said | {"variant": tag, "iter": step, "value": value, "timestamp": 1_700_000_000_000 + step}])
        + "\n"
        for step, tag, value in points
    )
    return written(path / "metrics.jsonl", "".join(lines))


READERS: dict[str, Callable[[Path, int], Path]] = {
    "event file": events,
    "CSV": csv,
    "JSON lines": jsonl,
    "text log": text,
    "trainer_state.json": trainer_state,
    "MLflow database": mlflow,
    "Trackio database": trackio,
    "W&B history, JSON lines": wandb_download,
    "W&B transaction log": wandb_log,
    "ClearML, offline": clearml,
    **({"W&B history in Parquet": parquet} if find_spec("pyarrow") else {}),
}


#: Formats that are measured up to a million points: a document of ten million is refused, and a text log, a database or
#: a log of one point a line takes minutes to make.
LARGEST = dict.fromkeys(
    (
        *("trainer_state.json", "text log", "MLflow database", "Trackio database"),
        *("W&B history, JSON lines", "W&B transaction log", "ClearML, offline"),
    ),
    1_000_000,
)


def written(path: Path, content: str) -> Path:
    path.write_text(content, "utf-8")
    return path


def read(make: Callable[[Path, int], Path], points: int) -> tuple[float, float]:
    """Seconds and peak MB of reading so many points."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        paths = [make(Path(folder), count // len(TAGS)) for folder, count in ((one, points), (two, 100))]
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *map(str, paths)],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found, seconds, peak = done.stdout.split()
    if not 0.9 * points <= int(found) <= 1.6 * points:
        raise RuntimeError(f"{found} points read, not {points}")
    return float(seconds), int(peak) / 1024


def judge(points: int) -> dict[str, float]:
    """Seconds of each rule on a run of 20 curves with as many points each: the longer of a calm and a broken run."""
    step, draw = np.arange(points), np.random.default_rng(0)
    slowest: dict[str, float] = {}
    for broken in (False, True):
        level = 1 / (step + 1) ** 0.3 + 0.01 * draw.normal(size=points)
        if broken:
            level[points // 2 :: 7] *= 50
            level[points * 3 // 4 :] = np.nan
        run = Run("x", Path("x"), "csv", Columns.from_curves(dict.fromkeys(ROLES, (step, level))))
        curves = curves_of(assign_roles(run))
        index = CurveIndex(curves)
        for name, detector in registry.detectors().items():
            before = time.process_time()
            apply_rules(run, curves, index, {name: detector})
            slowest[name] = max(slowest.get(name, 0.0), time.process_time() - before)
    return slowest


def line(name: str, cells: dict[int, tuple[float, float]], columns: Sequence[int]) -> str:
    """A row of the table: seconds at each size, the slope, and the memory at the largest size."""
    sizes = sorted(cells)
    small, large = (max(cells[size][0], 1e-3) for size in sizes[-2:])
    slope = math.log10(large / small) / math.log10(sizes[-1] / sizes[-2])
    seconds = " | ".join(f"{cells[size][0]:.3f}" if size in cells else "–" for size in columns)
    peak = f"{cells[sizes[-1]][1]:.0f} MB" if cells[sizes[-1]][1] else ""
    return f"| {name} | {seconds} | {slope:.2f} | {peak} |"


def table(most: int, only: Sequence[str]) -> Iterator[str]:
    """The table line by line, as it is measured."""
    sizes = [10**power for power in range(3, round(math.log10(most)) + 1)]
    yield "| points | " + " | ".join(f"{size:,}" for size in sizes) + " | slope | peak memory |"
    yield "|---|" + "--:|" * (len(sizes) + 2)
    for name, make in READERS.items():
        if name in only:
            yield line(name, {size: read(make, size) for size in sizes if size <= LARGEST.get(name, most)}, sizes)
    if RULES not in only:
        return
    rules = {size: judge(size // len(ROLES)) for size in sizes}
    yield line(RULES, {size: (sum(took.values()), 0.0) for size, took in rules.items()}, sizes)
    for name in sorted(rules[sizes[-1]], key=lambda name: -rules[sizes[-1]][name])[:DEAREST]:
        yield line(f"`{name}`", {size: (took[name], 0.0) for size, took in rules.items()}, sizes)


def section(lines: Sequence[str]) -> str:
    """The part of the page on speed that this script writes."""
    return f"""{HEADING}

Made by `python benchmarks/sizes.py -o docs/speed.md`: seconds of processor time to read one run of five curves, and to
put one of 20 curves through the rules; the {DEAREST} dearest rules follow. The slope is that of log seconds over log
points in the last tenfold: 1 is linear, and n log n has 1.08 there. Peak memory is that of the whole process at the
largest size; for Parquet without the process in which pyarrow reads, whose start is most of the time of a small file.
A `trainer_state.json` of ten million points is refused (a line of over 64 MB); logs that take minutes to make are
measured up to a million. A database beyond 16 MB has its texts counted and cut, so that no blob fills the memory, at
half as much again for each row: on either side of that size the time grows with the rows. A rule that skips short
curves begins to cost where it no longer does: `kl-blow-up` takes 0.8, 1.5 and 2.7 s at 5, 10 and 20 million points.

""" + "\n".join([*lines, ""])


def main() -> None:
    """Print the table, and put it at the end of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=1_000_000, help="points of the largest log (default: 1,000,000)")
    parser.add_argument("--only", nargs="*", choices=[*READERS, RULES], default=[*READERS, RULES], help="these rows")
    parser.add_argument("-o", "--output", type=Path, help="the page to put the table into")
    options = parser.parse_args()
    lines = []
    for each in table(options.most, options.only):
        print(each, flush=True)
        lines.append(each)
    if options.output:
        page = options.output.read_text("utf-8").partition(HEADING)[0]
        options.output.write_text(page + section(lines), "utf-8")


if __name__ == "__main__":
    main()
