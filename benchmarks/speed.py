"""Every measurement of speed and memory that the documentation quotes, as one table.

    python benchmarks/speed.py --repeat 5 [--only NAME ...] [--scale 0.01] [-o docs/speed.md]

All readers of a row are measured in turn in one run; the figures are medians. Peers that are not installed
are left out: RustBoard is tensorboard-data-server (with grpcio); runmedic and trainproof are looked for on
the PATH and in the folder --peers, since they live best in an environment of their own.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import logging
import os
import platform
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import loglens
from benchmarks import many, read_events, read_wandb_log, sizes
from benchmarks.read_events import TAGS, block, event, record, simple, turns
from loglens.analysis.judge import judge
from loglens.model.run import Run
from loglens.registry import load as registry

#: The whole of a child's work and its peak memory; not ru_maxrss, which a child inherits from its parent.
CHILD = """
import sys, time, loglens
begun = time.perf_counter()
count = sum(len(run.columns) for run in loglens.read(sys.argv[1]))
seconds = time.perf_counter() - begun
print(count, seconds, next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
#: Curves of a run as most people log it, for the diagnosis; the others are metrics of no known role.
CURVES = "train/loss val/loss train/grad_norm lr train/accuracy val/accuracy perf/step_time gpu/memory".split()

#: Why a goal is missed, where that is known: by the beginning of what was measured.
REASONS = {
    "1,000,000 scalars": "framing and checksums are a third of reading; numpy decodes the rest",
    "8 files": "the second process has to start, and the machine gives less than two cores (next row)",
    "loglens diagnose, one small": "Python, numpy, rich and click are half of it; the rest are 200 modules of loglens",
    "a small run of 2,000": "numpy's calls on short arrays: some thousand a run",
    "trainer_state.json": "the document is parsed in a quarter of the time; each row is looked at twice in Python",
    "2,000,000 points of a text log": "the form of a line is not known before: names and numbers are looked for",
    "CSV of 200,000": "pandas' parser is half of it; blanks and NaN are told apart, and points are made of cells",
    "the same, processor": "pandas' parser is half of it; blanks and NaN are told apart, and points are made of cells",
    ".wandb": "frames, checksums and protobuf are walked in numpy, value by value in Python where JSON is no number",
    "2,000 small runs again": "the start of Python and numpy is half of it, a look at every file the rest",
    "peak memory of 2,000,000 points of a text log": "counters of all lines are kept until their end",
    "loglens diagnose, 1,000,000": "reading takes two fifths, the start with its imports a third",
    "every rule": "by a hundredth: medians over long curves are most of it",
    "peak memory of 2,000,000 points of a CSV": "67 MB of it are pyarrow, which pandas loads",
}

#: Peers that count lines or values of another kind than points.
UNCOUNTED = ("plain Python framing, json.loads a value", "orjson.loads", "re.finditer")

#: How often the folder of many runs is judged at most.
RUNS_REPEAT = 3


@dataclass(frozen=True)
class Row:
    """A line of the table. goal: ">= 1.6" (the peer's figure over ours) or "<= 2" (ours over the peer's)."""

    what: str
    ours: float
    peer: str
    theirs: float
    goal: str = ""
    unit: str = "s"

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs if self.goal.startswith("<=") else self.theirs / self.ours

    def cells(self) -> list[str]:
        bound = float(self.goal.split()[1]) if self.goal else 0.0
        met = "" if not self.goal else "met" if (self.ratio <= bound) == self.goal.startswith("<=") else "missed"
        if met == "missed":
            met += "".join(f": {why}" for what, why in REASONS.items() if self.what.startswith(what))
        ours, theirs = (f"{figure:.3g} {self.unit}" for figure in (self.ours, self.theirs))
        return [self.what, ours, self.peer, theirs, f"{self.ratio:.2f}", self.goal, met]


Rows = Iterator[Row]


def events(kind: str, title: str, folder: Path, repeat: int, scale: float) -> Rows:
    """A million scalars in one file, beside all other readers."""
    path = read_events.write(folder / "events.out.tfevents.1.host", kind, max(int(1e6 * scale), 400))
    names = ("loglens.read", "EventAccumulator", "tbparse", "RustBoard")
    functions = {name: partial(read_events.READERS[name], path) for name in names}
    found = turns(functions, repeat, once=frozenset({"EventAccumulator", "tbparse"}))
    goals = {"EventAccumulator": ">= 18", "RustBoard": ">= 1.6" if kind == "merged" else ">= 10"}
    yield from _beside(title, found, goals)


def images(folder: Path, repeat: int, scale: float) -> Rows:
    """A file of 1 GB that is mostly images, graphs and text, with 100,000 scalars between."""
    path, points = folder / "events.out.tfevents.1.host", max(int(1e5 * scale), 400)
    size = int((1 << 30) * scale)
    picture, draw = random.Random(0).randbytes(1 << 19), random.Random(1)  # noqa: S311 - no secret
    groups = max(size // len(picture), 1)
    with path.open("wb") as file:
        file.write(record(b"\x09" + bytes(8) + block(0x1A, b"brain.Event:2")))
        for group in range(groups):
            for i in range(points * group // groups, points * (group + 1) // groups):
                file.write(event(1.7e9 + i, i // 20, simple(TAGS[i % 20], draw.random())))
            file.write(_large(group, picture))
    read_events.LAST[path] = (points - 1) // 20
    functions = {name: partial(read_events.READERS[name], path) for name in ("loglens.read", "RustBoard")}
    yield from _beside(
        "1 GB of images, graphs and text, 100,000 scalars", turns(functions, repeat), {"RustBoard": ">= 3"}
    )


def _large(number: int, picture: bytes) -> bytes:
    """A record of half a megabyte: of ten, eight images, one graph and one text."""
    if number % 10 == 8:
        return record(b"\x09" + bytes(8) + block(0x22, picture))
    if number % 10 == 9:
        content = b"\x08\x07\x12\x04\x12\x02\x08\x01" + block(0x42, bytes(len(picture)))
        value = (
            block(0x0A, b"notes/text_summary") + block(0x42, content) + block(0x4A, block(0x0A, block(0x0A, b"text")))
        )
    else:
        value = block(0x0A, b"samples") + block(0x22, b"\x08\x20\x10\x20\x18\x03" + block(0x22, picture))
    return event(1.7e9 + number, number, block(0x0A, value))


def files(folder: Path, repeat: int, scale: float) -> Rows:
    """Eight runs of one file each judged on all cores, beside the same on one."""
    for i in range(8):
        (folder / str(i)).mkdir()
        read_events.write(folder / str(i) / "events.out.tfevents.1.host", "torch", max(int(250_000 * scale), 400))
    cores = len(os.sched_getaffinity(0))
    found = turns(
        {"all": partial(_judged, folder, cores), "one core": partial(_judged, folder, 1), **_busy(cores)}, repeat
    )
    ceiling = found.pop("side by side"), found.pop("in turn")
    yield from _beside("8 files of 250,000 scalars read and judged, all cores", found, {"one core": ">= 1.7"})
    yield _ceiling(*ceiling)


def _busy(cores: int) -> dict[str, Callable[[], int]]:
    return {"side by side": partial(many.busy, cores, cores), "in turn": partial(many.busy, 1, cores)}


def _ceiling(together: tuple[float, int], apart: tuple[float, int]) -> Row:
    """What the machine gives at most in these minutes: other work on it takes a part of its cores."""
    return Row("the same, processes that only compute", together[0], "one core", apart[0])


def _judged(folder: Path, jobs: int) -> int:
    return len(loglens.diagnose(folder, jobs=jobs).runs)


def runs(folder: Path, repeat: int, scale: float) -> Rows:
    """A folder of 2,000 small runs as a process: on all cores, on one, and again when nothing changed.

    At most `RUNS_REPEAT` times, as it takes longer than all other parts together.
    """
    count, cores = max(int(2000 * scale), 20), len(os.sched_getaffinity(0))
    place = many.folder_of_runs(folder / "runs", count)
    memory = folder / "memory"
    many.diagnose(place, cores, memory)
    found = turns(
        {
            "all": partial(many.diagnose, place, cores),
            "one core": partial(many.diagnose, place, 1),
            "again": partial(many.diagnose, place, cores, memory),
            **_busy(cores),
        },
        min(repeat, RUNS_REPEAT),
    )
    every, one, again = (found[name][0] for name in ("all", "one core", "again"))
    yield Row("2,000 small runs, all cores", every, "one core", one, ">= 1.7")
    yield _ceiling(found["side by side"], found["in turn"])
    yield Row("60 small runs, all cores", every * 60 / count, "one second", 1.0, ">= 1")
    yield Row("a small run of 2,000, one core", 1000 * one / count, "8 ms", 8.0, "<= 1", "ms")
    yield Row("2,000 small runs again, none changed", again, "the first time", every, ">= 20")


def growth(folder: Path, repeat: int, scale: float) -> Rows:
    """Ten times the points: time and peak memory, each in a process of its own."""
    yield from _tenfold("scalars", "events.out.tfevents.{}", _events, int(1e6 * scale), folder, repeat)
    yield from _tenfold("points of a CSV", "{}.csv", _csv, int(2e5 * scale), folder, repeat)
    yield from _tenfold("points of JSON lines", "{}.jsonl", _jsonl, int(2e5 * scale), folder, repeat)
    yield from _tenfold("points of a text log", "{}.log", _text, int(2e5 * scale), folder, repeat)


def _tenfold(what: str, name: str, write: Callable[[Path, int], object], few: int, folder: Path, repeat: int) -> Rows:
    counts = [max(few, 4000), max(10 * few, 40_000)]
    seen: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
    paths = {count: folder / name.format(count) for count in counts}
    for count, path in paths.items():
        write(path, count)
    for _ in range(repeat):
        for count, path in paths.items():
            number, seconds, kilobytes = _child(path)
            assert int(number) == count
            seen[count].append((float(seconds), float(kilobytes) * 1024 / 1e6))
    (few_s, few_mb), (many_s, many_mb) = (
        [sorted(part)[len(part) // 2] for part in zip(*seen[n], strict=True)] for n in counts
    )
    small, large = (f"{count:,} {what}" for count in counts)
    yield Row(large, many_s, small, few_s, "<= 10.5")
    yield Row(f"{large}, peak memory", many_mb, small, few_mb, "<= 10.5", "MB")
    for title, count, memory in ((small, counts[0], few_mb), (large, counts[1], many_mb)):
        allowed = 120 + 60 * count / 1e6
        yield Row(f"peak memory of {title}", memory, "120 MB and 60 bytes a point", allowed, "<= 1", "MB")


def _child(path: Path) -> list[str]:
    """A file read in a process of its own: points, seconds, peak memory in kB."""
    done = subprocess.run([sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def _events(path: Path, points: int) -> None:
    read_events.write(path, "torch", points)


#: What the small logs of four metrics measure.
METRICS = "loss lr grad_norm accuracy".split()


def _csv(path: Path, points: int) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    rows = (f"{row},{','.join(repr(draw.random()) for _ in METRICS)}\n" for row in range(points // 4))
    with path.open("w") as file:
        file.writelines([f"step,{','.join(METRICS)}\n", *rows])


def _jsonl(path: Path, points: int) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    with path.open("w") as file:
        for row in range(points // 4):
            file.write(json.dumps({"step": row} | {name: draw.random() for name in METRICS}) + "\n")


def _text(path: Path, points: int) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    with path.open("w") as file:
        for row in range(points // 4):
            file.write(f"step {row} | " + " | ".join(f"{name} {draw.random():.4f}" for name in METRICS) + "\n")


def table(folder: Path, repeat: int, scale: float) -> Rows:
    """A CSV as Lightning writes it: 200,000 rows, 30 columns, each row of training or of validation."""
    path, draw = folder / "metrics.csv", random.Random(0)  # noqa: S311 - no secret
    names = [f"train_{i}" for i in range(20)] + [f"val_{i}" for i in range(8)]
    with path.open("w") as file:
        file.write(",".join(["epoch", "step", *names]) + "\n")
        for row in range(max(int(200_000 * scale), 100)):
            kept = range(20, 28) if row % 10 == 9 else range(20)
            cells = [repr(draw.random()) if i in kept else "" for i in range(28)]
            file.write(f"{row // 1000},{50 * row}," + ",".join(cells) + "\n")
    functions = {"loglens.read": partial(read_events.loglens, path), "pandas.read_csv": partial(_pandas, path)}
    found = turns(functions, repeat)
    yield from _beside("CSV of 200,000 rows, 30 columns, sparse", found, {"pandas.read_csv": "<= 2"})
    # pandas parses a file on all cores from 3.1 on
    found = turns(functions, repeat, clock=time.process_time)
    yield from _beside("the same, processor time of all threads", found, {"pandas.read_csv": "<= 2"})
    path = folder / "wide.csv"
    count = max(int(300 * scale), 4)
    _wide_table(path, 10_000, count)
    functions = {"loglens.read": partial(read_events.loglens, path), "pandas.read_csv": partial(_pandas, path)}
    found = turns(functions, repeat, clock=time.process_time)
    yield from _beside(f"CSV of 10,000 columns, {count} rows, processor time", found, {"pandas.read_csv": "<= 2"})
    path = folder / "long.csv"
    rows = max(int(1e7 * scale), 10_000)
    _long_table(path, rows)
    peak = float(_child(path)[2]) * 1024 / 1e6
    file_size = path.stat().st_size / 1e6
    yield Row(f"CSV of {rows:,} rows, 2 columns, peak memory", peak, "the file", file_size, "<= 5", "MB")


def _pandas(path: Path) -> int:
    import pandas as pd

    return int(pd.read_csv(path).notna().to_numpy().sum())


def _wide_table(path: Path, columns: int, rows: int) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    with path.open("w") as file:
        file.write("step," + ",".join(f"layer_{i}/grad_norm" for i in range(columns - 1)) + "\n")
        for row in range(rows):
            file.write(f"{row}," + ",".join(repr(draw.random()) for _ in range(columns - 1)) + "\n")


def _long_table(path: Path, rows: int) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    with path.open("w") as file:
        file.write("step,loss\n")
        file.writelines(f"{row},{draw.random():.6g}\n" for row in range(rows))


def lines(folder: Path, repeat: int, scale: float) -> Rows:
    """JSON lines, a history of W&B and a trainer state beside orjson, a text log beside one regular expression."""
    for name, write, parse in (
        ("log.jsonl", _jsonl, _each_line),
        ("wandb-history.jsonl", _history, _each_line),
        ("trainer_state.json", _trainer_state, _whole),
    ):
        path = folder / name
        write(path, max(int(4e5 * scale), 400))
        found = turns(
            {"loglens.read": partial(read_events.loglens, path), "orjson.loads": partial(parse, path)},
            repeat,
            clock=time.process_time,
        )
        title = f"{name}, 400,000 values, processor time"
        yield from _beside(title, found, {"orjson.loads": "<= 4"})
    path = folder / "train.log"
    _text(path, max(int(2e6 * scale), 400))
    functions = {"loglens.read": partial(read_events.loglens, path), "re.finditer": partial(_by_pattern, path)}
    found = turns(functions, repeat, clock=time.process_time)
    yield from _beside("2,000,000 points of a text log, processor time", found, {"re.finditer": "<= 2"})


def _history(path: Path, points: int) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    with path.open("w") as file:
        for row in range(points // 4):
            values = {"loss": draw.random(), "lr": draw.random(), "gpu": {"util": draw.random(), "mem": draw.random()}}
            file.write(json.dumps({"_step": row, "_runtime": 1.5 * row, "_timestamp": 1.7e9 + row} | values) + "\n")


def _trainer_state(path: Path, points: int) -> None:
    draw = random.Random(0)  # noqa: S311 - no secret
    names = ("loss", "learning_rate", "grad_norm")
    rows = [
        {"epoch": row / 1000, "step": 10 * row} | {name: draw.random() for name in names} for row in range(points // 4)
    ]
    path.write_text(json.dumps({"global_step": 10 * len(rows), "log_history": rows}, indent=2))


def _each_line(path: Path) -> int:
    import orjson

    with path.open("rb") as file:
        return len([orjson.loads(line) for line in file])


def _whole(path: Path) -> int:
    import orjson

    return len(orjson.loads(path.read_bytes())["log_history"])


def _by_pattern(path: Path) -> int:
    names = "".join(rf" \| {name} (\S+)" for name in METRICS)
    form = re.compile(rf"^step (\d+){names}$", re.M)
    return sum(len([float(value) for value in found.groups()]) for found in form.finditer(path.read_text()))


def wandb(folder: Path, repeat: int, scale: float) -> Rows:
    """The transaction log of W&B, beside plain Python."""
    path = folder / "run-bench.wandb"
    read_wandb_log.make(path, int((50 << 20) * scale))
    plain = "plain Python framing, json.loads a value"
    found = turns(
        {"loglens.read": partial(read_wandb_log.ours, path), plain: partial(read_wandb_log.plain, path)}, repeat
    )
    yield from _beside(".wandb log of 50 MB", found, {plain: ">= 9.2"})


def diagnosis(folder: Path, repeat: int, scale: float, peers: Mapping[str, str]) -> Rows:
    """The whole command on a million points, as a process, beside other diagnosing tools; the rules beside reading."""
    path, draw = folder / "events.out.tfevents.1.host", random.Random(0)  # noqa: S311 - no secret
    tags = CURVES + TAGS[len(CURVES) :]
    with path.open("wb") as file:
        file.write(record(b"\x09" + bytes(8) + block(0x1A, b"brain.Event:2")))
        for i in range(max(int(1e6 * scale), 4000)):
            value = 0.5 + 2 / (1 + i / 5000) + 0.05 * draw.random()
            file.write(event(1.7e9 + i * 0.00123, i // 20, simple(tags[i % 20], value)))
    commands = {
        "loglens diagnose": [sys.executable, "-m", "loglens", "diagnose", str(folder), "--format", "json", "--no-cache"]
    }
    commands |= {name: [program, "diagnose", str(folder), "--json"] for name, program in peers.items()}
    found = turns({name: partial(_process, command) for name, command in commands.items()}, repeat)
    yield from _beside("loglens diagnose, 1,000,000 points", found, {"runmedic": "<= 0.12"})
    (run,) = loglens.read(folder)
    rules = {"every rule": partial(_ruled, run), "reading": partial(read_events.READERS["loglens.read"], path)}
    found = turns(rules, repeat, clock=time.process_time)
    yield from _beside("every rule on 1,000,000 points of 20 curves, processor time", found, {"reading": "<= 0.3"})


def _ruled(run: Run) -> int:
    return len(judge(replace(run), registry.detectors()).outcomes)  # a copy, which remembers no curve


def start(folder: Path, repeat: int, scale: float) -> Rows:
    """The whole command on a folder of one small event file, beside loading pandas."""
    read_events.write(folder / "events.out.tfevents.1.host", "torch", max(int(2000 * scale), 400))
    small = [sys.executable, "-m", "loglens", "diagnose", str(folder), "--no-cache"]
    pandas = [sys.executable, "-c", "import pandas"]
    found = turns(
        {"loglens diagnose": partial(_process, small), "import pandas": partial(_process, pandas)}, 3 * repeat
    )
    yield from _beside("loglens diagnose, one small event file", found, {"import pandas": "<= 1.125"})
    python = {name: partial(_process, [sys.executable, "-c", name]) for name in ("import numpy", "pass")}
    found = turns(
        {"loglens diagnose": partial(_process, small), "import numpy": python["import numpy"]},
        3 * repeat,
        clock=_processor_time,
    )
    title = "loglens diagnose, one small event file, processor time"
    yield from _beside(title, found, {"import numpy": "<= 2.2"})
    complete = "import os, sys; os.environ |= {'_LOGLENS_COMPLETE': 'bash_complete', 'COMP_WORDS': 'loglens di', "
    complete += "'COMP_CWORD': '1'}; sys.argv = ['loglens']; from loglens.cli import main; main(prog_name='loglens')"
    for title, command in (
        ("loglens --help, processor time", [sys.executable, "-m", "loglens", "--help"]),
        ("completion of a command, processor time", [sys.executable, "-c", complete]),
    ):
        pair = {"loglens": partial(_process, command), "python -c pass": python["pass"]}
        yield from _beside(title, turns(pair, 3 * repeat, clock=_processor_time), {"python -c pass": "<= 3"})


def _processor_time() -> float:
    """Of the processes that were started and are done, to the microsecond; os.times() counts in hundredths."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _process(command: list[str]) -> int:
    """Runs a command; a verdict is no failure. Compiled modules are kept, as those of an installed package are."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=kept).returncode
    if code not in (0, 1, 2, 3):
        raise RuntimeError(f"{command} ended with {code}")
    return code


def _beside(what: str, found: dict[str, tuple[float, int]], goals: Mapping[str, str]) -> Rows:
    (_, (ours, count)), *others = found.items()
    for name, (theirs, given) in others:
        if name not in UNCOUNTED and "diagnose" not in what and given < count:
            name += f" ({given:,} of {count:,} points)"
        yield Row(what, ours, name, theirs, goals.get(name, ""))


def parts(peers: Mapping[str, str]) -> dict[str, Callable[[Path, int, float], Rows]]:
    """Every part of the benchmark by its name."""
    return {
        "torch": partial(events, "torch", "1,000,000 scalars of torch, one file"),
        "tf2": partial(events, "tf2", "1,000,000 scalars of TensorFlow 2, one file"),
        "merged": partial(events, "merged", "1,000,000 scalars, 20 a record"),
        "images": images,
        "files": files,
        "runs": runs,
        "growth": growth,
        "csv": table,
        "lines": lines,
        "wandb": wandb,
        "diagnose": partial(diagnosis, peers=peers),
        "start": start,
    }


def page(rows: list[Row], repeat: int, scale: float, peers: Mapping[str, str]) -> str:
    """The table as Markdown, with what it was measured on."""
    names = ("loglens", "numpy", "pandas", "tensorboard", "tbparse", "tensorboard-data-server")
    versions = [
        f"Python {platform.python_version()}",
        *(f"{name} {version}" for name in names if (version := _version(name))),
    ]
    versions += [f"{name} {_version_of(program)}" for name, program in peers.items()]
    heads = ["measured", "loglens", "beside", "that", "ratio", "goal", "met"]
    lines = [
        "# Speed and memory",
        "",
        "Made by `make bench` (`python benchmarks/speed.py`), not by hand.",
        f"Medians of {repeat} (EventAccumulator and tbparse: once; the start: {3 * repeat}), all of a row measured in",
        f"turn in one run on {os.cpu_count()} cores, {datetime.datetime.now(datetime.UTC).date()}"
        + ("." if scale == 1 else f"; **sizes scaled by {scale:g}, so not the real figures**."),
        "Seconds differ from machine to machine, ratios much less. A goal `>=` is about how many times as fast as the",
        "other loglens is; `<=` about loglens' figure over the other's.",
        "",
        f"{', '.join(versions)}.",
        "",
        f"| {' | '.join(heads)} |",
        "|---|--:|---|--:|--:|--:|---|",
        *(f"| {' | '.join(row.cells())} |" for row in rows),
        "",
        "A run is read on one core, but for a big CSV, which two threads parse; runs are judged side by side.",
        "What more cores are worth depends on what else runs on the machine: the rows of processes that only compute,",
        "measured in turn with the others, say how much it was. The 2,000 small runs are copies of the samples and of",
        f"real runs below {many.SMALL / 1e6:g} MB, a folder each (medians of {min(repeat, RUNS_REPEAT)}).",
        "",
        "A CSV is more to loglens than to pandas: a blank and a NaN stay apart, and what comes out are points in the",
        "order written, not a table. pandas' parser takes half of the processor time of it. pandas from 3.1 on parses",
        "a file on all cores at once, which loglens cannot use, as it gives blocks to the parser to hold memory down.",
        "",
        "Peak memory is that of a whole process. A CSV beyond 16 MB loads pandas, and pandas loads pyarrow where that",
        "is installed, which takes 67 MB by itself.",
        "",
        "Where the processor time of a diagnosis of one small event file goes, in ms (a profile: the least of six",
        "runs; on a busy machine, where Python starts in 30 and numpy loads in 107):",
        "",
        "| part | before | after | what was changed |",
        "|---|--:|--:|---|",
        "| Python ends | 46 | 12 | nothing is looked through for garbage any more |",
        "| data classes | 63 | 39 | 31 plain records are named tuples, a third of the time each |",
        "| numpy.ma, which numpy.median and numpy.unique load | 20 | 0 | medians and percentiles of our own |",
        "| patterns compiled, most of them for roles | 40 | 40 | |",
        "| code of 315 modules found and loaded | 61 | 61 | |",
        "| rich and click | 41 | 41 | |",
        "",
        "Where the processor time of the rules on 1,000,000 points went: two fifths into medians, as numpy.median",
        "partitions at two places, which takes ten times as long as at one; a seventh into sorting rows by their",
        "curve, which takes linear time with integers of 16 bits. A short curve has its medians in a tenth of the",
        "time as well: numpy.median was a sixth of the time of a small run.",
        "",
        "The second look at many runs starts Python and numpy, lists the folders, looks at size, times and last bytes",
        "of every file and writes every run; it is reported with the first look on all cores.",
    ]
    return "\n".join([*lines, ""])


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _version_of(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()
    return said[-1] if said else ""


def main() -> None:
    """Measures, prints each row when it is there, and writes the page."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=list(parts({})), help="these parts (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the logs (default: 1)")
    parser.add_argument("--peers", type=Path, help="folder with the programs runmedic and trainproof")
    parser.add_argument("-o", "--output", type=Path, help="write the page here")
    options = parser.parse_args()
    search = os.pathsep.join([*([str(options.peers)] if options.peers else []), os.environ.get("PATH", "")])
    peers = {name: found for name in ("runmedic", "trainproof") if (found := shutil.which(name, path=search))}
    rows: list[Row] = []
    for name, part in parts(peers).items():
        if options.only and name not in options.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            for row in part(Path(folder), options.repeat, options.scale):
                rows.append(row)
                print(" | ".join(row.cells()), flush=True)
    if options.output:
        before = options.output.read_text("utf-8") if options.output.exists() else ""
        _, heading, rest = before.partition(f"\n{sizes.HEADING}")  # what the other script has written stays
        new = page(rows, options.repeat, options.scale, peers) + heading + rest
        options.output.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
