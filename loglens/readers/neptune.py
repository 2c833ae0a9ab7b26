"""Neptune: runs that its exporter has written as Parquet files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.errors import UnreadableError
from loglens.model.columns import Columns, Histogram
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files import parquet_file
from loglens.readers.files.values import refuse
from loglens.stats.arrays import Floats, Ints

FORMAT = "neptune"

_NEEDED = {b"attribute_path", b"attribute_type"}
_PART = re.compile(r"_part_\d+$")
_VALUES = ("int_value", "float_value", "string_value", "bool_value")
_COLUMNS = ["run_id", "attribute_path", "attribute_type", "step", "timestamp", *_VALUES, "histogram_value"]
_PARAMS = frozenset({"float", "int", "string", "bool"})


def sniff(path: Path) -> bool:
    """A Parquet file with the columns of the exporter."""
    return path.suffix == ".parquet" and parquet_file.names(path) >= _NEEDED


def home(path: Path, inside: frozenset[Path]) -> Path:
    """The first part of a run that was cut into several files."""
    stem = _PART.sub("", path.stem)
    parts = [other for other in (path.with_name(f"{stem}_part_{n}.parquet") for n in (0, 1)) if other in inside]
    return parts[0] if parts and stem != path.stem else path


@dataclass(slots=True)
class _Export:
    """The content of one run, collected over the parts of an export."""

    params: dict[str, Any] = field(default_factory=dict)
    series: dict[str, list[tuple[Floats, Floats, Floats]]] = field(default_factory=dict)
    histogram_rows: list[Histogram] = field(default_factory=list)


def read(source: Source) -> Iterator[Run]:
    """The runs in the parts of an export."""
    found: dict[str, _Export] = {}
    failed: list[tuple[Path, UnreadableError]] = []
    for path in sorted(source.files, key=lambda path: (len(path.name), path.name)):
        try:
            for batch in parquet_file.batches(path, _COLUMNS):
                _take(found, batch)
        except UnreadableError as error:
            failed.append((path, error))
        except KeyError as error:
            failed.append((path, refuse(path, f"no column {error}, which the exporter writes")))
        except ValueError:
            failed.append(
                (path, refuse(path, "a step, a time or a value that is not a number as the exporter writes them"))
            )
    runs = {key: export for key, export in found.items() if export.series or export.params}
    if not runs:
        raise failed[0][1] if failed else refuse(source.files[0], "an export without a run in it")
    notes = tuple(Note("unreadable", str(error), path.name) for path, error in failed)
    for key, export in runs.items():
        yield _run(source, source.name if len(runs) == 1 else f"{source.name}/{key}", key, export, notes)


def _take(found: dict[str, _Export], batch: parquet_file.Batch) -> None:
    """Add one batch of rows. The exporter writes step by step, so the rows of a series are not contiguous."""
    columns = dict(batch)
    step, value = columns["step"].numbers(), columns["float_value"].numbers()
    time = columns["timestamp"].numbers() / (1.0 if columns["timestamp"].kind == "time" else 1e3)
    time[time < 0] = np.nan
    rows: dict[tuple[str, str, str], list[int]] = {}
    keys = (map(str, columns[name].cells()) for name in ("run_id", "attribute_path", "attribute_type"))
    for row, key in enumerate(zip(*keys, strict=True)):
        rows.setdefault(key, []).append(row)
    cells = {name: columns[name].cells() for name in (*_VALUES, "histogram_value") if name in columns}
    for (run, path, kind), mine in rows.items():
        export = found.setdefault(run, _Export())
        if kind == "float_series":
            export.series.setdefault(path, []).append((step[mine], time[mine], value[mine]))
        elif kind in _PARAMS:
            said = (cells[name][mine[0]] for name in _VALUES if name in cells)
            export.params[path] = next((each for each in said if each is not None), None)
        elif kind == "histogram_series" and "histogram_value" in cells:
            entries = ((cells["histogram_value"][n], step[n], time[n]) for n in mine)
            export.histogram_rows += (each for point in entries if (each := _histogram(path, *point)) is not None)


def _histogram(path: str, value: Any, step: float, time: float) -> Histogram | None:
    try:
        edges = np.asarray(value["edges"], np.float64)
        counts = np.asarray(value["values"], np.float64)
    except (TypeError, KeyError, ValueError):
        return None
    if (
        value.get("type") not in (None, "COUNTING", "counting")
        or counts.ndim != 1
        or edges.shape != (counts.size + 1,)
        or not counts.size
    ):
        return None
    at = int(step) if np.isfinite(step) and abs(step) < 2**62 else 0
    with np.errstate(over="ignore", invalid="ignore"):
        middle = (edges[1:] + edges[:-1]) / 2
        sums = float(counts.sum()), float(counts @ middle), float(counts @ middle**2)
    not_finite = ~np.isfinite(edges)
    bad = float(counts[not_finite[1:] | not_finite[:-1]].sum())
    return Histogram(path, at, time, *sums, float(edges[0]), float(edges[-1]), bad, edges, counts, exact=False)


def _run(source: Source, name: str, key: str, export: _Export, notes: tuple[Note, ...]) -> Run:
    parts, axes, scaled = [], {}, []
    for tag, pieces in export.series.items():
        at, time, value = (np.concatenate(each) for each in zip(*pieces, strict=True))
        step, axis = _steps(at)
        if axis != "step":
            axes[tag] = axis
            scaled.append(tag)
        if tag.startswith("monitoring/"):
            step, axes[tag] = np.arange(len(at)), "sample"
        parts.append(_columns(tag, step, time, value))
    found = list(notes)
    if scaled:
        few = ", ".join(scaled[:3]) + (" ..." if len(scaled) > 3 else "")
        found.append(
            Note("fractional", f"{few}: steps are not whole numbers; the order of the points is used instead", "")
        )
    return Run(
        name,
        source.path,
        FORMAT,
        Columns.join(parts),
        histogram_rows=tuple(export.histogram_rows),
        params={"run_id": key} | export.params,
        notes=tuple(found),
        files=source.files,
        axes=axes,
    )


def _steps(at: Floats) -> tuple[Ints, str]:
    """Steps as whole numbers; the order of the points where they have fractions."""
    if np.isfinite(at).all() and (at == np.floor(at)).all() and (np.abs(at) < 2.0**62).all():
        return at.astype(np.int64), "step"
    return np.arange(len(at), dtype=np.int64), "arrival"


def _columns(tag: str, step: NDArray[Any], time: Floats, value: Floats) -> Columns:
    count = len(step)
    zeros = np.zeros(count, np.int32)
    return Columns((tag,), zeros, step.astype(np.int64), time, value, zeros)
