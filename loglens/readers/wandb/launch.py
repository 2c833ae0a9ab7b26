"""Decode the records of one `.wandb` transaction log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.model.source import Note
from loglens.readers.files.block_log import Batch, BlockLog
from loglens.readers.files.json_file import parse
from loglens.readers.files.protobuf import MalformedError, Span, fields, signed, text
from loglens.readers.wandb.key_value_pairs import pairs, path_of, varints
from loglens.readers.wandb.point_collector import Points
from loglens.stats.arrays import Ints

MAGIC = b":W&B"

#: Wire tags of the kinds of record that are read, and of items in those of many values.
_HISTORY, _CONFIG, _STATS, _METRIC, _RUN, _EXIT, _HEADER = (n << 3 | 2 for n in (2, 5, 7, 12, 17, 18, 21))
_ITEM = {_HISTORY: 0x0A, _STATS: 0x1A}
_RARE = frozenset({_CONFIG, _METRIC, _RUN, _EXIT, _HEADER})
#: What may stand before: number of the record, control, uuid, info on the writer.
_BEFORE = (16 << 3 | 2, 19 << 3 | 2, 200 << 3 | 2)
_FEW_BEFORE = 6


@dataclass
class Launch:
    """The content of one file. exit_code: None while there is no exit record."""

    path: Path
    run_id: str = ""
    name: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    started: float = np.nan
    #: define_metric: name or glob -> the metric that is its step axis
    axes: dict[str, str] = field(default_factory=dict)
    history: Points = field(default_factory=Points)
    stats: Points = field(default_factory=Points)
    stamps: list[Ints] = field(default_factory=list)  # step numbers beside the items; -1 where there are none
    times: list[float] = field(default_factory=list)  # of the rows of stats
    notes: list[Note] = field(default_factory=list)
    malformed: int = 0
    records: int = 0


def launch(path: Path) -> Launch:
    """All records of a file. Raises UnreadableError for what cannot be such a log."""
    found = Launch(path)
    log = BlockLog(path, MAGIC)
    for batch in log:
        raw = np.frombuffer(batch.data, np.uint8)
        start, stop = np.array(batch.start, np.int64), np.array(batch.stop, np.int64)
        tag, at, end = _contents(raw, start, stop)
        for many, item in _ITEM.items():
            mine = tag == many
            if mine.any():
                _take(found, batch, raw, at[mine], end[mine], many, item)
        for each in np.flatnonzero(np.isin(tag, list(_RARE))).tolist():
            try:
                _rare(found, batch.data, int(tag[each]), int(at[each]), int(end[each]))
            except MalformedError:
                found.malformed += 1
    found.records = log.count
    found.notes += log.notes()
    if found.malformed:
        message = f"{found.malformed} records are of an unknown form and left out"
        found.notes.append(Note("corrupt", message, path.name))
    return found


def _contents(raw: NDArray[np.uint8], start: Ints, stop: Ints) -> tuple[Ints, Ints, Ints]:
    """What kind each record is (a wire tag, 0 if none), and the span of its content."""
    at = start.copy()
    tag, body, end = np.zeros((3, len(at)), np.int64)
    live = np.flatnonzero(at < stop)
    for _ in range(_FEW_BEFORE):
        if not len(live):
            break
        key, after = varints(raw, at[live])
        size, begin = varints(raw, after)
        past = np.where(key & 7 == 0, begin, begin + size)
        before = (key == 0x08) | np.isin(key, _BEFORE)
        done = live[~before & (key & 7 == 2) & (past <= stop[live])]
        mine = np.isin(live, done)
        tag[done], body[done], end[done] = key[mine], begin[mine], past[mine]
        at[live] = past
        live = live[before & (past < stop[live])]
    return tag, body, end


def _take(found: Launch, batch: Batch, raw: NDArray[np.uint8], at: Ints, end: Ints, kind: int, item: int) -> None:
    walked = pairs(batch.data, raw, at, end, item)
    points = found.history if kind == _HISTORY else found.stats
    points.take(batch.data, raw, walked.pairs, len(at))
    found.malformed += walked.malformed
    if kind == _HISTORY:
        found.stamps.append(_step_numbers(batch.data, raw, walked.stamp))
        return
    for a, b in walked.stamp.tolist():
        numbers = _varint_fields(batch.data, a, b)
        found.times.append(numbers[1] + numbers.get(2, 0) / 1e9 if 1 in numbers else np.nan)


def _step_numbers(data: bytes, raw: NDArray[np.uint8], stamp: Ints) -> Ints:
    """The step that stands beside the items of each row: zero is left out, -1 where there is none."""
    begin, end = stamp.T
    size = end - begin
    number, after = varints(raw, begin + 1)
    number = np.where(size > 0, number, np.where(begin > 0, 0, -1))
    for each in np.flatnonzero((size > 0) & ((raw[begin] != 0x08) | (after != end))).tolist():
        number[each] = _varint_fields(data, int(begin[each]), int(end[each])).get(1, 0)
    return number


def _varint_fields(data: bytes, at: int, end: int) -> dict[int, int]:
    try:
        return {key >> 3: signed(value) for key, _, _, value in fields(data, at, end) if key & 7 == 0}
    except MalformedError:
        return {}


def _rare(found: Launch, data: bytes, tag: int, at: int, end: int) -> None:
    """Decode the rare records one by one: configuration, run, exit."""
    if tag == _EXIT:
        found.exit_code = _int32(_varint_fields(data, at, end).get(1, 0))
    elif tag == _CONFIG:
        _configure(found, data, at, end)
    elif tag == _METRIC:
        said = _texts(data, at, end)
        if 0x22 in said and (name := said.get(0x0A) or said.get(0x12)):
            found.axes[name] = said[0x22]
    elif tag == _HEADER:
        for key, a, b, _ in fields(data, at, end):
            if key == 0x0A and (version := _texts(data, a, b).get(0x0A)):
                found.about["wandb_version"] = version.partition("+")[0]
    elif tag == _RUN:
        _describe(found, data, at, end)


def _describe(found: Launch, data: bytes, at: int, end: int) -> None:
    said = _texts(data, at, end)
    found.run_id, found.name = said.get(0x0A, ""), said.get(8 << 3 | 2, "")
    names = {"run_name": 8, "run_id": 1, "project": 3, "run_group": 6, "job_type": 7, "notes": 9, "sweep_id": 12}
    found.about |= {name: said[n << 3 | 2] for name, n in names.items() if said.get(n << 3 | 2)}
    for key, a, b, _ in fields(data, at, end):
        if key == 0x22:
            _configure(found, data, a, b)
        elif key == 17 << 3 | 2:
            stamp = _varint_fields(data, a, b)
            found.started = stamp.get(1, 0) + stamp.get(2, 0) / 1e9


def _configure(found: Launch, data: bytes, at: int, end: int) -> None:
    """Updates and removals of the configuration."""
    for key, a, b, _ in fields(data, at, end):
        if key in (0x0A, 0x12):
            path, value = _item(data, a, b)
            if not path or path[0] == "_wandb":
                continue
            if key == 0x12:
                found.config.pop("/".join(path), None)
            else:
                found.config |= dict(_leaves("/".join(path), value))


def _item(data: bytes, at: int, end: int) -> tuple[tuple[str, ...], Any]:
    value = None
    for key, a, b, _ in fields(data, at, end):
        if key == 16 << 3 | 2:
            try:
                value = parse(data[a:b])
            except ValueError:
                value = text(data, Span(a, b))
    return path_of(data[at:end]), value


def _leaves(path: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """A value of the configuration by path, out of {"desc": ..., "value": ...} where it is in one."""
    if isinstance(value, dict) and depth < 16:
        if value.keys() <= {"desc", "value"} and "value" in value:
            yield from _leaves(path, value["value"], depth + 1)
            return
        for key, inner in value.items():
            yield from _leaves(f"{path}/{key}", inner, depth + 1)
    elif value is None or isinstance(value, str | int | float):
        yield path, value
    elif isinstance(value, list) and len(value) <= 8 and all(isinstance(v, str | int | float) for v in value):
        yield path, ", ".join(map(str, value))


def _texts(data: bytes, at: int, end: int) -> dict[int, str]:
    """The fields of a message that hold bytes, as text, cut to a line's length."""
    return {key: text(data, Span(a, min(b, a + 1000))) for key, a, b, _ in fields(data, at, end) if key & 7 == 2}


def _int32(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
