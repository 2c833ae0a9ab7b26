"""The bytes of an event file, plain or compressed, and whether a file is one."""

from __future__ import annotations

import contextlib
import stat
import struct
from pathlib import Path
from typing import IO, Self

from loglens.model.file_kinds import file_kind
from loglens.readers.files.packed import MAGIC, magic_of, unpack
from loglens.readers.tensorboard.event_proto import parse_event
from loglens.readers.tensorboard.records import FRAME, HEADER, masked_crc

LFS = b"version https://git-lfs"


class RejectedError(ValueError):
    """A file that cannot be read as events; the message says why and what to do."""


class EventFile:
    """The bytes of a file, as they are asked for. One that is cut short meanwhile ends there."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, 2)  # a file that grows is read up to its size of now

    def read(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop), fewer where the file ends before."""
        wanted = max(0, min(stop, self.size) - start)
        self._file.seek(start)
        data = self._file.read(wanted)
        if len(data) < wanted:
            self.size = start + len(data)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def open_events(path: Path) -> tuple[EventFile, list[tuple[str, str]]]:
    """A file as plain bytes, and notes on it. Raises RejectedError."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a directory" if stat.S_ISDIR(mode) else "a pipe or device"
            raise RejectedError(f"{what}, not a file; copy the events to a file")
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(path.open("rb"))
            head = file.read(len(LFS))
            if head == LFS:
                raise RejectedError("a git-LFS pointer, not the file itself; run `git lfs pull`")
            if head.startswith(b"PK\x03\x04"):
                raise RejectedError("a zip archive; unpack it")
            if magic := magic_of(head):
                return _inflate(file, magic)
            if (kind := file_kind(head) or "").endswith("; unpack it first"):
                raise RejectedError(kind)
            stack.pop_all()  # stays open
            return EventFile(file), []
    except OSError as error:
        raise RejectedError(f"cannot be read: {error.strerror or error}; check the path and its permissions") from None


def _inflate(file: IO[bytes], magic: bytes) -> tuple[EventFile, list[tuple[str, str]]]:
    """Unpacks into a temporary file, within bounds; what can be unpacked is read."""
    import tempfile  # slow to load, and needed for compressed files only

    file.seek(0)
    plain = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who reads it
    notes = unpack(file, plain, magic)
    if notes and not plain.tell():
        plain.close()
        raise RejectedError(notes[0][1].removesuffix("; read up to there") + "; fetch the file again")
    plain.seek(0)
    if magic_of(plain.read(len(LFS))):
        plain.close()
        raise RejectedError("packed twice; unpack it first")
    return EventFile(plain), notes


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
