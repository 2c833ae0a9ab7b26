"""Open event files, plain or compressed, and recognise them."""

from __future__ import annotations

import stat
import struct
import tempfile
from mmap import ACCESS_READ, PAGESIZE, mmap
from pathlib import Path
from typing import IO

from loglens.readers.files.packed import MAGIC, magic_of, unpack
from loglens.readers.tensorboard.event_proto import parse_event
from loglens.readers.tensorboard.records import FRAME, HEADER, Buffer, masked_crc

LFS = b"version https://git-lfs"
#: Bytes that a compressed file may grow to: at most the first, and beyond the second only to so many times
#: its size. Event records of one tag shrink tenfold, zeros a thousandfold.
GZIP_MAX, GZIP_SMALL, GZIP_TIMES = 1 << 32, 1 << 26, 100


class RejectedError(ValueError):
    """A file that cannot be read as events; the message says why and what to do."""


def open_events(path: Path) -> tuple[Buffer, list[tuple[str, str]]]:
    """Map a file into memory without reading it; with notes on it."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a directory" if stat.S_ISDIR(mode) else "a pipe or device"
            raise RejectedError(f"{what}, not a file; copy the events to a file")
        with path.open("rb") as file:
            head = file.read(len(LFS))
            if head == LFS:
                raise RejectedError("a git-LFS pointer, not the file itself; run `git lfs pull`")
            if head.startswith(b"PK\x03\x04"):
                raise RejectedError("a zip archive; unpack it")
            if magic := magic_of(head):
                return _inflate(file, magic)
            return _mapped(file), []
    except OSError as error:
        raise RejectedError(f"cannot be read: {error.strerror or error}; check the path and its permissions") from None


def _mapped(file: IO[bytes]) -> Buffer:
    # A file that grows is read up to its size of now
    size = file.seek(0, 2)
    return mmap(file.fileno(), size, access=ACCESS_READ) if size else b""


def _inflate(file: IO[bytes], magic: bytes) -> tuple[Buffer, list[tuple[str, str]]]:
    """Decompress into a temporary file of bounded size, as far as the data are intact."""
    max_size = min(GZIP_MAX, max(GZIP_SMALL, GZIP_TIMES * file.seek(0, 2)))
    file.seek(0)
    with tempfile.TemporaryFile() as plain:
        notes = unpack(file, plain, magic, max_size)
        if notes and not plain.tell():
            raise RejectedError(notes[0][1].removesuffix("; read up to there") + "; fetch the file again")
        plain.flush()
        return _mapped(plain), notes


def forget(data: Buffer, start: int, stop: int) -> None:
    """Release the memory pages of the part of a mapped file that has been read."""
    if isinstance(data, mmap) and hasattr(data, "madvise") and stop - start > PAGESIZE:
        from mmap import MADV_DONTNEED

        begin = start // PAGESIZE * PAGESIZE
        data.madvise(MADV_DONTNEED, begin, stop - begin)


def begins_as_events(path: Path) -> bool:
    """Whether the first record of a file is an event. Reads at most 4 KiB."""
    if not stat.S_ISREG(path.stat().st_mode):
        return False
    with path.open("rb") as file:
        head = file.read(1 << 12)
    if magic := magic_of(head):
        head = MAGIC[magic]().decompress(head, 1 << 12)
    if len(head) < FRAME or masked_crc(head[:8]) != struct.unpack_from("<I", head, 8)[0]:
        return False
    length = struct.unpack_from("<Q", head)[0]
    if length > len(head) - HEADER:
        return False
    event = parse_event(head[HEADER : HEADER + length])
    return event.version.startswith("brain.Event:") or bool(event.values)
