"""Frames with checksums, taken apart and put together again, so that mutations get behind the checksum."""

from __future__ import annotations

import random
import struct

from tests.readers.tensorboard_writer import record
from tests.readers.wandb_plain import records
from tests.readers.wandb_writer import blocks, varint
from tests.slow.fuzz.raw import INTEGERS, garble
from tests.slow.fuzz.words import NUMBERS, WORDS

BLOCKLOGS = frozenset({"wandb.transaction_log", "swanlab"})
MAX_DEPTH = 6
DOUBLES = (0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, 2.0**63, -1.0, 1e-30)


def unpack_events(data: bytes) -> list[bytes]:
    """The payloads of an event file, as far as its lengths make sense."""
    found, at = [], 0
    while at + 12 <= len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        if at + 16 + size > len(data):
            break
        found.append(data[at + 12 : at + 12 + size])
        at += 16 + size
    return found


def pack_events(payloads: list[bytes]) -> bytes:
    return b"".join(map(record, payloads))


def unpack_blocks(data: bytes) -> list[bytes]:
    return list(records(data))


def pack_blocks(payloads: list[bytes], header: bytes) -> bytes:
    return blocks(payloads, header)


def shuffle(draw: random.Random, payloads: list[bytes]) -> list[bytes]:
    """Other records in another order: mutated, left out, repeated."""
    out = list(payloads)
    if not out:
        return out
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(out))
        match draw.randrange(8):
            case 0:
                out.insert(draw.randrange(len(out) + 1), out[at])
            case 1 if len(out) > 1:
                out.pop(at)
            case 2:
                out[at:at] = [out[at]] * draw.choice((2, 16, 64))
            case 3:
                out[at] = garble(draw, out[at])
            case _:
                out[at] = message(draw, out[at])
    return out


Field = tuple[int, int, bytes]  # number, wire type, the value as it stands in the file (no length in front)


def parse(data: bytes) -> list[Field] | None:
    """The fields of a protobuf message, None for what is none."""
    found: list[Field] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if at < 0 or not key >> 3:
            return None
        kind, start = key & 7, at
        if kind == 0:
            _, at = _varint(data, at)
        elif kind == 2:
            size, start = _varint(data, at)
            at = -1 if start < 0 else start + size
        else:
            at += {1: 8, 5: 4}.get(kind, len(data) + 1)
        if at < 0 or at > len(data):
            return None
        found.append((key >> 3, kind, data[start:at]))
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            return 0, -1
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    return 0, -1


def build(fields: list[Field]) -> bytes:
    return b"".join(
        varint(number << 3 | kind) + (varint(len(value)) if kind == 2 else b"") + value
        for number, kind, value in fields
    )


def message(draw: random.Random, data: bytes, depth: int = 0) -> bytes:
    """A protobuf message with a field changed somewhere in it, all lengths around it right again."""
    fields = parse(data)
    if not fields or draw.random() < 0.05:
        return draw.choice((*NUMBERS, *WORDS)) if draw.random() < 0.4 else garble(draw, data)
    at = draw.randrange(len(fields))
    number, kind, value = fields[at]
    choice = draw.randrange(12)
    if choice == 0:
        fields.insert(draw.randrange(len(fields) + 1), fields[at])
    elif choice == 1:
        fields.pop(at)
    elif choice == 2:
        fields[at] = (draw.choice((1, 2, 3, 5, 8, 9, number + 1, 500, 2**28)), kind, value)
    elif choice == 3:
        fields[at:at] = [fields[at]] * draw.choice((2, 10, 300))
    elif kind == 0:
        fields[at] = (number, 0, varint(draw.choice(INTEGERS)))
    elif kind == 1:
        fields[at] = (number, 1, struct.pack("<d", draw.choice(DOUBLES)))
    elif kind == 5:
        fields[at] = (number, 5, struct.pack("<I", draw.choice(INTEGERS) & 0xFFFFFFFF))
    elif kind == 2 and depth < MAX_DEPTH:
        if choice == 4:  # another type of field under the same number
            fields[at] = (number, 0, varint(draw.choice(INTEGERS)))
        else:
            fields[at] = (number, 2, message(draw, value, depth + 1))
    return build(fields)
