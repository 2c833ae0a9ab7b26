"""Aim, ClearML, Comet, Neptune, VisualDL: offline sessions of ClearML are read; of the others, how to export them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from loglens.errors import UnreadableError
from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files.json_file import parse
from loglens.readers.files.text_file import LineTooLongError, head, open_text
from loglens.readers.files.values import number, refuse
from loglens.readers.tables.row_collector import whole_number

FORMAT = "foreign"

#: What to say of logs that only their own library can open.
RECIPES = {
    "aim": "an Aim repository (RocksDB), which only aim can open; export it: "
    "for run in aim.Repo('.').iter_runs(): run.dataframe().to_csv(run.hash + '.csv')",
    "clearml": "a zipped offline session of ClearML; unpack it and point at its metrics.jsonl",
    "comet": "an offline experiment of Comet; upload it (comet upload FILE.zip) and download the metrics as CSV, "
    "or: comet_ml.API().get_experiment(...).get_metrics()",
    "neptune": "a run that Neptune's client keeps until it can be sent; send it (neptune sync), and export it with "
    "neptune-exporter as Parquet files",
    "visualdl": "a VisualDL log, which only visualdl can open; export it: "
    "visualdl.LogReader(file_path=FILE).get_data('scalar', TAG)",
}
_VISUALDL = re.compile(r"^vdlrecords\..*\.log$")
_NEPTUNE = re.compile(r"^data-\d+\.log$")
_MAX_POINTS = 100_000_000
#: The names in a zip archive stand at its end; so much of it is looked at, nothing is unpacked.
_DIRECTORY = 1 << 20
_ENTRY = re.compile(rb"PK\x01\x02")


def sniff(path: Path) -> bool:
    """Recognise the files of these trackers by place and name, archives by their content."""
    return bool(_kind(path))


def _kind(path: Path) -> str:
    parts = path.absolute().parts
    if ".aim" in parts[:-1]:
        return "aim" if path.name == "run_metadata.sqlite" or "chunks" in parts else ""
    if _VISUALDL.match(path.name):
        return "visualdl"
    if _NEPTUNE.match(path.name):
        return "neptune" if head(path).startswith('{"obj": {"type": "') else ""
    if path.suffix == ".zip":
        return _archive(path)
    if path.name == "metrics.jsonl" and "training_stats_" in (start := head(path)):
        return "events" if start.lstrip().startswith(("[", "{")) and '"variant"' in start else ""
    return ""


def _archive(path: Path) -> str:
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            if file.read(4) != b"PK\3\4":
                return ""
            file.seek(max(0, file.seek(0, 2) - _DIRECTORY))
            directory = file.read()
    except OSError:
        return ""
    names = set()
    for entry in _ENTRY.finditer(directory):  # a header of 46 bytes, with the length of the name in it
        start, size = entry.start() + 46, int.from_bytes(directory[entry.start() + 28 : entry.start() + 30], "little")
        names.add(directory[start : start + size].rpartition(b"/")[2])
    if {b"task.json", b"metrics.jsonl"} <= names:
        return "clearml"
    return "comet" if {b"experiment.json", b"messages.json"} <= names else ""


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The repository of Aim; the file for the others."""
    if _kind(path) == "aim":
        return next((parent for parent in path.parents if parent.name == ".aim"), path)
    return path


def read(source: Source) -> Iterator[Run]:
    """The run of an offline session of ClearML. Raises UnreadableError with the recipe for the others."""
    kind = _kind(source.files[0])
    if kind != "events":
        raise UnreadableError(RECIPES.get(kind, "a log that no longer exists"))
    for path in source.files:
        yield _clearml(source, path)


class _Curves:
    """Collects the scalars of one session, event by event."""

    def __init__(self) -> None:
        self.tags: dict[str, int] = {}
        self.points: list[tuple[int, int, float, float]] = []
        self.lost = 0
        self.cut_off = False

    def take(self, event: Any) -> None:
        """Add the scalar of one event; other events are ignored."""
        if not isinstance(event, dict) or event.get("type") != "training_stats_scalar":
            return
        step, value = whole_number(event.get("iter")), number(event.get("value"))
        if value is None or len(self.points) >= _MAX_POINTS:
            self.lost += 1
            return
        metric, variant = (str(event.get(key) or "")[:500] for key in ("metric", "variant"))
        tag = (
            "/".join(
                dict.fromkeys(
                    word for word in ("system" if metric.startswith(":monitor:") else metric, variant) if word
                )
            )
            or "scalar"
        )
        stamp = number(event.get("timestamp"))
        code = self.tags.setdefault(tag, len(self.tags))
        self.points.append((code, step or 0, np.nan if stamp is None else stamp / 1000, value))


def _clearml(source: Source, path: Path) -> Run:
    curves = _Curves()
    for line in _lines(path, curves):
        try:
            events = parse(line)
        except ValueError:
            curves.lost += 1
            continue
        for event in events if isinstance(events, list) else [events]:
            curves.take(event)
    if not curves.points:
        raise refuse(path, "an offline session of ClearML without a scalar in it")
    code, step, time, value = (np.array(each) for each in zip(*curves.points, strict=True))
    columns = Columns(
        tuple(curves.tags),
        code.astype(np.int32),
        step.astype(np.int64),
        time.astype(np.float64),
        value.astype(np.float64),
        np.zeros(len(code), np.int32),
    )
    axes = {tag: "sample" for tag in columns.tags if tag.startswith("system/")}
    return Run(
        source.name,
        source.path,
        "clearml",
        columns,
        notes=tuple(_notes(curves, columns, path.name)),
        files=(path,),
        axes=axes,
    )


def _lines(path: Path, curves: _Curves) -> Iterator[bytes]:
    try:
        for block in open_text(path):
            *lines, rest = block.split(b"\n")
            yield from (line for line in lines if line.strip())
            if rest:
                curves.cut_off = True
    except LineTooLongError:
        curves.lost += 1


def _notes(curves: _Curves, columns: Columns, file: str) -> Iterator[Note]:
    if curves.cut_off:
        yield Note("truncated", "the last line is cut off (killed, or still writing)", file)
    if curves.lost:
        yield Note("corrupt", f"{curves.lost} lines or values are not scalars and were left out", file)
    for code, tag in enumerate(columns.tags):
        value = columns.value[columns.tag == code]
        zeros = int(np.count_nonzero(value == 0.0))
        if "loss" in tag.lower() and 0 < zeros < len(value):
            message = f"{zeros} of {len(value)} values of {tag} are exactly 0: ClearML writes NaN and infinity as 0"
            yield Note("sentinel", message, file)
