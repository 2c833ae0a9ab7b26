"""Recognise a repeated call: where nothing below its paths has changed, its whole result comes from the cache.

This also saves discovery, which finds the reader of each file and groups files into runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from loglens.discovery.units import Unit
from loglens.model.report import Unread

if TYPE_CHECKING:
    from loglens.pipeline.cache import Cache

#: Numbers of files below the paths between which this pays off.
MIN_FILES, MAX_FILES = 64, 20_000


class Invocation(NamedTuple):
    """The folders given to a call, and every file below them as of now."""

    roots: tuple[str, ...]
    files: tuple[str, ...]

    def recall(self, cache: Cache) -> tuple[list[Unread], list[bytes]] | None:
        """The unreadable paths and the keys of the units of the same earlier call; None if there was none."""
        body = cache.get(self._key(cache))
        if body is None:
            return None
        failures, keys = json.loads(body)
        return [Unread(path, why) for path, why in failures], [bytes.fromhex(key) for key in keys]

    def remember(
        self, cache: Cache, failures: Sequence[Unread], units: Sequence[Unit], keys: Sequence[bytes | None]
    ) -> None:
        """Cache the unreadable paths and the units' keys of this call, if all files lie below its folders."""
        sources = [source for unit in units for _, source in unit]
        folders = {folder for source in sources for folder in (source.path, *(file.parent for file in source.files))}
        if None in keys or not all(any(folder.is_relative_to(root) for root in self.roots) for folder in folders):
            return
        content = [[failure.path, failure.why] for failure in failures], [key.hex() for key in keys if key is not None]
        cache.put(self._key(cache), json.dumps(content).encode())

    def _key(self, cache: Cache) -> bytes | None:
        places = [(root, os.path.realpath(root)) for root in self.roots]  # a relative one means another one elsewhere
        return cache.key(repr(["call", *places]), self.files)


def invocation_of(paths: Sequence[str | Path]) -> Invocation | None:
    """The call for these paths; None where one is no folder or holds links, or with too few or too many files."""
    roots = tuple(os.fspath(Path(path)) for path in paths)
    files: list[str] = []
    for root in roots:
        if not os.path.isdir(root):  # noqa: PTH112 - strings here: paths are slow to make
            return None
        for above, below, names in os.walk(root):
            if any(os.path.islink(os.path.join(above, name)) for name in below):  # noqa: PTH114, PTH118
                return None
            files.extend(os.path.join(above, name) for name in names)  # noqa: PTH118
            if len(files) > MAX_FILES:
                return None
    return Invocation(roots, tuple(sorted(files))) if len(files) >= MIN_FILES else None
