"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
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
    """Provide a temporary file that replaces it at the end, so that `path` is never half written.

    What is not a regular file (/dev/stdout, a named pipe) is written to directly. Raises LoglensError, which
    names the flag, where the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():  # a folder fails when it is opened, and says so
            yield path
            return
        target = path.resolve()
        unnamed = _unnamed(target.parent)
        if unnamed is None:
            with _named(target) as other:
                yield other
            return
        try:
            yield Path(f"/proc/self/fd/{unnamed}")
            os.fsync(unnamed)
            _name(unnamed, target)
        finally:
            os.close(unnamed)
    except OSError as error:
        raise LoglensError(f"{flag} {safe(str(path))}: cannot be written: {error.strerror or error}") from error


def _unnamed(folder: Path) -> int | None:
    """Open a file without a name in a folder: the kernel removes it with its process. None where there is no such file.

    It goes by /proc/self/fd until it is given a name.
    """
    if not hasattr(os, "O_TMPFILE") or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    except OSError:  # a file system without them; or none may be made here, which a named one will say
        return None


def _name(unnamed: int, target: Path) -> None:
    """Give an unnamed file its name, instead of a file that has it."""

    def link(path: Path) -> None:
        # a descriptor, though the path is absolute: without one Python links to the link itself
        os.link(f"/proc/self/fd/{unnamed}", path, src_dir_fd=unnamed)

    try:
        link(target)
    except FileExistsError:  # no call does both, so that it has another name for a moment
        other = _beside(target)
        link(other)
        try:
            other.replace(target)
        except BaseException:
            other.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _named(target: Path) -> Iterator[Path]:
    other = _beside(target)
    try:
        other.touch(exist_ok=False)
        yield other
        with other.open("r+b") as stream:
            os.fsync(stream.fileno())
        other.replace(target)
    except BaseException:
        other.unlink(missing_ok=True)
        raise


def _beside(target: Path) -> Path:
    import secrets  # slow to load

    return target.parent / f".loglens-{secrets.token_hex(6)}.tmp"
