"""JSON lines and JSON rows, bounded: for the readers of JSONL, W&B histories and trainer states."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from loglens.model.source import Note
from loglens.readers.files.text_file import MAX_LINE, LineTooLongError, open_text
from loglens.readers.files.values import measured, number, refuse, whole


def _python_loads(text: bytes) -> Any:
    try:
        return json.loads(text.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


#: The fast parser; Python's own where there is no wheel for the machine: slower, with the same results.
fast_loads: Callable[[bytes], Any] = import_module("orjson").loads if find_spec("orjson") else _python_loads

#: The largest JSON document that is read as a whole, in bytes; parsed it takes ten times as much.
MAX_SIZE = 256 << 20
#: The most that objects and lists in it may take, in bytes of memory: so many each, and for each entry.
MAX_PARSED, NEST, ENTRY = 1 << 30, 72, 8
MAX_DEPTH = 32
#: So many lines are parsed together.
AT_ONCE = 256

_BOM = b"\xef\xbb\xbf"
#: What stands for a blank line.
_BLANK = object()

#: The fast parser goes deeper than Python's, which gives up at a thousand levels.
_DEEP = 500
#: All digits alike, to look for long numbers: those beyond 64 bits the fast parser reads as fractions.
_ALIKE = bytes(ord("0") if code in b"0123456789" else code if code in b".-" else ord(" ") for code in range(256))
_NESTS = frozenset({dict, list})
_HUGE = (b" " + b"0" * 20, b"-" + b"0" * 19)


def parse(text: str | bytes) -> Any:
    """A JSON value; NaN and Infinity are allowed as Python writes them. Raises ValueError only."""
    if isinstance(text, bytes):
        try:
            return _exact(text)
        except ValueError:
            pass  # NaN, Infinity, half a surrogate, or no JSON
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _exact(text: bytes) -> Any:
    """A JSON value as `parse` gives it. Raises ValueError for what is no JSON, or such as only that reads."""
    digits = text.translate(_ALIKE)
    if any(huge in digits for huge in _HUGE) or digits.startswith(_HUGE[0][1:]):
        raise ValueError("a number beyond 64 bits")
    return _fast(text)


def _fast(text: bytes) -> Any:
    """The same, but whole numbers beyond 64 bits are the nearest fractions, as which they end in every curve."""
    value = fast_loads(text)
    if len(text) > _DEEP and text.count(b"[") + text.count(b"{") > _DEEP and _is_deep(value):
        raise ValueError("perhaps nested too deep")
    return value


def _is_deep(value: Any) -> bool:
    level = [value] if type(value) in _NESTS else []
    for _ in range(_DEEP):
        inside = (node.values() if type(node) is dict else node for node in level)
        level = [node for nodes in inside if not _NESTS.isdisjoint(map(type, nodes)) for node in nodes]
        level = [node for node in level if type(node) in _NESTS]
    return bool(level)


def is_too_many(text: bytes) -> bool:
    """Whether the objects and lists of a JSON text take too much memory: `[],` is 3 bytes, and 80 once it is read."""
    if len(text) * (NEST + ENTRY) <= 2 * MAX_PARSED:
        return False
    return NEST * (text.count(b"[") + text.count(b"{")) + ENTRY * text.count(b",") > MAX_PARSED


def document(path: Path) -> Any:
    """A whole file of JSON. Raises UnreadableError."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise refuse(path, f"cannot be read ({error.strerror or error})") from None
    if size > MAX_SIZE:
        raise refuse(path, f"{size >> 20} MB of JSON in one piece; at most {MAX_SIZE >> 20} MB is read")
    try:
        content = b"".join(open_text(path))
        if is_too_many(content):
            raise refuse(path, f"more objects than fit into {MAX_PARSED >> 30} GB of memory; write it as JSON lines")
        with suppress(ValueError):
            return _exact(content)
        return parse(content.decode("utf-8-sig", "replace"))
    except LineTooLongError:
        raise refuse(path, f"a line longer than {MAX_LINE >> 20} MB") from None
    except ValueError as error:
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise refuse(path, f"no valid JSON ({where}): cut off, or still being written") from None


def objects(path: Path, notes: list[Note], prefix: bytes = b"") -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines. Other lines are left out, with a note in `notes`.

    prefix: what each line begins with.
    """
    lost: list[int] = []
    line, cut_off = 0, False
    exact = bool(prefix)  # dllogger's rows name whole numbers that are no values of curves
    try:
        for block in open_text(path):
            lines = block.split(b"\n")
            if block.endswith(b"\n"):
                lines.pop()
            for start in range(0, len(lines), AT_ONCE):
                some = [text.lstrip(_BOM).removeprefix(prefix) for text in lines[start : start + AT_ONCE]]
                for row in _values(some, exact):
                    line += 1
                    if isinstance(row, dict):
                        yield row
                    elif row is not _BLANK:
                        lost.append(line)
            cut_off = not block.endswith(b"\n") and bool(lost) and lost[-1] == line
    except LineTooLongError:
        message = f"line {line + 1} is longer than {MAX_LINE >> 20} MB; it and the rest are unread"
        notes.append(Note("corrupt", message, path.name))
    if cut_off:
        lost.pop()
        notes.append(Note("truncated", "the last line is cut off (killed, or still writing)", path.name))
    if lost:
        what = "line is not a JSON object" if len(lost) == 1 else "lines are not JSON objects"
        message = f"{len(lost)} {what}, left out (the first is line {lost[0]})"
        notes.append(Note("corrupt", message, path.name))


def _values(lines: list[bytes], exact: bool = True) -> list[Any]:
    """The value of each line; None for what is no JSON.

    They are parsed together, which takes a fraction of the time of one by one where they are short: as one list, with
    a 0 between them so that no two halves of a value on two lines pass for one.
    """
    if max(map(len, lines), default=0) < 2 * _DEEP:  # so that none is nested too deeply
        with suppress(ValueError):
            together = (parse if exact else fast_loads)(b"[" + b",0,".join(lines) + b"]")
            values = together[::2]
            if len(together) == 2 * len(lines) - 1 and all(type(value) is dict for value in values):
                return list(values)
    return [_value(text, exact) for text in lines]


def _value(text: bytes, exact: bool = True) -> Any:
    if not text.strip():
        return _BLANK
    if is_too_many(text):
        return None
    with suppress(ValueError):
        return parse(text) if exact else _fast(text)
    with suppress(ValueError):
        return parse(text)
    return None


#: The types of most values in rows.
_NUMBERS = frozenset({float, int})


def flatten(
    row: dict[str, Any],
    separator: str,
    typed: Callable[[str, dict[str, Any]], None] | None = None,
) -> tuple[dict[str, float], dict[str, str]]:
    """Numbers and strings of a nested row by path. Nulls, booleans and lists are left out.

    typed: takes the dictionaries that have a `_type` (histograms, media of W&B), with their path.
    """
    if _NUMBERS.issuperset(map(type, row.values())):
        return {key: value if type(value) is float else whole(value) for key, value in row.items()}, {}
    numbers: dict[str, float] = {}
    strings: dict[str, str] = {}
    stack: list[tuple[str, Any, int]] = [("", row, 0)]
    while stack:
        prefix, node, depth = stack.pop()
        nested = []
        for key, value in node.items():
            path = prefix + key
            if type(value) is float:
                numbers[path] = value
            elif type(value) is int:
                numbers[path] = whole(value)
            elif isinstance(value, dict):
                if "_type" in value:
                    if typed:
                        typed(path, value)
                elif value.keys() == {"num", "mean", "std"}:  # StyleGAN's stats.jsonl
                    nested.append((path, {"": value["mean"]}, depth))
                elif depth < MAX_DEPTH:
                    nested.append((path + separator, value, depth + 1))
            elif isinstance(value, list):
                if len(value) == 1 and (only := number(value[0])) is not None:
                    numbers[path] = only
            elif (found := number(value)) is not None:
                numbers[path] = found
            elif isinstance(value, str):
                if (found := measured(value)) is not None:
                    numbers[path] = found
                else:
                    strings[path] = value
        stack.extend(reversed(nested))
    return numbers, strings
