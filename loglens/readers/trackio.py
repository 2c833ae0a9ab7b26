"""Trackio: one SQLite file a project, or its copy as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from loglens.errors import UnreadableError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files import parquet_file, sqlite_file
from loglens.readers.files.json_file import parse
from loglens.readers.files.run_params import flat
from loglens.readers.files.values import refuse
from loglens.readers.tables.row_collector import RunRows, unique, whole_number

FORMAT = "trackio"

_WORDS = (b"run_name", b"metrics", b"configs", b"timestamp")
#: What a row of the Parquet copy has besides its metrics.
_OWN = frozenset({"id", "run_id", "timestamp", "run_name", "step", "log_id", "space_id", "created_at"})
_PARTS = ("_system", "_configs", "_traces")


def sniff(path: Path) -> bool:
    """An SQLite file with Trackio's tables, or a Parquet file with its columns."""
    if path.suffix == ".parquet":
        names = parquet_file.names(path)
        return {b"run_name", b"timestamp", b"step"} <= names or (
            b"run_name" in names and any(path.stem.endswith(part) for part in _PARTS)
        )
    return sqlite_file.holds(path, _WORDS)


def home(path: Path, inside: frozenset[Path]) -> Path:
    """The database or the Parquet file of the project; a copy and its additional files belong to it."""
    stem = next((path.stem.removesuffix(part) for part in _PARTS if path.stem.endswith(part)), path.stem)
    mains = (path.with_name(stem + suffix) for suffix in (".db", ".parquet"))
    return next((main for main in mains if main in inside), path)


@dataclass(slots=True)
class _Project:
    """The rows of a project by run: by its id, or by its name in old files."""

    names: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, RunRows] = field(default_factory=dict)
    system: dict[str, RunRows] = field(default_factory=dict)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, list[Note]] = field(default_factory=dict)

    def key(self, run_id: Any, name: Any) -> str:
        key = str(run_id or name or "")
        self.names.setdefault(key, str(name or ""))
        return key


def read(source: Source) -> Iterator[Run]:
    """The runs of a project."""
    project, notes = _Project(), list[Note]()
    failed: list[UnreadableError] = []
    databases = [path for path in source.files if path.suffix != ".parquet"]
    for path in databases or source.files:
        try:
            if path.suffix == ".parquet":
                _copy(path, project)
            else:
                _database(path, project, notes)
        except UnreadableError as error:
            failed.append(error)
    keys = [key for key in project.names if project.metrics.get(key) or project.system.get(key)]
    if not keys:
        raise failed[0] if failed else refuse(source.files[0], "a Trackio project without a run that logged")
    notes += [Note("unreadable", str(error), source.path.name) for error in failed]
    for key, name in zip(keys, unique([project.names[key] for key in keys], keys), strict=True):
        yield _run(source, project, key, source.name if len(keys) == 1 else f"{source.name}/{name}", notes)


def _run(source: Source, project: _Project, key: str, name: str, notes: list[Note]) -> Run:
    metrics, system = project.metrics.get(key, RunRows()), project.system.get(key, RunRows())
    own = system.columns()
    return Run(
        name,
        source.path,
        FORMAT,
        Columns.join([metrics.columns(), own]),
        histogram_rows=tuple(metrics.histogram_rows),
        params={"run_name": project.names[key]} | project.params.get(key, {}),
        notes=(*notes, *project.notes.get(key, ())),
        files=source.files,
        axes=dict.fromkeys(own.tags, "sample"),
    )


def _database(path: Path, project: _Project, notes: list[Note]) -> None:
    def table(name: str, *wanted: str) -> Iterator[tuple[Any, ...]]:
        return sqlite_file.rows(connection, name, ("run_id", "run_name", *wanted), notes, path.name)

    lost = 0
    with sqlite_file.opened(path, notes) as connection:
        if "metrics" not in sqlite_file.columns(connection, "metrics"):
            raise refuse(path, "its table metrics is not the one that Trackio writes")
        for run_id, name, step, time, content in table("metrics", "step", "timestamp", "metrics"):
            row = _object(content)
            lost += row is None
            rows = project.metrics.setdefault(project.key(run_id, name), RunRows())
            rows.add(whole_number(step), _seconds(time), row or {})
        for run_id, name, time, content in table("system_metrics", "timestamp", "metrics"):
            rows = project.system.setdefault(project.key(run_id, name), RunRows("system/"))
            rows.add(None, _seconds(time), _object(content) or {})
        for run_id, name, content in table("configs", "config"):
            _configure(project, project.key(run_id, name), _object(content) or {})
        for run_id, name, title, text, level, step in table("alerts", "title", "text", "level", "step"):
            said = ": ".join(str(word) for word in (title, text) if word)
            message = f"{level or 'alert'} at step {step}: {said}"[:500]
            project.notes.setdefault(project.key(run_id, name), []).append(Note("alert", message, path.name))
    if lost:
        notes.append(Note("corrupt", f"{lost} rows are not JSON objects and were left out", path.name))


def _copy(path: Path, project: _Project) -> None:
    """The rows of a Parquet copy, in which the metrics are columns."""
    for row in parquet_file.rows(path):
        key = project.key(row.get("run_id"), row.get("run_name"))
        values = {name: value for name, value in row.items() if name not in _OWN and value is not None}
        if path.stem.endswith("_configs"):
            _configure(project, key, values)
        elif path.stem.endswith("_system"):
            project.system.setdefault(key, RunRows("system/")).add(None, _seconds(row.get("timestamp")), values)
        elif "step" in row and not path.stem.endswith("_traces"):
            rows = project.metrics.setdefault(key, RunRows())
            rows.add(whole_number(row["step"]), _seconds(row.get("timestamp")), values)


def _configure(project: _Project, key: str, values: dict[str, Any]) -> None:
    project.params[key] = flat({name: value for name, value in values.items() if not name.startswith("_")})


def _object(content: Any) -> dict[str, Any] | None:
    """Parse the JSON object in a cell of text or bytes; None for anything else."""
    if not isinstance(content, str | bytes):
        return None
    try:
        value = parse(content)
    except (ValueError, json.JSONDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _seconds(stamp: Any) -> float:
    """Unix seconds of an ISO date (UTC where it names no zone), NaN for other text."""
    if isinstance(stamp, int | float):
        return float(stamp)
    try:
        date = stamp if isinstance(stamp, datetime) else datetime.fromisoformat(str(stamp))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return float(np.nan)
