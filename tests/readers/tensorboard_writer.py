"""A small writer of event files for the tests, on TensorBoard's own messages."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crc32c import crc32c
from tensorboard.compat.proto.event_pb2 import Event

from loglens.model.run import Run
from loglens.model.source import Source
from loglens.readers.tensorboard import reader as tensorboard

VERSION = Event(wall_time=1.0, file_version="brain.Event:2")


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + masked(length) + payload + masked(payload)


def scalar(tag: str, value: float, step: int, time: float = 2.0) -> Event:
    event = Event(wall_time=time, step=step)
    event.summary.value.add(tag=tag, simple_value=value)
    return event


def packed(events: Iterable[Any]) -> list[bytes]:
    """One record an event, the file version first."""
    return [record(event.SerializeToString()) for event in (VERSION, *events)]


def write(path: Path, events: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(packed(events)))
    return path


def runs(root: Path) -> list[Run]:
    """All runs under a folder or in a file, grouped as discovery does."""
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    inside = frozenset(path for path in files if tensorboard.sniff(path))
    homes: dict[Path, list[Path]] = {}
    for path in sorted(inside):
        homes.setdefault(tensorboard.home(path, inside), []).append(path)
    sources = [Source(home, tuple(reversed(group)), home.name) for home, group in homes.items()]
    return [run for source in sources for run in tensorboard.read(source)]


def run(root: Path) -> Run:
    (only,) = runs(root)
    return only


def points(found: Run) -> list[tuple[str, int, bytes, bytes]]:
    """(tag, step, bits of the time, bits of the value) in the order written."""
    columns = found.columns
    rows = zip(columns.tag.tolist(), columns.step.tolist(), columns.time, columns.value, strict=True)
    return [(columns.tags[tag], step, time.tobytes(), value.tobytes()) for tag, step, time, value in rows]
