"""Numbers as logs write them, and the error of an unreadable file."""

from __future__ import annotations

import math
import re
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

#: A number with its unit is no longer than this.
_LONGEST = 40
#: What a unit is worth in the one that curves are in: seconds, bytes, counts, or itself.
_UNITS = {"": 1.0} | {
    word: worth
    for words, worth in (
        ("ns", 1e-9),
        ("us µs μs", 1e-6),
        ("ms msec msecs", 1e-3),
        ("s sec secs second seconds", 1.0),
        ("min mins minute minutes", 60.0),
        ("h hr hrs hour hours", 3600.0),
        ("B bytes W °C Hz dB it its iter iters step steps sample samples img imgs image images", 1.0),
        ("tok toks token tokens example examples ex seq seqs batch batches epoch epochs req reqs frame frames", 1.0),
        *(
            (f"{prefix}B {prefix.lower()}b {prefix} {prefix}Hz", 1000.0**power)
            for power, prefix in enumerate("KMGT", 1)
        ),
        *((f"{prefix}iB", 1024.0**power) for power, prefix in enumerate("KMGT", 1)),
        ("k kB kHz", 1000.0),
    )
    for word in words.split()
}
_MEASURED = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:(%)|([a-zA-Zµμ°]+)(?:/([a-zA-Z]+))?)")


def measured(word: str) -> float | None:
    """A number with its unit ("1.5GB", "12 ms", "45.3%", "3 it/s") in bytes, seconds, or as it stands; None for others.

    A percentage is the number before its sign, as a log that has the sign in the column's name holds it. A unit that is
    not known, or that means several things ("5 m"), makes it text.
    """
    if len(word) > _LONGEST or not (match := _MEASURED.fullmatch(word.strip())):
        return None
    value, percent, unit, per = match.groups()
    if percent:
        return float(value)
    worth, share = _UNITS.get(unit), _UNITS.get(per or "")
    return float(value) * worth / share if worth and share else None


def has_unknown_unit(word: str) -> bool:
    """Whether a word is a number and a unit that is not known."""
    return len(word) <= _LONGEST and bool(_MEASURED.fullmatch(word.strip())) and measured(word) is None
