"""Text files in blocks of whole lines: encodings, line ends and binary files, for readers of text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from loglens.model.file_kinds import ODD, has_known_start, not_a_log
from loglens.readers.files.values import LFS_POINTER, refuse

#: How much is read to tell what a file is, and how much at a time: as much as stays in a cache.
HEAD, BLOCK = 4096, 1 << 20
#: No line of a log is longer. A longer one is given up, so that memory stays bounded.
MAX_LINE = 64 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class LineTooLongError(ValueError):
    """A line longer than `MAX_LINE`; everything before it has been delivered."""


def head(path: Path, size: int = HEAD) -> str:
    """The first bytes of a file as text, "" for what is no text or cannot be read."""
    try:
        if not path.is_file():  # a pipe would never answer
            return ""
        with path.open("rb") as file:
            data = file.read(size)
    except OSError:
        return ""
    encoding = encoding_of(data)
    if encoding is None or data.startswith(LFS_POINTER):
        return ""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(data).replace("\r\n", "\n").replace("\r", "\n")


def open_text(path: Path) -> Iterator[bytes]:
    """The file as UTF-8 in blocks that end with a line, lines ending in LF; the last may be incomplete.

    Raises UnreadableError for what is no text, LineTooLongError when a line does not end.
    """
    try:
        if path.exists() and not path.is_file():
            raise refuse(path, "not a regular file")
        with path.open("rb") as file:
            start = file.read(HEAD)
    except OSError as error:
        raise refuse(path, f"cannot be read ({error.strerror or error})") from None
    if not start.strip():
        raise refuse(path, "empty file: the run wrote nothing, or has not flushed yet")
    if start.startswith(LFS_POINTER):
        raise refuse(path, "a git-LFS pointer, not the file itself; run `git lfs pull`")
    encoding = encoding_of(start)
    if encoding is None:
        raise refuse(path, not_a_log(start) or "a binary file, not a log")
    return _blocks(path, encoding)


def encoding_of(data: bytes) -> str | None:
    """How the text is encoded, None for binary data. UTF-8 stands for every superset of ASCII."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[start::2].count(0) > 0.9 * (len(data) // 2) and data[1 - start :: 2].count(0) == 0:
            return name
    odd = len(data) - len(data.translate(None, ODD))
    zeros = data.startswith(b"\0") or data.count(0) * 2 > len(data)  # a few are what a crash of the machine left
    return None if zeros or odd * 20 > len(data) or has_known_start(data) else "utf-8"


def _blocks(path: Path, encoding: str) -> Iterator[bytes]:
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
    parts: list[bytes] = []
    held = 0
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            if decoder:
                data = decoder.decode(data).encode("utf-8", "replace")
            # a CR at the end may be half of a CRLF; the LF is then the first byte of the next block
            cut = data.rfind(b"\n") + 1 or (data[:-1].rfind(b"\r") + 1)
            if cut:
                yield _unix(b"".join([*parts, data[:cut]]))
                parts, held = [data[cut:]], len(data) - cut
            else:
                parts.append(data)
                held += len(data)
            if held > MAX_LINE:
                raise LineTooLongError
    if rest := b"".join(parts):
        yield _unix(rest)


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
