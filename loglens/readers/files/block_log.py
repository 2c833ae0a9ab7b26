"""Find the intact records of block logs (W&B, SwanLab), and continue behind damaged ones.

After a header of 7 bytes, blocks of 32 KiB, counted from the beginning of the file, hold chunks of
`u32 CRC | u16 length | u8 kind | payload`, all little-endian; a record is one chunk or several. The
CRC is that of zlib, over kind and payload. Every chunk is checked. Past a damaged one the next valid
chunk is looked for, so that one bad byte costs one record and not the block.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from loglens.model.source import Note
from loglens.readers.files.values import LFS_POINTER, refuse

HEADER = 7
BLOCK = 1 << 15
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
#: So many bytes are read at a time, whole blocks; a record longer than the second is left out.
PIECE, MAX_LENGTH = 256 * BLOCK, 64 << 20
#: Zeros after the data, so that a look at a few bytes past the end is none beyond it.
PAD = bytes(32)
#: So many bytes are checked in all to find valid chunks amid damage; then only block ends are tried.
BUDGET = 1 << 31
_HEAD = struct.Struct("<IHB")


class Batch(NamedTuple):
    """Some records: record i is data[start[i]:stop[i]]. `PAD` follows the last one."""

    data: bytes
    start: list[int]
    stop: list[int]


class BlockLog:
    """The records of a file, batch by batch. After the walk it knows what was lost.

    count: intact records. lost: damaged ones, as far as they can be told apart; first: where the
    first of them is. cut_off: the last record is not whole.
    """

    def __init__(self, path: Path, magic: bytes) -> None:
        self.path, self.magic = path, magic
        self.count = self.lost = self.first = 0
        self.cut_off = False
        self._parts: list[bytes] | None = None  # of a record that continues in the next block
        self._orphans = False  # after damage: what continues there is known to be lost
        self._budget = BUDGET

    def __iter__(self) -> Iterator[Batch]:
        """Raises UnreadableError for a file that cannot be such a log."""
        try:
            with self.path.open("rb") as file:
                yield from self._batches(file)
        except OSError as error:
            raise refuse(self.path, f"cannot be read ({error.strerror or error})") from None

    def _batches(self, file: BinaryIO) -> Iterator[Batch]:
        base, piece = 0, _read(file)
        if not piece:
            raise refuse(self.path, "empty file: the run wrote nothing, or has not flushed yet")
        if piece.startswith(LFS_POINTER):
            raise refuse(self.path, "a git-LFS pointer, not the file itself; run `git lfs pull`")
        if not piece.startswith(self.magic[: len(piece)]):
            self._drop_until(0)
        while piece:
            batch = self._walk(piece, base)
            self.count += len(batch.start)
            yield batch
            base += len(piece)
            piece = _read(file) if len(piece) == PIECE else b""
        if self._parts is not None:
            self.cut_off = True

    def _walk(self, data: bytes, base: int) -> Batch:
        at, size, unpack, crc32 = 0 if base else HEADER, len(data), _HEAD.unpack_from, zlib.crc32
        start: list[int] = []
        stop: list[int] = []
        whole: list[tuple[int, bytes]] = []  # records of several chunks, and before which others they stand
        while at + HEADER <= size:
            edge = (at // BLOCK + 1) * BLOCK
            if edge - at < HEADER:
                at = edge
                continue
            crc, length, kind = unpack(data, at)
            end = at + HEADER + length
            if end > edge or end > size or not FULL <= kind <= LAST or crc32(data[at + 6 : end]) != crc:
                at = self._resume_at_next_header(data, at, min(edge, size), base)
                continue
            if kind == FULL and self._parts is None:
                start.append(at + HEADER)
                stop.append(end)
                self._orphans = False
            elif record := self._part(kind, data[at + HEADER : end], base + at):
                whole.append((len(start), record))
            at = end
        if size < PIECE and size > at and any(data[at:]):
            self.cut_off = True
        return _merge(data, start, stop, whole)

    def _part(self, kind: int, payload: bytes, at: int) -> bytes | None:
        """Add a chunk of a record of several; return the record once it is complete."""
        parts, self._parts = self._parts, None
        if kind in (FULL, FIRST):
            if parts is not None:  # the record before has no end
                self._drop_until(at)
            self._orphans = False
            if kind == FULL:
                return payload
            self._parts = [payload]
        elif parts is None:
            if not self._orphans:
                self._drop_until(at)
            self._orphans = True
        elif len(parts) * BLOCK > MAX_LENGTH:
            self._drop_until(at)
            self._orphans = True
        else:
            parts.append(payload)
            if kind == LAST:
                return b"".join(parts)
            self._parts = parts
        return None

    def _resume_at_next_header(self, data: bytes, at: int, edge: int, base: int) -> int:
        """No valid chunk is at `at`: where the next one in this block is, or the end of the block."""
        last = edge == len(data) < PIECE
        if last and not any(data[at:]):  # zeros that a file system left at the end
            self.cut_off = self.cut_off or self._parts is not None or edge - at >= BLOCK // 2
            self._parts = None
            return edge
        _, length, _ = _HEAD.unpack_from(data, at)
        end = at + HEADER + length
        found = end if end + HEADER <= edge and self._valid(data, end, edge) else self._scan(data, at + 1, edge)
        if last and found == edge and end > edge:
            self.cut_off = True
        else:
            self._drop_until(base + at)
        self._parts, self._orphans = None, True
        return found

    def _valid(self, data: bytes, at: int, edge: int) -> bool:
        crc, length, kind = _HEAD.unpack_from(data, at)
        end = at + HEADER + length
        if not FULL <= kind <= LAST or end > edge:
            return False
        self._budget -= length
        return bool(zlib.crc32(data[at + 6 : end]) == crc)

    def _scan(self, data: bytes, at: int, edge: int) -> int:
        if edge - at < HEADER or self._budget <= 0:
            return edge
        raw = np.frombuffer(data, np.uint8, edge - at, at)
        kind, offset = raw[6:], np.arange(len(raw) - 6)
        end = offset + HEADER + raw[4:-2] + raw[5:-1].astype(np.int64) * 256
        for each in np.flatnonzero((kind >= FULL) & (kind <= LAST) & (end <= len(raw))).tolist():
            if self._budget > 0 and self._valid(data, at + each, edge):
                return at + int(each)
        return edge

    def _drop_until(self, at: int) -> None:
        self.first = self.first if self.lost else at
        self.lost += 1

    def notes(self) -> list[Note]:
        """Notes on lost records, complete after all have been read."""
        found = []
        if self.lost:
            what = "record is" if self.lost == 1 else "records are"
            message = f"{self.lost} {what} damaged and left out (from byte {self.first} on); the rest is read"
            found.append(Note("corrupt", message, self.path.name))
        if self.cut_off:
            message = f"file ends inside record {self.count + 1} (killed, or still writing)"
            found.append(Note("truncated", message, self.path.name))
        return found


def _read(file: BinaryIO) -> bytes:
    """The next piece, shorter only at the end of the file."""
    parts: list[bytes] = []
    missing = PIECE
    while missing and (part := file.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _merge(data: bytes, start: list[int], stop: list[int], whole: list[tuple[int, bytes]]) -> Batch:
    """Put the records of one chunk and those that span several into one buffer, in order."""
    at = len(data)
    for shift, (before, record) in enumerate(whole):
        start.insert(before + shift, at)
        at += len(record)
        stop.insert(before + shift, at)
    return Batch(b"".join([data, *(record for _, record in whole), PAD]), start, stop)
