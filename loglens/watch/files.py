"""The state of log files between two looks: what grew, and what was truncated, replaced or deleted."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loglens.model.numbers import number


@dataclass(frozen=True, slots=True)
class FileState:
    """What a file is known by: bytes, time of the last write (Unix seconds), and which file it is."""

    size: int
    modified: float
    identity: tuple[int, int]


#: The state of each file of a run.
States = Mapping[Path, FileState]


def look(files: Iterable[Path]) -> dict[Path, FileState]:
    """The state of each of the files that is there and is a regular one."""
    found: dict[Path, FileState] = {}
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found[file] = FileState(status.st_size, status.st_mtime, (status.st_dev, status.st_ino))
    return found


def size(states: States) -> int:
    """Bytes of all files together."""
    return sum(state.size for state in states.values())


def last_write(states: States) -> float:
    """Unix time of the latest write to any of the files; 0.0 without files."""
    return max((state.modified for state in states.values()), default=0.0)


def setbacks(before: States, now: States) -> Iterator[str]:
    """Say which files lost what was in them, a sentence each.

    A file that replaces another is a setback only where it is smaller: some writers replace the whole file each time.
    """
    for file, old in before.items():
        new = now.get(file)
        if new is None:
            yield f"{file.name} is gone"
        elif new.size < old.size and new.identity == old.identity:
            yield f"{file.name} was truncated from {number(old.size)} to {number(new.size)} bytes"
        elif new.size < old.size:
            yield f"{file.name} was replaced by another file of {number(new.size)} bytes; it had {number(old.size)}"
