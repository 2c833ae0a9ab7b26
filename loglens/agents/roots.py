"""The folders below which an agent may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loglens.errors import LoglensError
from loglens.model.plain_text import safe, shorten
from loglens.remote.storage import is_remote

#: Characters of a path in a message.
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Roots:
    """Real paths of the folders or files that may be read."""

    paths: tuple[Path, ...]

    @classmethod
    def of(cls, named: Sequence[str]) -> Roots:
        """Resolve what was named. Raises LoglensError for what is not there, is remote, or where nothing is named."""
        if not named:
            raise LoglensError("name at least one folder that may be read")
        found = []
        for path in named:
            if is_remote(path) or not Path(path).exists():
                raise LoglensError(f"{safe(path)}: no such file or folder on this machine")
            found.append(Path(path).resolve())
        return cls(tuple(found))

    def inside(self, path: str) -> Path:
        """The real path of what is asked for: absolute, or relative to one of the roots.

        Links are resolved first. Raises LoglensError for what is outside, and in the same words for what is not
        there, so that nobody learns what lies outside.
        """
        refused = LoglensError(f"{shorten(safe(path), SHOWN)}: no such log below the folders that may be read")
        if is_remote(path) or "\0" in path:
            raise refused
        for root in self.paths:
            try:
                real = (root / path).resolve(strict=True) if root.is_dir() else Path(path).resolve(strict=True)
            except (OSError, RuntimeError, ValueError):
                continue
            if any(real.is_relative_to(allowed) for allowed in self.paths):
                return real
        raise refused
