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
    "files": Limit(200_000, "files", "Files that are looked at below one path."),
    "depth": Limit(40, "folders", "Folders inside each other, below one path."),
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
