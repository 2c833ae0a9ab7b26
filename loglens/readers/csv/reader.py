"""CSV logs of any delimiter: Lightning, Keras, timm, ultralytics, SB3, RLlib, DeepSpeed and others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from loglens.errors import UnreadableError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.csv.one_metric import deepspeed, dvclive, is_download, is_dvclive, is_mlflow
from loglens.readers.csv.parts import Part, file_parts, join_downloads
from loglens.readers.csv.sb3_monitor import merge_monitors
from loglens.readers.files.other_suffixes import OTHER_SUFFIXES
from loglens.readers.files.run_params import params_beside
from loglens.readers.files.text_file import head
from loglens.readers.tables.header import is_number, is_wandb, split_header, split_row
from loglens.readers.tables.step_axis import is_counter, plain

FORMAT = "csv"

_SUFFIXES = frozenset({".csv", ".tsv"})
#: Suffixes that text logs have too: only what is plainly a table of numbers is taken.
#: What a training measures; a table without a counter names as many of these, and has as many rows.
_MEASURED, _SEVERAL = re.compile(r"loss|(?<![a-z])acc|accuracy|learning[ _]rate|reward", re.I), 2
_PERHAPS = frozenset({".log", ".txt", ".dat", ".data"})
#: Suffixes that consoles have more often than tables: all lines at the beginning must be rows.
_SELDOM = frozenset({"", ".out", ".tab", ".hist", ".history", ".res", ".results", ".stats", ".curve", ".asc", ".prn"})
_LOOKED_AT = 40
#: AlgoPerf writes its evaluations into both files; the first has the training losses besides.
_TWICE = ("measurements.csv", "eval_measurements.csv")
_MONITOR = re.compile(r"(?:^|\.)monitor\.csv$")


def sniff(path: Path) -> bool:
    """Recognise a file by its suffix; .log and .txt only with a header that names a counter, and numbers below it.

    A header that names no counter, but several measures, has nothing but numbers below it.
    """
    suffix = path.suffix.lower()
    if suffix in OTHER_SUFFIXES - _SUFFIXES - _PERHAPS - _SELDOM:
        return False
    text = head(path)
    if suffix in _SUFFIXES:
        return not is_wandb(split_header(text)[0])
    lines = [line for line in text.split("\n")[:_LOOKED_AT] if line.strip()]
    while lines and lines[0].startswith("#{"):
        lines = lines[1:]
    rows = [line for line in lines[1:] if not line.startswith("#")]
    if not rows:
        return False
    names, mark = split_header(lines[0].rstrip("\t"))  # some write a tab behind each cell
    counts = any(map(is_counter, names))
    rows = rows[:1] if suffix in _PERHAPS and counts else rows[: max(1, len(rows) - 1)]  # the last one may be cut off
    cells = [split_row(row, mark) for row in rows]
    fit = len(names) > 1 and all(len(row) == len(names) for row in cells)
    if not counts:
        measured = sum(_MEASURED.search(name) is not None for name in names) >= _SEVERAL <= len(rows)
        fit = fit and measured and all(is_number(cell) or not cell.strip() for row in cells for cell in row)
    return fit and not any(map(is_number, names)) and all(any(map(is_number, row)) for row in cells)


def fits(path: Path, columns: Sequence[str]) -> bool:
    """Whether a file is a table without a header line, of as many columns as there are names."""
    lines = [line for line in head(path).split("\n")[:40] if line.strip() and not line.startswith("#")]
    if not lines:
        return False
    _, mark = split_header(lines[0])
    cells = [split_row(line, mark) for line in lines[:1] + lines[1:-1]]  # the last one may be cut off
    return all(len(row) == len(columns) and all(map(is_number, row)) for row in cells)


def home(path: Path, inside: frozenset[Path]) -> Path:
    """The folder for a Lightning log and for formats of one file a metric or environment."""
    if path.name == "metrics.csv" or path.name in _TWICE:
        return path.parent
    if _MONITOR.search(path.name):
        return path.parent if _monitors(inside)[path.parent] > 1 else path
    if is_dvclive(path):
        return dvclive(path)[0]
    names = [plain(name) for name in split_header(head(path))[0]]
    return path.parent if is_download(names) or is_mlflow(names) or deepspeed(path, names) else path


@lru_cache(maxsize=2)
def _monitors(inside: frozenset[Path]) -> Counter[Path]:
    """How many monitor files each folder holds."""
    return Counter(path.parent for path in inside if _MONITOR.search(path.name))


def read(source: Source) -> Iterator[Run]:
    """The runs in the files of one home; most often a single one."""
    parts: list[Part] = []
    failed: list[tuple[Path, UnreadableError]] = []
    files = source.files
    if {path.name for path in files} >= set(_TWICE):
        files = tuple(path for path in files if path.name != _TWICE[1])
    for path in files:
        try:
            parts += file_parts(path, source.columns)
        except UnreadableError as error:
            failed.append((path, error))
    if not parts:
        raise failed[0][1]
    notes = tuple(Note("unreadable", str(error), path.name) for path, error in failed)
    beside = params_beside(source.path if source.path.is_dir() else source.path.parent)
    runs: dict[str, list[Part]] = {}
    for part in join_downloads(parts):
        runs.setdefault(part.run, []).append(part)
    shown = Counter(group[0].label or name for name, group in runs.items())
    for name, group in runs.items():
        label = group[0].label
        name = name if not label else label if shown[label] == 1 else f"{label}-{name[:8]}"
        run = _run(source, group, f"{source.name}/{name}" if name and len(runs) > 1 else source.name)
        yield replace(run, params=beside | dict(run.params), notes=run.notes + notes)


def _run(source: Source, parts: Sequence[Part], name: str) -> Run:
    axes: dict[str, str] = {}
    params: dict[str, Any] = {}
    for part in parts:
        axes |= part.scalars.axes
        params |= part.params
    starts = [part.start for part in parts if part.start is not None]
    pieces = [part.scalars.columns for part in parts]
    if len(starts) == len(parts):
        columns = merge_monitors(pieces, starts)
    else:
        columns = Columns.join(pieces) if len(pieces) > 1 else pieces[0]
    notes = tuple(dict.fromkeys(note for part in parts for note in part.scalars.notes))
    files = tuple(part.path for part in parts)
    return Run(name, source.path, FORMAT, columns, params=params, notes=notes, files=files, axes=axes)
