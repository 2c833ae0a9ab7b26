"""Writes block logs as W&B and SwanLab do, field by field: for tests and for the benchmark."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

BLOCK = 1 << 15
HEADER = b":W&B\xe1\xbe\x00"
HISTORY, CONFIG, STATS, METRIC, RUN, EXIT, VERSION = 2, 5, 7, 12, 17, 18, 21


def varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes | str | int) -> bytes:
    """One field: a varint for a number, else bytes with their length."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def item(key: str | Sequence[str], value: str, nested: bool = True) -> bytes:
    """A key and its value as JSON, as wandb-core writes them, or (not nested) the older Python backend."""
    path = [key] if isinstance(key, str) else key
    keys = b"".join(field(2, part) for part in path) if nested else field(1, ".".join(path))
    return keys + field(16, value)


def history(row: Mapping[str, Any], step: int = 0, nested: bool = True) -> bytes:
    """A row; values that are text are JSON already. Keys with a tab between their parts are nested."""
    items = (
        field(1, item(key.split("\t"), value if isinstance(value, str) else json.dumps(value), nested))
        for key, value in row.items()
    )
    return b"".join(items) + field(2, field(1, step) if step else b"")


def stats(values: Mapping[str, float], seconds: int) -> bytes:
    items = b"".join(field(3, item(key, json.dumps(value), False)) for key, value in values.items())
    return field(1, 1) + field(2, field(1, seconds) + field(2, 500_000_000)) + items


def record(number: int, kind: int, content: bytes) -> bytes:
    return field(1, number) + field(16, field(4, "x")) + field(kind, content)


def blocks(records: Iterable[bytes], header: bytes = HEADER) -> bytes:
    """The file: records cut into chunks that do not cross a block."""
    out = bytearray(header)
    for data in records:
        at, first = 0, True
        while first or at < len(data):
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out += bytes(room)
                continue
            part = data[at : at + room - 7]
            at += len(part)
            last = at == len(data)
            kind = bytes([1 if first and last else 2 if first else 4 if last else 3])
            out += struct.pack("<IH", zlib.crc32(part, zlib.crc32(kind)), len(part)) + kind + part
            first = False
    return bytes(out)


def log(rows: Iterable[Mapping[str, Any]], exit_code: int | None = 0, nested: bool = True) -> bytes:
    """A whole log of history rows."""
    records = [record(1, VERSION, field(1, field(1, "0.31.0+abc"))), record(2, RUN, field(1, "abc123"))]
    records += [record(n + 3, HISTORY, history(row, n, nested)) for n, row in enumerate(rows)]
    if exit_code is not None:
        records.append(record(len(records) + 1, EXIT, field(1, exit_code)))
    return blocks(records)
