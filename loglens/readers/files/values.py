"""Numbers as logs write them, and the error of an unreadable file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from loglens.errors import UnreadableError

#: A pointer that git leaves instead of a big file that was not downloaded.
LFS_POINTER = b"version https://git-lfs"


def refuse(path: Path, why: str) -> UnreadableError:
    """Make the one-line error of a file of which nothing can be read."""
    return UnreadableError(f"{path.name}: {why}")


def whole(value: int) -> float:
    """A whole number as a float, infinite beyond 1e308."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def number(value: Any) -> float | None:
    """A JSON value as a number, with the strings that stand for NaN and infinity; None for others."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return whole(value)
    return WORDS.get(value) if isinstance(value, str) else None


WORDS = {"NaN": math.nan, "nan": math.nan, "Infinity": math.inf, "-Infinity": -math.inf} | {
    "inf": math.inf,
    "-inf": -math.inf,
}
