"""SwanLab: the block log `run-<id>.swanlab`, of online and offline runs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note, Source
from loglens.readers.files.block_log import BlockLog
from loglens.readers.files.one_run_per_file import each_file
from loglens.readers.files.protobuf import MalformedError, fields, signed
from loglens.readers.files.run_params import flat_yaml
from loglens.readers.files.text_file import head
from loglens.readers.files.values import refuse

FORMAT = "swanlab"

_MAGIC = b":SWL"
#: Wire tags of the kinds of record that are read.
_START, _FINISH, _COLUMN, _SCALAR = (n << 3 | 2 for n in (10, 11, 12, 13))
_STATES = {1: "finished", 2: "crashed", 3: "aborted"}
_SYSTEM = 2  # class of a column
_CONFIG = "files/config.yaml"


def sniff(path: Path) -> bool:
    """Recognise a file by its name, or a renamed copy by its first bytes."""
    try:
        if not path.is_file():
            return False
        if path.suffix == ".swanlab":
            return True
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def home(path: Path, inside: frozenset[Path]) -> Path:  # noqa: ARG001 - as all readers
    """The folder of the run; the file where it lies elsewhere."""
    return path.parent if path.stem.startswith("run-") and path.parent.name.startswith("run-") else path


@dataclass
class _Log:
    about: dict[str, Any] = field(default_factory=dict)
    state: str = ""
    tags: dict[str, int] = field(default_factory=dict)
    points: list[tuple[int, int, float, float]] = field(default_factory=list)
    system: set[str] = field(default_factory=set)
    malformed: int = 0


def read(source: Source) -> Iterator[Run]:
    """One run a file."""
    yield from each_file(source, _run)


def _run(source: Source, path: Path, name: str) -> Run:
    blocks, log = BlockLog(path, _MAGIC), _Log()
    for batch in blocks:
        for start, stop in zip(batch.start, batch.stop, strict=True):
            try:
                _take(log, batch.data, start, stop)
            except (MalformedError, struct.error):
                log.malformed += 1
    if not blocks.count:
        raise refuse(path, "no intact record: damaged from the start, or not a SwanLab log")
    names = {tag: f"system/{tag.removeprefix('__swanlab__.')}" for tag in log.system}
    params = log.about | flat_config(path.parent / _CONFIG)
    if log.state:
        params["status"] = log.state
    return Run(
        name,
        source.path,
        FORMAT,
        _columns(log, names),
        params=params,
        notes=(*blocks.notes(), *_notes(log, path)),
        files=(path,),
        axes={names[tag]: "sample" for tag in log.tags if tag in names},
    )


def _take(log: _Log, data: bytes, start: int, stop: int) -> None:
    for key, a, b, _ in fields(data, start, stop):
        if key == _SCALAR:
            _scalar(log, data, a, b)
        elif key == _COLUMN:
            said = {k: (x, y, n) for k, x, y, n in fields(data, a, b)}
            if said.get(0x08, (0, 0, 0))[2] == _SYSTEM and 0x1A in said:
                log.system.add(_text(data, *said[0x1A][:2]))
        elif key == _START:
            names = {0x0A: "project", 0x22: "run_name", 0x3A: "run_group", 0x42: "job_type", 0x52: "run_id"}
            log.about |= {names[k]: _text(data, x, y) for k, x, y, _ in fields(data, a, b) if k in names and y > x}
        elif key == _FINISH:
            log.state = next((_STATES.get(n, "") for k, _, _, n in fields(data, a, b) if k == 0x08), "")


def _scalar(log: _Log, data: bytes, start: int, stop: int) -> None:
    """Add one point. The writer leaves out a step or a value of zero."""
    tag, step, time, value, given = "", 0, float("nan"), 0.0, False
    for key, a, b, number in fields(data, start, stop):
        if key == 0x0A:
            tag = _text(data, a, b)
        elif key == 0x10:
            step = signed(number)
        elif key == 0x22:
            stamp = {k: n for k, _, _, n in fields(data, a, b)}
            time = stamp.get(0x08, 0) + stamp.get(0x10, 0) / 1e9
        elif key == 0x2A:
            given = True
            for inner, x, _, _ in fields(data, a, b):
                if inner == 0x09:
                    value = float(struct.unpack_from("<d", data, x)[0])
    if tag and given:
        log.points.append((log.tags.setdefault(tag, len(log.tags)), step, time, value))


def _columns(log: _Log, names: dict[str, str]) -> Columns:
    if not log.points:
        return Columns.empty()
    code, step, time, value = zip(*log.points, strict=True)
    return Columns(
        tuple(names.get(tag, tag) for tag in log.tags),
        np.array(code, np.int32),
        np.array(step, np.int64),
        np.array(time, np.float64),
        np.array(value, np.float64),
        np.zeros(len(code), np.int32),
    )


def _notes(log: _Log, path: Path) -> Iterator[Note]:
    if log.malformed:
        yield Note("corrupt", f"{log.malformed} records are of an unknown form and left out", path.name)
    if not log.state:
        message = "no finish record: the run was killed (the last values are then lost), or is still running"
        yield Note("unfinished", message, path.name)
    elif log.state != "finished":
        yield Note("failed", f"SwanLab has the run as {log.state}", path.name)
    if not log.points:
        yield Note("empty", "no scalar: the run ended before it logged one", path.name)


def flat_config(path: Path) -> dict[str, Any]:
    """Flatten the configuration, which is logged as `key: {desc, sort, value}`."""
    said = flat_yaml(head(path, 1 << 18))
    return {key.removesuffix("/value"): value for key, value in said.items() if "/value" in key}


def _text(data: bytes, start: int, stop: int) -> str:
    return data[start : min(stop, start + 4096)].decode("utf-8", "replace")
