"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from loglens.errors import LoglensError
from loglens.model.plain_text import safe


def write(text: str, path: Path, flag: str = "-o") -> None:
    """Write text to a file, atomically as `replacing` does."""
    with replacing(path, flag) as file:
        file.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: Path, flag: str = "-o") -> Iterator[Path]:
    """Provide a temporary file beside `path` that replaces it at the end, so that `path` is never half written.

    What is no regular file (/dev/stdout, a named pipe) is written to directly. Raises LoglensError, which
    names the flag, where the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():  # a folder fails when it is opened, and says so
            yield path
            return
        target = path.resolve()
        other = target.parent / f".loglens-{secrets.token_hex(6)}.tmp"
        try:
            other.touch(exist_ok=False)
            yield other
            with other.open("r+b") as stream:
                os.fsync(stream.fileno())
            other.replace(target)
        except BaseException:
            other.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LoglensError(f"{flag} {safe(str(path))}: cannot be written: {error.strerror or error}") from error
