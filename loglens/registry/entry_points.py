"""The entry points of installed plugins. Where no package has any, `importlib.metadata` is not even loaded.

Loading it and parsing the entry points of every package takes longer than reading a small log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def plugin_points(group: str) -> Sequence[EntryPoint]:
    """The entry points of a group, sorted by name."""
    if not _others_know_packages() and group.encode() not in declared(tuple(sys.path)):
        return []
    from importlib.metadata import entry_points  # slow to load

    return sorted(entry_points(group=group), key=lambda point: point.name)


def _others_know_packages() -> bool:
    """Whether packages can be found by more than a look into the folders of `sys.path`, as out of an archive."""
    finders = [finder for finder in sys.meta_path if finder is not PathFinder]
    return any(hasattr(finder, "find_distributions") for finder in finders) or any(map(os.path.isfile, sys.path))


@cache
def declared(folders: tuple[str, ...]) -> bytes:
    """The text of every `entry_points.txt` in the folders, where `importlib.metadata` looks for it."""
    return b"\n".join(file.read_bytes() for folder in folders for file in _files(folder) if file.is_file())


def _files(folder: str) -> Iterator[Path]:
    try:
        entries = os.scandir(folder or ".")
    except OSError:  # a path that leads nowhere, or a hook of an editable package
        return
    with entries:
        for entry in entries:
            if entry.name.lower().endswith((".dist-info", ".egg-info", "egg-info")):
                yield Path(entry, "entry_points.txt")
