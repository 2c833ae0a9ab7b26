"""Strict JSON: no NaN, no numpy types, and if wished ASCII only."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")
_NOT_PLAIN = re.compile(r"[^\n -~]")


def to_ascii(text: str) -> str:
    r"""JSON text in ASCII, ended by a newline, without characters that control a terminal or break a log.

    A byte of a file name that is no UTF-8 (a lone surrogate in Python) is no character at all and many
    parsers refuse it; it is written as the four characters \xNN.
    """
    if text.isascii() and "\x7f" not in text:  # JSON has escaped all other control characters
        return text + "\n"
    text = _LONE.sub(lambda found: rf"\\x{ord(found[0]) & 0xFF:02x}", text)
    return _NOT_PLAIN.sub(_escaped, text) + "\n"


def _escaped(found: re.Match[str]) -> str:
    utf16 = found[0].encode("utf-16-be").hex()
    return "".join(rf"\u{utf16[i : i + 4]}" for i in range(0, len(utf16), 4))


def to_strict(value: Any) -> Any:
    """Convert a value to strict JSON types: numpy unwrapped, non-finite numbers as "NaN", "Infinity", "-Infinity"."""
    if value is None or isinstance(value, str | bool):  # most values; the test for a mapping is slow
        return value
    if isinstance(value, Mapping):
        return {str(key): to_strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_strict(item) for item in value]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return to_strict(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def dumps(document: Any, indent: int | None = None) -> str:
    """JSON text of what `to_strict` returned. Raises ValueError where a number in it is not finite."""
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=False, default=str)
