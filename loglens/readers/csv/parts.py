"""Read one CSV file: the curves of a run, or of several runs in one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from loglens.model.source import Note
from loglens.readers.csv.one_metric import download_name, halves, is_download, is_mlflow, one_metric
from loglens.readers.csv.sb3_monitor import monitor_start
from loglens.readers.csv.summary_table import refuse_summaries, why_empty
from loglens.readers.files.run_params import scalar
from loglens.readers.files.values import refuse
from loglens.readers.tables.columns import Scalars, scalars
from loglens.readers.tables.delimited import load
from loglens.readers.tables.several_runs import split_by, split_runs
from loglens.readers.tables.step_axis import plain, row_axis
from loglens.readers.tables.table import Table
from loglens.readers.tables.tidy import pivot, split_kinds

#: Files without a header line whose columns their writer names: DeepLabCut's docs on `train_network`.
KNOWN = {"learning_stats.csv": ("iteration", "loss", "lr")}


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a run that one file holds.

    run: the run within the source, label: how it is called where that is another; start: Unix seconds of a
    monitor file; downloaded: from TensorBoard's page.
    """

    path: Path
    scalars: Scalars
    params: dict[str, Any]
    run: str = ""
    label: str = ""
    start: float | None = None
    downloaded: bool = False


def file_parts(path: Path, columns: Sequence[str] = ()) -> list[Part]:
    """The curves of a file by run. Raises UnreadableError where there are none.

    columns: the names of the columns where the file has no header line.
    """
    tables, notes = load(path, columns or KNOWN.get(path.name, ()))
    tables = [table for table in tables if table.height] or tables[:1]
    if len(tables) > 1:
        notes.append(Note("restart", f"the header stands {len(tables)} times: written in as many sessions", path.name))
    names = [plain(name) for name in tables[0].names]
    if is_mlflow(names):
        return [part for table in tables for part in _mlflow(path, table, notes)] or _fail(path, tables[0])
    if len(tables) == 1 and not is_download(names) and (runs := split_runs(tables[0])):
        found = [_part(path, _generic([part.table], path.name), [], part.params, run=part.name) for part in runs]
        return [part for part in found if len(part.scalars.columns)] or _fail(path, tables[0])
    refuse_summaries(path, tables)
    part = _single(path, tables, names, notes)
    return [part] if len(part.scalars.columns) else _fail(path, tables[0])


def _mlflow(path: Path, table: Table, notes: Sequence[Note]) -> Iterator[Part]:
    """The runs of a download of MLflow's page, each with a part of its curves, by the id."""
    names = [plain(name) for name in table.names]
    for rows in split_by(table, names.index("run_id")):
        (run,) = rows.params.values()
        words = rows.table.text.get(names.index("run"), {})
        label = next(iter(words.values()), str(run))
        once = _each_row_once(rows.table)
        repeats = rows.table.height - once.height
        said = [
            Note("repeated", f"rows that are the same as an earlier one in all columns: {repeats}, left out", path.name)
        ]
        part = _part(
            path, _generic([once], path.name), [*notes, *said[:repeats]], {"run_name": label, "run_id": str(run)}
        )
        if len(part.scalars.columns):
            yield replace(part, run=str(run), label=label)


def _each_row_once(table: Table) -> Table:
    """The table without rows that are the same as an earlier one in all columns, the time in milliseconds included."""
    words = [[cells.get(row, "") for row in range(table.height)] for cells in table.text.values()]
    numbers = [table.dense(col).view(np.int64).tolist() for col in range(len(table.names))]  # NaN is equal to NaN
    first: dict[tuple[str | int, ...], int] = {}
    for place, row in enumerate(zip(*words, *numbers, strict=True)):
        first.setdefault(row, place)
    keep = np.zeros(table.height, bool)
    keep[list(first.values())] = True
    return table.rows(keep)


def _single(path: Path, tables: Sequence[Table], names: Sequence[str], notes: Sequence[Note]) -> Part:
    config = _config(tables[0])
    if names[:3] == ["r", "l", "t"] and (start := monitor_start(path)) is not None:
        pieces = [scalars(table, path.name, axis=row_axis(table, "episode")) for table in tables]
        return _part(path, pieces, notes, config, start=start)
    if is_download(names):
        run, tag = download_name(path)
        sampled = Note("sampled", "a download from TensorBoard's page holds at most 1000 points per tag", path.name)
        return _part(path, _last_column(tables, path, tag), [*notes, sampled], config, run=run, downloaded=True)
    if metric := one_metric(path, names):
        return _part(path, _last_column(tables, path, metric), notes, config)
    return _part(path, _generic(tables, path.name), notes, config)


def _part(path: Path, pieces: Iterable[Scalars], notes: Sequence[Note], params: dict[str, Any], **more: Any) -> Part:
    pieces = list(pieces)
    whole = Scalars.join(pieces) or pieces[0]
    return Part(path, replace(whole, notes=(*whole.notes, *notes)), params, **more)


def _last_column(tables: Iterable[Table], path: Path, tag: str) -> list[Scalars]:
    return [scalars(table, path.name, tags={len(table.names) - 1: tag}) for table in tables]


def _generic(tables: Iterable[Table], file: str) -> Iterator[Scalars]:
    for table in tables:
        tidy = pivot(table)
        config = [col for col, name in enumerate(table.names) if name.startswith("config/")]
        yield scalars(split_kinds(table), file, skip=config) if tidy is None else scalars(tidy, file)


def _fail(path: Path, table: Table) -> list[Part]:
    raise refuse(path, why_empty(table))


def join_downloads(parts: Sequence[Part]) -> list[Part]:
    """The parts with the halves of one run ("a_train", "a_test") put together, and never two files under one tag."""
    known = halves([part.run for part in parts if part.downloaded])
    taken: set[tuple[str, str]] = set()
    found = []
    for part in parts:
        if not part.downloaded:
            found.append(part)
            continue
        run, prefix = known[part.run]
        (tag,) = part.scalars.columns.tags
        names = (prefix + tag, prefix + part.path.stem, prefix + part.path.name)
        name = next((each for each in names if (run, each) not in taken), names[-1])
        taken.add((run, name))
        columns = replace(part.scalars.columns, tags=(name,))
        axes = dict.fromkeys((name,), part.scalars.axes[tag]) if part.scalars.axes else {}
        found.append(replace(part, run=run, scalars=replace(part.scalars, columns=columns, axes=axes)))
    return found


def _config(table: Table) -> dict[str, Any]:
    """The configuration of the run, which RLlib repeats in every row."""
    return {
        name.removeprefix("config/"): scalar(cell)
        for name, cell in zip(table.names, table.first, strict=False)
        if name.startswith("config/") and cell
    }
