"""Weights & Biases: charts exported as CSV, and histories as CSV or JSON lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from loglens.errors import UnreadableError
from loglens.model.columns import Histogram
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files.json_file import flatten, objects
from loglens.readers.files.text_file import head
from loglens.readers.files.values import refuse
from loglens.readers.tables.columns import Scalars, scalars
from loglens.readers.tables.delimited import load
from loglens.readers.tables.header import is_history, is_runs_table, is_wandb, split_header
from loglens.readers.tables.step_axis import plain
from loglens.readers.tables.table import Rows, Table, batches
from loglens.readers.tables.wandb_histogram import histogram
from loglens.readers.wandb.charts import Chart, charts

FORMAT = "wandb"

_CSV, _JSONL = frozenset({".csv", ".tsv"}), frozenset({".jsonl", ".ndjson", ".json"})
#: `run.history()` samples a longer run down to this many rows.
_SAMPLES = 500


def sniff(path: Path) -> bool:
    """Recognise columns that only W&B writes: "<run> - <metric>", _step with _runtime or _timestamp, the runs table."""
    suffix = path.suffix.lower()
    if suffix in _CSV:
        return is_wandb(split_header(head(path))[0])
    if path.name == "wandb-history.jsonl":
        return True
    if suffix not in _JSONL or path.name == "wandb-summary.json":
        return False
    text = head(path).lstrip("\ufeff \t\n")
    return text.startswith("{") and is_history(re.findall(r'"(_step|_runtime|_timestamp)"\s*:', text))


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The folder for charts, of which each holds one metric; the file for a history."""
    if path.suffix.lower() not in _CSV:
        return path
    names = split_header(head(path))[0]
    return path if is_history(names) or is_runs_table(names) else path.parent


def read(source: Source) -> Iterator[Run]:
    """The runs of all charts in a folder, merged by name; or the one of a history."""
    failed: list[tuple[Path, UnreadableError]] = []
    found: list[Chart] = []
    runs: list[Run] = []
    for path in source.files:
        try:
            if path.suffix.lower() in _JSONL:
                runs.append(_lines(source, path))
                continue
            tables, notes = load(path)
            if is_history(list(tables[0].names)):
                runs.append(_history(source, path, tables, notes))
            else:
                found += _charts(path, tables, notes)
        except UnreadableError as error:
            failed.append((path, error))
    runs += _merge(source, found)
    if not runs:
        raise failed[0][1]
    notes = [Note("unreadable", str(error), path.name) for path, error in failed]
    for run in runs:
        yield replace(run, notes=(*run.notes, *notes))


def _charts(path: Path, tables: list[Table], notes: list[Note]) -> list[Chart]:
    table = tables[0]
    if is_runs_table(list(table.names)):
        raise refuse(
            path,
            "a runs table: one row per run, not a time series; export the charts or the history instead",
        )
    if not table.height:
        raise refuse(path, "a chart without points: export it again once the run has logged")
    found = charts(table, path)
    if not any(len(chart.scalars.columns) for chart in found):
        raise refuse(path, "a chart without a number in it")
    return [replace(chart, notes=(*chart.notes, *notes)) for chart in found]


def _merge(source: Source, found: list[Chart]) -> list[Run]:
    """One run a run name. Charts of several files of the same run are one run."""
    names = dict.fromkeys(chart.run for chart in found)
    runs = []
    for name in names:
        mine = [chart for chart in found if chart.run == name]
        whole = Scalars.join(chart.scalars for chart in mine)
        if whole is None:
            continue
        notes = tuple(dict.fromkeys([*whole.notes, *(note for chart in mine for note in chart.notes)]))
        runs.append(
            Run(
                f"{source.name}/{name}" if name else source.name,
                source.path,
                FORMAT,
                replace(whole.columns, session=np.zeros(len(whole.columns), np.int32)),
                params={"run_name": name} if name else {},
                notes=notes,
                files=tuple(dict.fromkeys(chart.path for chart in mine)),
                axes=whole.axes,
            )
        )
    return runs


def _history(source: Source, path: Path, tables: list[Table], notes: list[Note]) -> Run:
    whole = Scalars.join([_scalars(table, path) for table in tables])
    if whole is None or not len(whole.columns):
        raise refuse(path, "a history without a number: nothing was logged")
    found = (*notes, *whole.notes, *_sampled(tables[0], path))
    return Run(source.name, source.path, FORMAT, whole.columns, notes=found, files=(path,), axes=whole.axes)


def _lines(source: Source, path: Path) -> Run:
    rows = Rows()
    notes: list[Note] = []
    histogram_rows: list[Histogram] = []
    for some in batches(objects(path, notes)):
        for row in some if not rows.add_numbers(some) else ():

            def typed(tag: str, value: dict[str, Any], row: dict[str, Any] = row) -> None:
                stamp = (_int(row.get("_step")), _float(row.get("_timestamp")))
                if (summary := histogram(tag, value, *stamp)) is not None:
                    histogram_rows.append(summary)

            numbers, _ = flatten(row, ".", typed)
            rows.add(numbers)
    if not rows.height:
        raise refuse(path, "no line is a JSON object: a history without a row")
    table = rows.table()
    whole = _scalars(table, path)
    if not len(whole.columns) and not histogram_rows:
        raise refuse(path, "a history without a number: nothing was logged")
    sampled = [] if path.name == "wandb-history.jsonl" else _sampled(table, path)
    return Run(
        source.name,
        source.path,
        FORMAT,
        whole.columns,
        histogram_rows=tuple(histogram_rows),
        notes=(*notes, *whole.notes, *sampled),
        files=(path,),
        axes=whole.axes,
    )


def _scalars(table: Table, path: Path) -> Scalars:
    stamp = [col for col, name in enumerate(table.names) if name == "_timestamp"]
    return scalars(table, path.name, skip=stamp)


def _int(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and abs(value) < 2**62 else 0


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else np.nan


def _sampled(table: Table, path: Path) -> list[Note]:
    """Whether a dump looks drawn at random: nearly 500 rows at steps of no regular distance."""
    names = [plain(name) for name in table.names]
    if not 0.9 * _SAMPLES <= table.height <= _SAMPLES or "_step" not in names:
        return []
    gaps = np.diff(table.dense(names.index("_step")))
    if len(np.unique(gaps)) <= 3:
        return []
    message = f"{table.height} rows at irregular steps: `run.history()` samples; `run.scan_history()` has all"
    return [Note("sampled", message, path.name)]
