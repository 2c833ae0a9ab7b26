"""How the cost of `loglens diagnose` grows with points, runs and curves: a plot of each on logarithmic axes.

    python benchmarks/growth.py [--scale 0.01] [-o docs/speed.md]

Each size is measured once, as a process of its own with all its cores: seconds of processor time, Python's start with
it. The slope is that of log seconds over log size between the last two sizes; 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

#: Makes a log of a size in a folder.
Made = Callable[[Path, int], None]
HEADING, NEXT = "## How cost grows", "\n## "
#: Curves of the run that gets longer, rows of those that get more or wider.
CURVES, ROWS = 20, 100
#: Seconds that a size may be expected to take, from the one before it.
MOST = 300.0
#: Rows of values that are drawn, and written again and again below one another.
DRAWN = 1000
#: Pixels of a picture: its whole size, and the margins left, right, above and below the axes.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 300, 64, 40, 16, 44
STYLE = (
    "text{font:12px sans-serif;fill:#333}.axis{stroke:#999}.cost{stroke:#2a6fbb;fill:none;stroke-width:2}"
    ".dot{fill:#2a6fbb}@media(prefers-color-scheme:dark){text{fill:#ddd}.axis{stroke:#777}.cost{stroke:#7ab8ff}"
    ".dot{fill:#7ab8ff}}"
)


def table(path: Path, rows: int, curves: int) -> None:
    """A CSV of so many curves that fall and settle, each with a level and noise of its own."""
    draw = np.random.default_rng(0)
    names = ["train/loss", "val/loss", "lr", "grad_norm", *(f"metric_{i}" for i in range(4, curves))][:curves]
    tails = [",".join(f"{value:.5f}" for value in row) for row in 1 + 0.1 * draw.random((min(rows, DRAWN), curves))]
    with path.open("w") as file:
        file.write(f"step,{','.join(names)}\n")
        file.writelines(f"{step},{tails[step % len(tails)]}\n" for step in range(rows))


def points(folder: Path, count: int) -> None:
    table(folder / "log.csv", count // CURVES, CURVES)


def runs(folder: Path, count: int) -> None:
    table(folder / "log.csv", ROWS, 2)
    text = (folder / "log.csv").read_bytes()
    (folder / "log.csv").unlink()
    for number in range(count):
        (folder / f"{number:05d}").mkdir()
        (folder / f"{number:05d}" / "log.csv").write_bytes(text)


def curves(folder: Path, count: int) -> None:
    table(folder / "log.csv", ROWS, count)


#: What grows -> how a log is made, and its sizes.
GROWTH: dict[str, tuple[Made, tuple[int, ...]]] = {
    "points": (points, (10_000, 100_000, 1_000_000, 10_000_000, 50_000_000)),
    "runs": (runs, (1, 10, 100, 1000, 20_000)),
    "curves": (curves, (10, 100, 1000, 10_000)),
}


def seconds(make: Made, size: int) -> float:
    """Processor time of a diagnosis of a log of this size."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), size)
        command = [sys.executable, "-m", "loglens", "diagnose", folder, "--format", "jsonl", "--no-cache", "-q"]
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        before = _spent()
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=kept, cwd=Path(__file__).parents[1]
        )
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"{size:,}: exit code {done.returncode}: {done.stderr.decode()[-500:]}")
    return _spent() - before


def _spent() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def slope(cost: dict[int, float]) -> float:
    """That of log cost over log size between the two largest sizes."""
    (small, low), (large, high) = sorted(cost.items())[-2:]
    return math.log(high / low) / math.log(large / small)


def picture(what: str, cost: dict[int, float]) -> str:
    """The cost over the size as SVG, in colours for light and dark pages."""
    decades = [
        (math.floor(math.log10(min(each))), math.ceil(math.log10(max(each)))) for each in (cost, [*cost.values()])
    ]
    (left, right), (low, high) = ((first, max(last, first + 1)) for first, last in decades)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"><style>{STYLE}</style>']

    def x(size: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(size) - left) / (right - left)

    def y(taken: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(taken) - low) / (high - low)

    floor = HEIGHT - BOTTOM
    lines.append(f'<path class="axis" fill="none" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>')
    for power in range(left, right + 1):
        place = x(10.0**power)
        lines.append(f'<text x="{place:.1f}" y="{floor + 18}" text-anchor="middle">{10**power:,}</text>')
    for power in range(low, high + 1):
        place = y(10.0**power)
        lines.append(f'<text x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    corners = [(x(size), y(taken)) for size, taken in sorted(cost.items())]
    lines.append(f'<polyline class="cost" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>')
    lines += [f'<circle class="dot" cx="{a:.1f}" cy="{b:.1f}" r="4"/>' for a, b in corners]
    lines.append(f'<text x="{(LEFT + WIDTH) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{what}</text></svg>')
    return "\n".join([*lines, ""])


def section(costs: dict[str, dict[int, float]], scale: float) -> str:
    """The part of the page on growth."""
    lines = [
        f"{HEADING}\n",
        "Made by `python benchmarks/growth.py -o docs/speed.md`: processor time of `loglens diagnose`, each size",
        f"once, on all cores, Python's start with it. Points are those of {CURVES} curves of one CSV; a run has two",
        f"curves of {ROWS} rows in a CSV of its own; curves have {ROWS} rows in one CSV. The slope is that of log",
        f"seconds over log size between the last two sizes: 1 is linear. A size that would take more than {MOST:g} s",
        "of processor time if cost grew linearly is left out."
        + ("" if scale == 1 else f" **Sizes scaled by {scale:g}.**"),
    ]
    for what, cost in costs.items():
        named = ", ".join(f"{size:,}: {taken:.2f} s" for size, taken in sorted(cost.items()))
        lines += ["", f"**{what.capitalize()}**, slope {slope(cost):.2f} ({named}):", ""]
        lines += [f"![Processor time over {what}, on logarithmic axes](images/growth_{what}.svg)"]
    return "\n".join([*lines, ""])


def write(page: Path, costs: dict[str, dict[int, float]], scale: float) -> None:
    """Put the part into the page, behind the first part, and the pictures beside it."""
    text = page.read_text("utf-8") if page.exists() else "# Speed and memory\n"
    before, heading, after = text.partition(f"{HEADING}\n")
    if not heading:
        before, mark, after = text.partition(NEXT)
        before, after = before.rstrip("\n") + "\n\n", mark + after
    else:
        after = "".join(after.partition(NEXT)[1:])
    page.write_text(before + section(costs, scale) + after, "utf-8")
    (page.parent / "images").mkdir(exist_ok=True)
    for what, cost in costs.items():
        (page.parent / "images" / f"growth_{what}.svg").write_text(picture(what, cost), "utf-8")


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print each figure, and write the part of the page with its pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="leaves out the sizes beyond this part of the largest")
    parser.add_argument("--only", nargs="*", choices=list(GROWTH), default=list(GROWTH), help="what grows")
    parser.add_argument("-o", "--output", type=Path, help="the page to put the part into")
    options = parser.parse_args(words)
    costs: dict[str, dict[int, float]] = {}
    for what in options.only:
        make, sizes = GROWTH[what]
        costs[what] = {}
        for at, size in enumerate(sizes):
            if at > 1 and size > options.scale * sizes[-1]:
                break
            if at and costs[what][sizes[at - 1]] * size / sizes[at - 1] > MOST:
                print(f"{what} {size:,}: left out")
                break
            costs[what][size] = seconds(make, size)
            print(f"{what} {size:,}: {costs[what][size]:.2f} s", flush=True)
    if options.output:
        write(options.output, costs, options.scale)


if __name__ == "__main__":
    main()
