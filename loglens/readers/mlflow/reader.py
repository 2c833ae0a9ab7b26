"""MLflow: the file store `mlruns/`, and the SQLite file `mlflow.db`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from loglens.errors import UnreadableError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files import sqlite_file
from loglens.readers.files.run_params import flat_yaml, scalar
from loglens.readers.files.text_file import LineTooLongError, head, open_text
from loglens.readers.mlflow.database import DELETED, database, in_order, status_notes

FORMAT = "mlflow"

_WORDS = (b"metrics", b"run_uuid", b"is_nan")
_DELETED = ".trash"
_MAX_PARAM = 6000
#: Numbers of a status in the file store.
STATUS = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_SAID = {key: key for key in ("run_name", "run_id", "lifecycle_stage")} | {"name": "run_name", "run_uuid": "run_id"}


def sniff(path: Path) -> bool:
    """A file of a run of the file store (meta.yaml, metrics/...), or an SQLite file with its tables."""
    folder = _run_folder(path)
    if folder is not None:
        return _DELETED not in path.parts and any(key in head(folder / "meta.yaml") for key in ("run_id:", "run_uuid:"))
    return sqlite_file.holds(path, _WORDS)


def _run_folder(path: Path) -> Path | None:
    """The folder of the run to whose meta.yaml or metrics a file belongs."""
    path = path.absolute()
    if path.name == "meta.yaml":
        return path.parent
    for parent in path.parents:
        if parent.name == "metrics" and (parent.parent / "meta.yaml").is_file():
            return parent.parent
    return None


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The folder of the run, under the path it was found by; for a database, the file."""
    if path.name == "meta.yaml":
        return path.parent
    folder = _run_folder(path)
    if folder is None:
        return path
    return next((parent for parent in path.parents if parent.absolute() == folder), folder)


def read(source: Source) -> Iterator[Run]:
    """The run of a folder, or the runs of a database."""
    if len(source.files) == 1 and _run_folder(source.files[0]) is None:
        yield from database(source, FORMAT)
        return
    folder = _run_folder(source.files[0]) or source.path
    notes: list[Note] = []
    params = _meta(folder)
    if params.pop("lifecycle_stage", "") == DELETED:
        raise UnreadableError("a run that was deleted in MLflow: left out; restore it there to read it")
    parts = []
    for path in sorted(source.files):
        if path.name == "meta.yaml" and path.absolute().parent == folder:
            continue
        tag = path.absolute().relative_to(folder / "metrics").as_posix()
        try:
            parts.append(_curve(path, tag, notes))
        except UnreadableError as error:
            notes.append(Note("unreadable", str(error), tag))
    if not parts and notes:
        raise UnreadableError(notes[0].message)
    params |= _params(folder / "params")
    notes += status_notes(str(params.get("status", "")), "meta.yaml")
    columns = Columns.join(parts)
    if not len(columns):
        notes.append(Note("empty", "no metric: the run ended before it logged one", ""))
    axes = {tag: "sample" for tag in columns.tags if tag.startswith("system/")}
    yield Run(
        source.name, source.path, FORMAT, columns, params=params, notes=tuple(notes), files=source.files, axes=axes
    )


def _curve(path: Path, tag: str, notes: list[Note]) -> Columns:
    """The points of a file: `time value`, `time value step`, and names of data or model after that."""
    points: list[tuple[int, float, float]] = []
    lost, cut_off = 0, False
    try:
        for block in open_text(path):
            lines = block.split(b"\n")
            cut_off = bool(lines.pop())  # each line is written with its end
            for line in lines:
                cells = line.split()
                try:
                    step = int(cells[2]) if len(cells) > 2 else 0
                    if abs(step) >= 2**62:
                        raise ValueError
                    points.append((step, float(cells[0]) / 1000, float(cells[1])))
                except (ValueError, IndexError):
                    lost += bool(cells)
    except LineTooLongError:
        lost += 1
    if cut_off:
        notes.append(Note("truncated", f"the last line of {tag} is cut off (killed, or still writing)", path.name))
    if lost:
        notes.append(Note("corrupt", f"{lost} lines of {tag} are not points and were left out", path.name))
    steps, times = (
        np.array([at for at, _, _ in points], np.int64),
        np.array([time for _, time, _ in points], np.float64),
    )
    order, zeros = in_order(steps, times), np.zeros(len(points), np.int32)
    values = np.array([value for _, _, value in points], np.float64)
    return Columns((tag,), zeros, steps[order], times[order], values[order], zeros)


def _meta(folder: Path) -> dict[str, Any]:
    """Parameters of the run from meta.yaml, without paths and user names."""
    said = flat_yaml(head(folder / "meta.yaml", 1 << 16))
    params = {_SAID[key]: str(value) for key, value in said.items() if key in _SAID and value}
    status = str(said.get("status", ""))
    if status:
        params["status"] = STATUS.get(status, status)
    return params


def _params(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file())[:10_000]
    except OSError:
        return found
    for path in files:
        found[path.relative_to(folder).as_posix()] = scalar(head(path, _MAX_PARAM))
    return found
