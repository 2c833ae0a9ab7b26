"""Where a run comes from, and the facts met while reading it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loglens.model.redaction import scrub

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Source:
    """The files that make one run, as discovery grouped them.

    path: the folder of the run, or its one file. name: the run's name in reports.
    mirror: root of the local copy of a remote tree, where the paths lie in one.
    columns: names for the columns of tables without a header line.
    """

    path: Path
    files: tuple[Path, ...]
    name: str
    mirror: Path | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A fact met while reading ("file ends inside record 1203"), for the report.

    A message may quote the log: secrets in it are hidden (`redaction.scrub`).
    kind: one word in kebab case, e.g. truncated, corrupt, rewind, sampled, restart, ignored.
    """

    kind: str
    message: str
    file: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", scrub(self.message))
