"""Logs of which every file is a run of its own, or holds several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from loglens.errors import UnreadableError
from loglens.model.run import Run
from loglens.model.source import Note, Source


def each_file(source: Source, run: Callable[[Source, Path, str], Run]) -> Iterator[Run]:
    """Read one run per file by `run(source, path, name)`; unreadable files are notes on the other runs.

    Raises UnreadableError where no file can be read.
    """
    yield from runs_of_files(source, lambda *file: [run(*file)])


def runs_of_files(source: Source, runs: Callable[[Source, Path, str], Iterable[Run]]) -> Iterator[Run]:
    """Read the runs of each file by `runs(source, path, name)`; unreadable files are notes on the other runs.

    Raises UnreadableError where no file can be read.
    """
    found: list[Run] = []
    failed: list[tuple[Path, UnreadableError]] = []
    for path in source.files:
        name = source.name if len(source.files) == 1 else f"{source.name}/{path.stem}"
        try:
            found += runs(source, path, name)
        except UnreadableError as error:
            failed.append((path, error))
    if not found:
        raise failed[0][1]
    notes = tuple(Note("unreadable", str(error), path.name) for path, error in failed)
    yield from (replace(each, notes=(*each.notes, *notes)) for each in found)
