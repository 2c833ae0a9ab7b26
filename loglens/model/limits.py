"""Every limit on what is read and kept, in one table that a user can change: `--limit NAME=NUMBER`, or [limits]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from loglens.errors import ConfigError, nearest


class Limit(NamedTuple):
    """One limit: its default, its unit, and what it bounds."""

    default: int
    unit: str
    bounds: str


LIMITS: Mapping[str, Limit] = {
    "files": Limit(200_000, "files", "Files that are examined below one path."),
    "depth": Limit(40, "folders", "Depth of nested folders below one path."),
    "runs": Limit(10_000, "runs", "Runs of one file or folder, such as a database. By its size, if it is not set."),
    "curves": Limit(50_000, "curves", "Curves of one run."),
    "points": Limit(500_000_000, "points", "Points of one source. Of packed files by their size, if it is not set."),
    "unpacked": Limit(4 << 30, "bytes", "Bytes that one packed file may grow to."),
    "text": Limit(256 << 20, "bytes", "Bytes of text and blobs that are read from one table of a database."),
    "cells": Limit(100_000_000, "cells", "Cells of a wide table that export writes, including blank ones."),
    "seconds": Limit(1200, "seconds", "Seconds of processor time in which the runs of one source are read and judged."),
}


def limit_of(limits: Mapping[str, int], name: str) -> int:
    """The value of a limit: what the user set, or its default."""
    return limits.get(name, LIMITS[name].default)


def parse_limits(table: Mapping[str, object], where: str) -> dict[str, int]:
    """Check limits that a user set. Raises ConfigError for an unknown name or what is no positive number."""
    found = {}
    for name, value in table.items():
        if name not in LIMITS:
            raise ConfigError(f"{where}: no limit {name!r}; {nearest(name, list(LIMITS))}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{where}: {name} must be a whole number from 1 on, not {value!r}")
        found[name] = value
    return found


def raise_hint(name: str) -> str:
    """How to raise a limit, for the end of a message."""
    return f"--limit {name}=N raises the limit"
