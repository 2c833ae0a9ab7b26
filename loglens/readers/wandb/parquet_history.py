"""Weights & Biases: the whole history of a run as Parquet, `<first>_<last>.parquet` (needs pyarrow)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files import parquet_file
from loglens.readers.files.values import number, refuse
from loglens.readers.tables.row_collector import RunRows, whole_number

FORMAT = "wandb"

_OWN = frozenset({"_step", "_timestamp", "_wandb"})
_PART = re.compile(r"(\d+)_\d+$")


def sniff(path: Path) -> bool:
    """A Parquet file with a column _step."""
    return path.suffix == ".parquet" and b"_step" in parquet_file.names(path)


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The folder of the parts of one export; the file where it has a name of its own."""
    return path.parent if _PART.match(path.stem) else path


def read(source: Source) -> Iterator[Run]:
    """The run of an export, its parts one after another."""
    rows, failed = RunRows(), list[tuple[Path, UnreadableError]]()
    for path in sorted(source.files, key=_first):
        try:
            for row in parquet_file.rows(path):
                rows.add(whole_number(row.get("_step")), _time(row.get("_timestamp")), _values(row))
        except UnreadableError as error:
            failed.append((path, error))
    columns = rows.columns()
    if not len(columns) and not rows.histogram_rows:
        raise failed[0][1] if failed else refuse(source.files[0], "a history without a number in it")
    yield Run(
        source.name,
        source.path,
        FORMAT,
        columns,
        histogram_rows=tuple(rows.histogram_rows),
        notes=tuple(Note("unreadable", str(error), path.name) for path, error in failed),
        files=source.files,
    )


def _first(path: Path) -> tuple[int, str]:
    part = _PART.match(path.stem)
    return int(part[1][:18]) if part else 0, path.name


def _values(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in _OWN and value is not None}


def _time(stamp: Any) -> float:
    seconds = number(stamp)
    return float("nan") if seconds is None else seconds
