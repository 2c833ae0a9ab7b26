"""The wire format of protocol buffers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

Raw = bytes | memoryview


class MalformedError(ValueError):
    """Bytes that are not a valid message."""


class Span(NamedTuple):
    """A stretch of a payload, the stop not included."""

    start: int
    stop: int


NOWHERE = Span(0, 0)
FIELDS = 1000  # an Event has four; a gigabyte of them is no event
TEXT_READ = 1 << 20  # bytes of a string that are read


def varint(raw: Raw, at: int, end: int) -> tuple[int, int]:
    """The unsigned varint that begins at `at`, and the offset after it."""
    value = shift = 0
    while at < end and shift < 70:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise MalformedError("an unfinished varint")


def fields(raw: Raw, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (key, start, stop, number) for every field: key = field number * 8 + wire type.

    The span is that of the content; number is the value of a varint field, else 0.
    """
    while at < end:
        key, at = varint(raw, at, end)
        start, number, wire = at, 0, key & 7
        if wire == 0:
            number, at = varint(raw, at, end)
        elif wire == 2:
            size, start = varint(raw, at, end)
            at = start + size
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise MalformedError(f"wire type {wire}")
        if key < 8:
            raise MalformedError("field number 0")
        if at > end:
            raise MalformedError("a field is longer than its message")
        yield key, start, at, number


def signed(number: int) -> int:
    """An int64 from its varint."""
    number &= 0xFFFFFFFFFFFFFFFF
    return number - (1 << 64) if number >> 63 else number


def text(raw: Raw, span: Span) -> str:
    """Decode a span as UTF-8; invalid bytes become replacement characters."""
    return bytes(raw[span.start : span.stop]).decode("utf-8", "replace")


def number_at(raw: Raw, at: int, kind: str) -> float:
    """The float (`<f`) or double (`<d`) that stands at this offset."""
    return float(struct.unpack_from(kind, raw, at)[0])
