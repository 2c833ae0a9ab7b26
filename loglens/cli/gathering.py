"""Runs judged one after another, until the last or until somebody stops it."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from loglens import registry
from loglens.analyze import Options
from loglens.cli import common, progress
from loglens.cli.stopping import undisturbed
from loglens.discover import find, units
from loglens.errors import LoglensError
from loglens.examine import Judged, examine, salt, worthwhile
from loglens.portrait import thin
from loglens.renderers import jsonl
from loglens.renderers._wording import safe
from loglens.report import Diagnosis, Unread

if TYPE_CHECKING:
    from loglens.cache import Cache


class Gathered(NamedTuple):
    """What was judged, in the order in which it was found, and what stopped it before the end, if anything."""

    judged: list[Judged]
    stopped: KeyboardInterrupt | None


def gather(
    paths: Sequence[str],
    options: Options,
    lines: Lines,
    *,
    jobs: int | None,
    scheduler: str | None,
    cached: bool,
    keep: bool,
    quiet: bool,
) -> Gathered:
    """Every run under the paths judged; `lines` are given each as it is done.

    keep: whether other outputs are still to be written. An interrupt ends it with what there is, once
    there is anything.
    """
    with contextlib.ExitStack() as stack:

        @functools.cache
        def memory() -> Cache:
            from loglens.cache import Cache, place  # slow to load, and not needed for a run or two

            return stack.enter_context(contextlib.closing(Cache(place() / "judged.sqlite", salt(options))))

        found = find(paths, registry.readers(), (lambda: memory().owner) if cached else None)
        failures: list[Judged] = [Unread(failure.path, str(failure)) for failure in found.failures]
        lines.write(failures)
        sources = units(found)
        if scheduler and any(source.mirror for unit in sources for _, source in unit):
            raise LoglensError("--engine dask reads no remote paths: mount them on the workers, or leave --engine out")
        known = memory() if cached and worthwhile(sources) else None
        with progress.line(len(sources), quiet) as watch:
            results = watch(examine(sources, options, jobs, known, scheduler), _name)
            judged, stopped = _listen(results, len(sources), lines, keep, " ".join(paths))
    return Gathered([*failures, *judged], stopped)


def _listen(results: Iterable[tuple[int, list[Judged]]], total: int, lines: Lines, keep: bool, where: str) -> Gathered:
    judged: dict[int, list[Judged]] = {}
    try:
        for place, items in results:
            with undisturbed():
                lines.write(items)
                judged[place] = items if keep else [_counted(item) for item in items]
    except KeyboardInterrupt as stopped:
        if not judged:
            raise
        missing = Unread(where, f"interrupted: {total - len(judged):,} of {total:,} sources were not judged")
        lines.write([missing])
        return Gathered([*_flat(judged), missing], stopped)
    return Gathered(_flat(judged), None)


def _name(result: tuple[int, list[Judged]]) -> str:
    """What the line of progress says of the last unit that is done."""
    return next((item.run for item in result[1] if isinstance(item, Diagnosis)), "reading")


def _flat(judged: dict[int, list[Judged]]) -> list[Judged]:
    return [item for place in sorted(judged) for item in judged[place]]


def _counted(item: Judged) -> Judged:
    """What the counts, the gate and a baseline need of a run that is written already."""
    if isinstance(item, Unread):
        return item
    findings = tuple(
        replace(found, series=tuple(thin(curve, 0) for curve in found.series), remedies=(), evidence={})
        for found in item.findings
    )
    return replace(item, findings=findings, cast=(), curves=(), lead=None, notes=(), params={}, distributions=())


class Lines:
    """JSON lines, written as runs are judged to every path (None: standard output). Each is written whole."""

    def __init__(self, paths: Sequence[Path | None]) -> None:
        self._paths = paths
        self._files: list[BinaryIO] = []

    def __enter__(self) -> Self:
        for path in filter(None, self._paths):
            with _explained(path):
                self._files.append(path.open("wb", buffering=0))
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def write(self, items: Sequence[Judged]) -> None:
        """Raises LoglensError where they cannot be written."""
        self.text("".join(map(jsonl.line, items)))

    def text(self, text: str) -> None:
        """Whole lines as they are. Raises LoglensError where they cannot be written."""
        if None in self._paths:
            common.emit(text)
            sys.stdout.flush()
        for path, file in zip(filter(None, self._paths), self._files, strict=True):
            with _explained(path):
                _append(file, text.encode())


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LoglensError(f"-o {safe(str(path))}: cannot be written: {error.strerror or error}") from error


def _append(file: BinaryIO, data: bytes) -> None:
    """All of it or nothing: a disk that fills up leaves no half line."""
    start = file.tell() if file.seekable() else None
    try:
        while data:
            data = data[file.write(data) :]
    except OSError:
        if start is not None:
            os.ftruncate(file.fileno(), start)
        raise
