"""The first line of a table of delimited text: its cells, its delimiter, and where it stands."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence

#: Instead of a delimiter where there is a single column.
NONE = "\x1c"
#: So many unnamed columns are spelled out in a message.
_SHOWN = 8
#: So many lines of comments may stand before the header.
_COMMENTS = 40
#: The columns of W&B's table of runs that no user names, besides the name; so many of them tell it from other tables.
_RUNS_TABLE = frozenset({"State", "Notes", "User", "Tags", "Created", "Runtime", "Sweep"})
_ENOUGH = 3
_CHART_AXES = frozenset("step _step global_step trainer/global_step train/global_step epoch".split()) | {
    "wall time",
    "relative time (process)",
    "relative time (wall)",
}
_SPLITS = frozenset("train training val valid validation eval evaluation test testing".split())
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?(?:nan|inf|infinity)", re.I)

#: So many rows of as many numbers are a table, and no list of a few numbers.
_ROWS = 10


def is_number(cell: str) -> bool:
    """Whether a cell is a number as any writer of logs would write it."""
    return bool(_NUMBER.fullmatch(cell.strip()))


def split_header(text: str) -> tuple[list[str], str]:
    """The cells of the first line, stripped, and the delimiter (`NONE` for a single column)."""
    line = text.split("\n", 1)[0]
    line = line.lstrip("#") if line.startswith("#") and not line.startswith("#{") else line
    bare = re.sub(r'"[^"]*"', "", line)
    counts = {mark: bare.count(mark) for mark in ",;\t|"}
    mark = max(counts, key=lambda m: counts[m])
    if not counts[mark]:
        words = line.split()
        if len(words) > 1 and '"' not in line:
            return words, " "
        return [line.strip().strip('"').strip()], NONE
    try:
        cells = next(csv.reader([line], delimiter=mark))
    except (csv.Error, StopIteration):  # a cell beyond the limit of the csv module
        cells = line.split(mark)
    return [cell.strip() for cell in cells], mark


def is_history(names: list[str]) -> bool:
    """Whether these are the columns of a W&B history."""
    return "_step" in names and bool({"_runtime", "_timestamp"} & set(names))


def is_runs_table(names: list[str]) -> bool:
    """Whether these are the columns of W&B's table of runs; of those but the name each may be hidden."""
    return "Name" in names and len(_RUNS_TABLE & set(names)) >= _ENOUGH


def is_chart(names: list[str]) -> bool:
    """Whether these are the columns of a chart of W&B: "<run> - <metric>" over a step, with or without __MIN and __MAX.

    "train - loss" beside "val - loss" are the curves of one run.
    """
    if any(f"{name}__MIN" in names for name in names):
        return True
    axis, *curves = names[names[:1] in ([""], ["Unnamed: 0"], ["index"]) :] or [""]
    runs = [run.strip().lower() for run, mark, _ in (name.rpartition(" - ") for name in curves) if mark]
    return axis.lower() in _CHART_AXES and 0 < len(runs) == len(curves) and not _SPLITS & set(runs)


def is_wandb(names: list[str]) -> bool:
    """Whether only Weights & Biases writes these columns: a history, a table of runs, or a chart."""
    return is_history(names) or is_runs_table(names) or is_chart(names)


def split_row(line: str, mark: str) -> list[str]:
    """The cells of a plain line."""
    return line.strip().split(None if mark == " " else mark)


def find_header(block: bytes) -> tuple[int, int]:
    """Where the header begins: the byte and the number of lines before it, blank ones and comments.

    A comment above rows of as many numbers is the header itself, as numpy.savetxt and DeePMD write it.
    """
    at = 0
    lines = block.split(b"\n", _COMMENTS + 1)[: _COMMENTS + 1]
    for number, line in enumerate(lines):
        if line.startswith(b"#") and not line.startswith(b"#{"):
            below = next((each for each in lines[number + 1 :] if each.strip() and not each.startswith(b"#")), b"")
            names, mark = split_header(line.decode("utf-8", "replace"))
            cells = split_row(below.decode("utf-8", "replace"), mark)
            if len(cells) == len(names) and all(map(is_number, cells)):
                return at, number
        elif line.strip() and not line.startswith(b"#"):
            return at, number
        at += len(line) + 1
    return 0, 0


def no_header(width: int, columns: Sequence[str]) -> str:
    """Why a table without a header line cannot be read, and how its columns are named."""
    if columns:
        return f"no header line: the first line holds {width} cells, --columns names {len(columns)}"
    wish = ",".join(["step", "loss", "lr"][:width] + [f"x{at}" for at in range(4, width + 1)][:_SHOWN])
    return f"no header line: the first line holds numbers; name its {width} columns, e.g. --columns {wish}"


def nameless_columns(start: bytes) -> str:
    """Why rows of numbers without any names are not read, for a text that begins so; "" for any other text."""
    lines = start[: start.rfind(b"\n") + 1].decode("utf-8", "replace").split("\n")
    rows = [line.replace(",", " ").split() for line in lines if line.strip()]
    width = len(rows[0]) if rows else 0
    if len(rows) < _ROWS or width < 2 or not all(len(row) == width and all(map(is_number, row)) for row in rows):
        return ""
    return no_header(width, ())


def unique(names: list[str]) -> list[str]:
    """Names with a number added to those that come again."""
    if len(set(names)) == len(names):
        return names
    seen: Counter[str] = Counter()
    taken, found = set(names), []
    for name in names:
        new = name
        seen[name] += 1
        if seen[name] > 1:
            while (new := f"{name}.{seen[name]}") in taken:
                seen[name] += 1
        taken.add(new)
        found.append(new)
    return found
