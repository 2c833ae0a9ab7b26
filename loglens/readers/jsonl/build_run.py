"""From tables of rows that name their cells to a run: for JSON files and for data in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note
from loglens.readers.tables.columns import Scalars, scalars
from loglens.readers.tables.step_axis import Axis
from loglens.readers.tables.table import Table
from loglens.readers.tables.tidy import pivot, split_kinds


def build_run(
    name: str,
    source: Path,
    format: str,
    parts: Sequence[tuple[Table, Axis | None]],
    *,
    file: Path | None = None,
    notes: Sequence[Note] = (),
    params: Mapping[str, Any],
) -> Run:
    """Build the run that tables hold, each with its step axis where the caller knows it.

    file: the file that the tables are from, named in notes. The run has no columns where nothing counts as a curve.
    """
    pieces = []
    for part, axis in parts:
        tidy = pivot(part)
        pieces.append(scalars(split_kinds(part) if tidy is None else tidy, file.name if file else "", axis=axis))
    whole = Scalars.join([piece for piece in pieces if len(piece.columns)])
    columns = Columns.empty() if whole is None else whole.columns
    return Run(
        name,
        source,
        format,
        columns,
        params=dict(params),
        notes=(*notes, *(whole.notes if whole else ())),
        files=(file,) if file else (),
        axes=columns.axes_kept(whole.axes) if whole else {},
    )
