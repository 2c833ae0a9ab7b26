"""Time and memory of readers and rules over sizes from 10^3 to 10^7 points: no faster than n log n.

    python benchmarks/sizes.py [--most 1000000] [-o docs/speed.md]

A slope is that of log time over log points in the last tenfold; n log n has 1.08 there. Seconds are of processor time,
of the process in which Parquet is read as well.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.size_logs import READERS, TAGS
from loglens.analysis.judge import apply_rules, curves_of
from loglens.model.columns import Columns
from loglens.model.contract import CurveIndex
from loglens.model.run import Run
from loglens.registry import load as registry
from loglens.roles.assign import assign_roles

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
#: The row of all rules; how the part of the page begins; seconds below which a slope would be one of noise; newline.
RULES, HEADING, SHORT, NEXT = "all rules", "## Over sizes", 0.05, "\n"
#: Formats of which so many points take over a minute to write or to read, or over 1 GB, and why no more are measured.
LARGEST = {
    "trainer_state.json": (1_000_000, "a document of over 64 MB is refused"),
    "MLflow database": (1_000_000, "10,000,000 have more text than `--limit text`"),
    "Trackio database": (1_000_000, "10,000,000 take over a minute"),
    "W&B charts, CSV": (1_000_000, "10,000,000 take over a minute"),
    "W&B transaction log": (1_000_000, "10,000,000 take over a minute"),
    "ClearML, offline": (1_000_000, "10,000,000 are 1.7 GB"),
    "Neptune": (1_000_000, "10,000,000 hold more values than a packed file of that size may"),
    "SwanLab": (1_000_000, "10,000,000 take over a minute"),
}
#: Numbers of curves of 40 points on which rules are timed; a run has up to 50,000 (`--limit curves`).
CURVES, EACH = (100, 1_000, 10_000, 50_000), 40
#: Curves of the run on which rules are timed: each has the roles that it looks at.
ROLES = (
    "train/loss val/loss train/accuracy val/accuracy train/grad_norm lr weight_norm update_ratio step_time data_time "
    "gpu_memory loss_scale reward kl entropy value_loss clip_fraction explained_variance activation/dead perplexity"
).split()


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


def level(points: int, seed: int, broken: bool) -> np.ndarray:
    """A curve that falls; broken: jumps in its second half, and is not finite in its last quarter."""
    value = 1 / np.arange(1, points + 1) ** 0.3 + 0.01 * np.random.default_rng(seed).normal(size=points)
    if broken:
        value[points // 2 :: 7] *= 50
        value[points * 3 // 4 :] = np.nan
    return value


def long(points: int, broken: bool) -> Columns:
    """20 curves of different roles that have so many points together."""
    each = points // len(ROLES)
    return Columns.from_curves(dict.fromkeys(ROLES, (np.arange(each), level(each, 0, broken))))


def wide(curves: int, broken: bool) -> Columns:
    """So many short curves of these roles, each group of a task of its own."""
    names = [f"task{n // len(ROLES)}/{ROLES[n % len(ROLES)]}" for n in range(curves)]
    return Columns.from_curves({name: (np.arange(EACH), level(EACH, n, broken)) for n, name in enumerate(names)})


def judge(make: Callable[[int, bool], Columns], size: int) -> dict[str, float]:
    """Seconds of each rule on a run: the longer of a calm and a broken one."""
    slowest: dict[str, float] = {}
    for broken in (False, True):
        run = Run("x", Path("x"), "csv", make(size, broken))
        curves = curves_of(assign_roles(run))
        index = CurveIndex(curves)
        for name, detector in registry.detectors().items():
            before = time.process_time()
            apply_rules(run, curves, index, {name: detector})
            slowest[name] = max(slowest.get(name, 0.0), time.process_time() - before)
    return slowest | {RULES: sum(slowest.values())}


def slope(seconds: dict[int, float]) -> str:
    """That of log seconds over log size between the two largest sizes; empty where it would be one of noise."""
    if len(seconds) < 2 or seconds[max(seconds)] < SHORT:
        return ""
    small, large = sorted(seconds)[-2:]
    return f"{math.log10(seconds[large] / max(seconds[small], 1e-3)) / math.log10(large / small):.2f}"


def of_readers(most: int, only: Sequence[str]) -> Iterator[str]:
    """The table of readers line by line, as it is measured."""
    sizes = [10**power for power in range(3, round(math.log10(most)) + 1)]
    yield "| points | " + " | ".join(f"{size:,}" for size in sizes) + " | slope | peak memory | no more because |"
    yield "|---|" + "--:|" * (len(sizes) + 2) + "---|"
    for name, make in READERS.items():
        if name in only:
            largest, why = LARGEST.get(name, (most, ""))
            cells = {size: read(make, size) for size in sizes if size <= largest}
            shown = " | ".join(f"{cells[size][0]:.3f}" if size in cells else "–" for size in sizes)
            steep = slope({size: seconds for size, (seconds, _) in cells.items()})
            yield f"| {name} | {shown} | {steep} | {cells[max(cells)][1]:.0f} MB | {why if largest < most else ''} |"


def of_rules(most: int) -> Iterator[str]:
    """The table of rules, the dearest first: over points of 20 curves, and over curves of 40 points."""
    sizes = [10**power for power in range(3, round(math.log10(most)) + 1)]
    over_points = {size: judge(long, size) for size in sizes}
    over_curves = {size: judge(wide, size) for size in CURVES if size * EACH <= most}
    heads = (
        [f"{size:,} points" for size in sizes] + ["slope"] + [f"{size:,} curves" for size in over_curves] + ["slope"]
    )
    yield "| rule | " + " | ".join(heads) + " |"
    yield "|---|" + "--:|" * len(heads)
    largest = over_points[sizes[-1]]
    for name in sorted(largest, key=lambda name: -largest[name]):
        cells = []
        for table in (over_points, over_curves):
            seconds = {size: took[name] for size, took in table.items()}
            cells += [f"{took:.3f}" for took in seconds.values()] + [slope(seconds)]
        yield f"| {name if name == RULES else f'`{name}`'} | " + " | ".join(cells) + " |"


def section(readers: Sequence[str], rules: Sequence[str]) -> str:
    """The part of the page on speed that this script writes."""
    return f"""{HEADING}

Made by `python benchmarks/sizes.py --most 10000000 -o docs/speed.md`: seconds of processor time to read one run of five
curves. The slope is that of log seconds over log points between the two largest sizes: 1 is linear, n log n has 1.08 in
the last tenfold. Peak memory is that of the whole process at the largest size; for Parquet without the process in
which pyarrow reads, whose start is most of the time of a small file. A database beyond 16 MB has its texts counted and
cut, so that no blob fills the memory, at half as much again for each row: on either side the time grows with the rows.

{NEXT.join(readers)}

Every rule on one run, the longer of a calm and a broken one: on 20 curves with so many points together, and on so many
curves of {EACH} points. There is no slope where a rule takes less than {SHORT} s.

{NEXT.join(rules)}
"""


def shown(lines: Iterator[str]) -> list[str]:
    """The lines, printed as they come."""
    found = []
    for each in lines:
        print(each, flush=True)
        found.append(each)
    return found


def main() -> None:
    """Print the tables, and put them at the end of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=1_000_000, help="points of the largest log (default: 1,000,000)")
    parser.add_argument("--only", nargs="*", choices=[*READERS, RULES], default=[*READERS, RULES], help="these rows")
    parser.add_argument("-o", "--output", type=Path, help="the page to put the tables into")
    options = parser.parse_args()
    readers = shown(of_readers(options.most, options.only))
    rules = shown(of_rules(options.most)) if RULES in options.only else []
    if options.output:
        page = options.output.read_text("utf-8").partition(HEADING)[0]
        options.output.write_text(page + section(readers, rules), "utf-8")


if __name__ == "__main__":
    main()
