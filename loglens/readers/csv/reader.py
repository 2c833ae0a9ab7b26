"""CSV logs of any delimiter: Lightning, Keras, timm, ultralytics, SB3, RLlib, DeepSpeed and others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from loglens.errors import UnreadableError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.csv.sb3_monitor import merge_monitors, monitor_start
from loglens.readers.files.run_params import params_beside, scalar
from loglens.readers.files.text_file import head
from loglens.readers.files.values import refuse
from loglens.readers.tables.columns import Scalars, scalars
from loglens.readers.tables.delimited import load
from loglens.readers.tables.header import is_number, is_wandb, split_header, split_row
from loglens.readers.tables.step_axis import is_counter, plain, row_axis
from loglens.readers.tables.table import Table
from loglens.readers.tables.tidy import pivot, split_kinds

FORMAT = "csv"

_SUFFIXES = frozenset({".csv", ".tsv"})
#: Suffixes that text logs have too: only what is plainly a table of numbers is taken.
_PERHAPS = frozenset({".log", ".txt", ".dat", ".data"})
_RUN_NAMES = frozenset("name run run_name run_id experiment exp exp_name experiment_name trial model".split())
#: AlgoPerf writes its evaluations into both files; the first has the training losses besides.
_TWICE = ("measurements.csv", "eval_measurements.csv")
_MONITOR = re.compile(r"(?:^|\.)monitor\.csv$")
_TENSORBOARD = ["wall_time", "step", "value"]
#: File names of TensorBoard's download button: run-<run>-tag-<tag>.csv
_DOWNLOAD = re.compile(r"(?:run-(?P<run>.*)-)?tag-(?P<tag>.+)")


def sniff(path: Path) -> bool:
    """By suffix; .log and .txt only with a header that names a counter, and numbers below it."""
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES | _PERHAPS:
        return False
    text = head(path)
    if suffix in _SUFFIXES:
        return not is_wandb(split_header(text)[0])
    lines = [line for line in text.split("\n")[:40] if line.strip()]
    while lines and lines[0].startswith("#{"):
        lines = lines[1:]
    if len(lines) < 2:
        return False
    names, mark = split_header(lines[0])
    cells = split_row(lines[1], mark)
    fits = len(names) > 1 and len(cells) == len(names) and any(map(is_counter, names))
    return fits and not any(map(is_number, names)) and any(map(is_number, cells))


def home(path: Path, inside: frozenset[Path]) -> Path:
    """The folder for a Lightning log and for formats of one file a metric or environment."""
    if path.name == "metrics.csv" or path.name in _TWICE:
        return path.parent
    if _MONITOR.search(path.name):
        return path.parent if _monitors(inside)[path.parent] > 1 else path
    if "plots" in path.parts and path.suffix == ".tsv":
        return _dvclive(path)[0]
    names = [plain(name) for name in split_header(head(path))[0]]
    return path.parent if names == _TENSORBOARD or _deepspeed(path, names) else path


@lru_cache(maxsize=2)
def _monitors(inside: frozenset[Path]) -> Counter[Path]:
    """How many monitor files each folder holds."""
    return Counter(path.parent for path in inside if _MONITOR.search(path.name))


def read(source: Source) -> Iterator[Run]:
    """The runs in the files of one home; most often a single one."""
    parts: dict[str, list[Part]] = {}
    failed: list[tuple[Path, UnreadableError]] = []
    files = source.files
    if {path.name for path in files} >= set(_TWICE):
        files = tuple(path for path in files if path.name != _TWICE[1])
    for path in files:
        try:
            part = _part(path)
        except UnreadableError as error:
            failed.append((path, error))
        else:
            parts.setdefault(part.run, []).append(part)
    if not parts:
        raise failed[0][1]
    notes = tuple(Note("unreadable", str(error), path.name) for path, error in failed)
    beside = params_beside(source.path if source.path.is_dir() else source.path.parent)
    for name, group in parts.items():
        run = _run(source, group, f"{source.name}/{name}" if name and len(parts) > 1 else source.name)
        yield replace(run, params=beside | dict(run.params), notes=run.notes + notes)


@dataclass(frozen=True, slots=True)
class Part:
    """What one file gives. run: the run within the source; start: Unix seconds of a monitor file."""

    path: Path
    scalars: Scalars
    params: dict[str, Any]
    run: str = ""
    start: float | None = None


def _part(path: Path) -> Part:
    tables, notes = load(path)
    tables = [table for table in tables if table.height] or tables[:1]
    names = [plain(name) for name in tables[0].names]
    _refuse_summaries(path, tables)
    start, run = None, ""
    if names[:3] == ["r", "l", "t"] and (start := monitor_start(path)) is not None:
        pieces = [scalars(table, path.name, axis=row_axis(table, "episode")) for table in tables]
    elif names == _TENSORBOARD and (match := _DOWNLOAD.search(path.stem)):
        run, tag = match["run"] or "", match["tag"]
        pieces = [scalars(table, path.name, tags={2: tag}) for table in tables]
        notes = [
            *notes,
            Note("sampled", "a download of TensorBoard's page holds at most 1000 points a tag", path.name),
        ]
    elif tag := _one_metric(path, names):
        pieces = [scalars(table, path.name, tags={len(names) - 1: tag}) for table in tables]
    else:
        pieces = [piece for table in tables for piece in _generic(table, path.name)]
    whole = Scalars.join(pieces)
    if whole is None or not len(whole.columns):
        raise refuse(path, _why_empty(tables))
    if len(tables) > 1:
        notes = [
            *notes,
            Note("restart", f"the header stands {len(tables)} times: written in as many sessions", path.name),
        ]
    return Part(path, replace(whole, notes=(*whole.notes, *notes)), _config(tables[0]), run, start)


def _generic(table: Table, file: str) -> list[Scalars]:
    tidy = pivot(table)
    if tidy is not None:
        return [scalars(tidy, file)]
    config = [col for col, name in enumerate(table.names) if name.startswith("config/")]
    split = split_kinds(table)
    return [scalars(split, file, skip=config)]


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


def _one_metric(path: Path, names: list[str]) -> str | None:
    """The tag of a file that holds one metric, which only the path names in full."""
    if tag := _deepspeed(path, names):
        return tag
    if path.suffix == ".tsv" and "plots" in path.parts and names[-1] == plain(path.stem) and "step" in names:
        return _dvclive(path)[1]
    return None


def _deepspeed(path: Path, names: list[str]) -> str | None:
    """Train_Samples_train_loss.csv with columns step, train_loss is Train/Samples/train_loss."""
    if len(names) == 2 and names[0] == "step" and plain(path.stem).endswith("_" + names[1]):
        at = len(path.stem) - len(names[1])
        return path.stem[: at - 1].replace("_", "/") + "/" + path.stem[at:]
    return None


def _dvclive(path: Path) -> tuple[Path, str]:
    """<home>/plots/metrics/train/loss.tsv: the home, and the tag train/loss."""
    at = len(path.parts) - 1 - path.parts[::-1].index("plots")
    below = path.parts[at + 1 :]
    below = below[1:] if below[0] == "metrics" else below
    return Path(*path.parts[:at]), "/".join(below).removesuffix(path.suffix)


def _config(table: Table) -> dict[str, Any]:
    """What RLlib repeats in every row: the configuration of the run."""
    return {
        name.removeprefix("config/"): scalar(cell)
        for name, cell in zip(table.names, table.first, strict=False)
        if name.startswith("config/") and cell
    }


def _refuse_summaries(path: Path, tables: Sequence[Table]) -> None:
    """A table with one row a run is no time series: no counter, and a name in every row."""
    table = tables[0]
    if len(tables) > 1 or not len(table.value) or any(map(is_counter, table.names)):
        return
    for col, cells in table.text.items():
        words = list(cells.values())
        named = plain(table.names[col]) in _RUN_NAMES and len(set(words)) > 1
        unique = len(words) == table.height > 1 and len(set(words)) == len(words)
        if (named or unique) and pivot(table) is None and not _is_time(table, col):
            raise refuse(
                path,
                f"a summary table: one row a run or item (column {table.names[col]!r}), no step column, "
                "no time series; give the logs of the runs instead",
            )


def _is_time(table: Table, col: int) -> bool:
    return bool(re.search(r"time|date", plain(table.names[col])))


def _why_empty(tables: Sequence[Table]) -> str:
    table = tables[0]
    if not table.height:
        return "a header and no row that fits it: nothing was logged, or each row has another number of cells"
    if table.texts:
        return "no numeric column: a table of text, not a training log"
    return "no number in it: every cell is blank, or only steps were logged"
