"""Changes to text and to JSON that keep their form, so that they get past the parser."""

from __future__ import annotations

import json
import random
import re
from typing import Any

NUMBERS = (
    *(b"nan", b"NaN", b"inf", b"-inf", b"Infinity", b"-Infinity", b"1e309", b"-1e400", b"1e-320", b"-0", b"0", b"-1"),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809", b"1e18"),
    *(b"18446744073709551616", b"1e19", b"-1e19", b"9007199254740993", b"1" * 400, b"1e99999", b"0x10", b"1_000"),
    *("١٢".encode(), "²".encode(), b"1,5", b"1.5.2", b"", b"null", b"None", b"true", b'"x"', b"[1]", b"tensor(3.)"),
    *(b"253402300800", b"-62135596801", b"1e300", b"2024-13-45", b"2025-01-01 00:00:00", b"99:99:99", b"12:30"),
)
WORDS = (
    *(
        b"loss",
        b"step",
        b"epoch",
        b"_step",
        b"lr",
        b"val_loss",
        b"time",
        b"iter",
        b"_type",
        b"histogram",
        b"",
        b"a" * 5000,
    ),
    *(
        "ｌｏｓｓ".encode(),
        "lоss".encode(),
        "\u202elr".encode(),
        "\u2028".encode(),
        b"\0",
        b"\x1b[31m",
        b"\xff",
        b"\xed\xa0\x80",
    ),
    *(b"loss/train", b"__class__", b"%s%n", b"{x}", b"(((((", b"[" * 200, b'{"a":' * 200, b"\t", b"-" * 100),
)
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63 - 1, -(2**63), 2**63, 2**64, 10**400, 1e308, float("nan"), float("inf"), -0.0),
    *("", "x", "NaN", "Infinity", "1e5", "\ud800", "\0", "a" * 3000, [], [1], [None], [[1.0, 2.0]], {}, {"": 1}),
    *(
        {"_type": "histogram"},
        {"_type": "histogram", "bins": [0, 1], "values": ["x"]},
        {"num": 1, "mean": "x", "std": 0},
    ),
    *({"_type": "histogram", "packedBins": {"min": 0, "size": 0, "count": 1e18}, "values": [1]}, "2025-01-01T00:00:00"),
)
_NUMBER = re.compile(rb"[-+]?\d[\d.]*(?:[eE][-+]?\d+)?")
_WORD = re.compile(rb"[A-Za-z_][\w/.\-]{0,40}")
_MARKS = (b",", b";", b"\t", b" ", b":", b"=", b"|", b'"', b"'", b"{", b"}", b"[", b"]", b"\n", b"\r\n", b"\n\n", b"#")


def rewrite(draw: random.Random, data: bytes) -> bytes:
    """Text with numbers, words, lines or marks exchanged."""
    for _ in range(draw.choice((1, 1, 2, 3, 6))):
        choice = draw.randrange(10)
        if choice < 4:
            data = _swap(draw, data, _NUMBER, draw.choice(NUMBERS))
        elif choice < 6:
            data = _swap(draw, data, _WORD, draw.choice(WORDS))
        elif choice == 6:
            at = draw.randrange(len(data) + 1)
            data = data[:at] + draw.choice(_MARKS) + data[at:]
        else:
            data = _lines(draw, data)
    return data


def _swap(draw: random.Random, data: bytes, what: re.Pattern[bytes], by: bytes) -> bytes:
    found = what.search(data, draw.randrange(len(data) + 1)) or what.search(data)
    return data[: found.start()] + by + data[found.end() :] if found else data + by


def _lines(draw: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at, to = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:
            lines.insert(to, lines[at])
        case 1:
            lines.pop(at)
        case 2:
            lines[at], lines[to] = lines[to], lines[at]
        case 3:
            lines[at:at] = [lines[at]] * draw.choice((2, 30, 200))
        case 4:
            lines[at : at + 2] = [b"".join(lines[at : at + 2])]
        case _:
            lines[at] = lines[at][: draw.randrange(len(lines[at]) + 1)]
    return b"\n".join(lines)


def retree(draw: random.Random, data: bytes) -> bytes:
    """JSON, or one line of JSON lines, with values exchanged for odd ones."""
    lines = data.splitlines()
    if not lines:
        return data
    at = draw.randrange(len(lines))
    try:
        lines[at] = _odd_dump(draw, json.loads(lines[at]))
        return b"\n".join(lines) + b"\n"
    except (ValueError, RecursionError):
        pass
    try:
        return _odd_dump(draw, json.loads(data))
    except (ValueError, RecursionError):
        return rewrite(draw, data)


def _odd_dump(draw: random.Random, tree: Any) -> bytes:
    holder = [tree]
    for _ in range(draw.choice((1, 1, 2, 4))):
        _change(draw, holder)
    return json.dumps(holder[0]).encode()


def _change(draw: random.Random, node: Any) -> None:
    """One change somewhere below a node."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = draw.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and draw.random() < 0.85:
            node = node[key]
            continue
        match draw.randrange(5):
            case 0 if isinstance(node, dict):
                node[draw.choice(WORDS).decode("utf-8", "replace")] = node.pop(key)
            case 1 if isinstance(node, list) and len(node) > 1:
                node.pop(key)
            case 2:
                node[key] = {"a": node[key]} if draw.random() < 0.5 else [node[key]]
            case _:
                node[key] = draw.choice(ODD)
        return
