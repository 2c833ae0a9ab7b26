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
    """Text to a file, as `beside` does it."""
    with replacing(path, flag) as file:
        file.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: Path, flag: str = "-o") -> Iterator[Path]:
    """Gives the file to write to: one beside it that is then renamed, so that there is never half of one.

    What is no regular file (/dev/stdout, a named pipe) is written to as it is. Raises LoglensError
    with one clear line, which names the flag.
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
