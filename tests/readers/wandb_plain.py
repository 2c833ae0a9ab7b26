"""A second reader of `.wandb` logs, plain and slow, to compare with: it trusts every byte."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HISTORY, STATS = 2, 7


def records(data: bytes) -> Iterator[bytes]:
    at, parts = 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        if at + 7 + length > len(data):
            return
        parts = (b"" if kind in (1, 2) else parts) + data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield parts


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        key = varint()
        number = varint()
        if key & 7 == 2:
            yield key >> 3, data[at : at + number]
            at += number
        else:
            yield key >> 3, number


def rows(path: Path, kind: int = HISTORY, item: int = 1) -> list[dict[str, Any]]:
    """Every row as a dictionary from the joined key to the parsed value."""
    found = []
    for record in records(path.read_bytes()):
        for number, content in fields(record):
            if number == kind:
                row = {}
                for inner, pair in fields(content):
                    if inner == item:
                        parts = list(fields(pair))
                        row[".".join(text.decode() for n, text in parts if n in (1, 2))] = json.loads(parts[-1][1])
                found.append(row)
    return found
