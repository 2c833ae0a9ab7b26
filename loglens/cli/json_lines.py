"""Write JSON lines while runs are still being judged."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Self

from loglens.cli import console
from loglens.errors import LoglensError
from loglens.model.plain_text import safe
from loglens.model.report import Judged
from loglens.renderers import jsonl


class JsonLines:
    """Write JSON lines to several paths (None: standard output) while runs are judged. Each line is written whole."""

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
        """Write a line for each run or unread path. Raises LoglensError where they cannot be written."""
        self.write_text("".join(map(jsonl.run_line, items)))

    def write_text(self, text: str) -> None:
        """Write whole lines as they are. Raises LoglensError where they cannot be written."""
        if None in self._paths:
            console.emit(text)
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
    """Append data completely or not at all: a full disk leaves no half line."""
    start = file.tell() if file.seekable() else None
    try:
        while data:
            data = data[file.write(data) :]
    except OSError:
        if start is not None:
            os.ftruncate(file.fileno(), start)
        raise
