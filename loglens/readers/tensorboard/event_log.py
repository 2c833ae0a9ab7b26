"""The event files of one directory, read one after another into columns."""

from __future__ import annotations

import stat
import struct
import tempfile
import zlib
from collections.abc import Iterable
from mmap import ACCESS_READ, PAGESIZE, mmap
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Columns
from loglens.model.source import Note
from loglens.readers.tables.growing_columns import Growing
from loglens.readers.tensorboard.event_proto import parse_event
from loglens.readers.tensorboard.records import FRAME, HEADER, Buffer, Framer, masked_crc
from loglens.readers.tensorboard.scalar_batches import Batch, Kernel
from loglens.readers.tensorboard.summaries import CorruptError, Summaries
from loglens.stats.arrays import Ints

LFS = b"version https://git-lfs"
GZIP = b"\x1f\x8b"
#: Bytes that a compressed file may grow to: at most the first, and beyond the second only to so many times
#: its size. Event records of one tag shrink tenfold, zeros a thousandfold.
GZIP_MOST, GZIP_SMALL, GZIP_TIMES = 1 << 32, 1 << 26, 100
TYPES = {"tag": np.int32, "step": np.int64, "time": np.float64, "value": np.float64, "session": np.int32}


class RejectedError(ValueError):
    """A file that cannot be read as events; the message says why and what to do."""


class EventLog:
    """What the event files of one directory hold, in the order written."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.summaries = Summaries()
        self.points = 0
        self.notes: list[Note] = []
        self._kernel = Kernel()
        self._points = Growing(**TYPES)
        self._order: dict[int, None] = {}  # codes of the tags as first written
        self._session = -1

    @property
    def tags(self) -> dict[str, int]:
        """Scalar tags and the codes that stand for them in the blocks."""
        return self._kernel.tags

    def add(self, path: Path) -> None:
        """Reads one more file. Raises RejectedError if there is not one record in it."""
        data, cut = _open(path)
        framer, failed = Framer(data), _Failures()
        self._session += 1
        for start, size in framer:
            self._block(data, start, size, failed)
            _forget(data, int(start[0]), int(start[-1] + size[-1]))
        if framer.skipped and not framer.count:
            raise RejectedError("no event record in it, so not a TensorBoard event file; leave it out")
        self.files.append(path)
        notes = [*cut, *failed.notes(), *_framing_notes(framer)]
        self.notes += [Note(kind, message, str(path)) for kind, message in notes]

    def _block(self, data: Buffer, start: Ints, size: Ints, failed: _Failures) -> None:
        batches, left = self._kernel.decode(data, start, size)
        sessions = np.zeros(len(start), np.int32)
        loose: list[tuple[int, int, float, int, float]] = []
        with memoryview(data) as view:
            for record, at, length in zip(left.tolist(), start[left].tolist(), size[left].tolist(), strict=True):
                end = at + length
                try:
                    with view[at:end] as raw:
                        taken = self.summaries.take(raw, data[end : end + 4])
                except CorruptError:
                    failed.corrupt.append(at - HEADER)
                    continue
                except ValueError:
                    failed.malformed.append(at - HEADER)
                    continue
                sessions[record] = taken.starts_session
                loose += [(record, self._code(tag), taken.time, taken.step, x) for tag, x in taken.scalars]
        sessions = np.cumsum(sessions, dtype=np.int32) + np.int32(self._session)
        self._session = int(sessions[-1])
        self._append(batches, loose, sessions, int(start[-1] + size[-1]) / len(data))

    def _code(self, tag: str) -> int:
        return self.tags.setdefault(tag, len(self.tags))

    def _append(
        self,
        batches: list[Batch],
        loose: list[tuple[int, int, float, int, float]],
        sessions: NDArray[np.int32],
        share: float,
    ) -> None:
        """Puts the points of a block back into the order of their records. share: of the file, read with them."""
        counts = np.zeros(len(sessions), np.int64)
        for batch in batches:
            counts[batch.record] = batch.tag.shape[1]
        owners = np.array([record for record, *_ in loose], np.int64)
        np.add.at(counts, owners, 1)
        first, total = np.cumsum(counts) - counts, int(counts.sum())
        block = self._points.extend(total, share)
        block["session"][:] = np.repeat(sessions, counts)
        for record, step, time, tag, value in batches:
            rows = first[record][:, None] + np.arange(tag.shape[1])
            block["tag"][rows], block["value"][rows] = tag, value
            block["step"][rows], block["time"][rows] = step[:, None], time[:, None]
        if loose:
            # `loose` is by record, so that a point's place in its record is its distance from the first
            rows = first[owners] + np.arange(len(loose)) - np.searchsorted(owners, owners)
            _, block["tag"][rows], block["time"][rows], block["step"][rows], block["value"][rows] = zip(
                *loose, strict=True
            )
        self.points += total
        if len(self._order) < len(self.tags):
            self._order |= dict.fromkeys(_as_first_written(block["tag"], len(self.tags)))

    def last(self) -> dict[str, float]:
        """The last value of each scalar."""
        codes, row = np.unique(self._points["tag"][::-1], return_index=True)
        values = self._points["value"][::-1][row]
        final = dict(zip(codes.tolist(), values.tolist(), strict=True))
        return {name: final[code] for name, code in self.tags.items() if code in final}

    @staticmethod
    def columns(logs: Iterable[tuple[str, EventLog]]) -> Columns:
        """The points of several directories of a run, each with the rule that renames its tags.

        Takes the points out of the logs, column by column, so that they are not held twice.
        """
        index: dict[str, int] = {}
        columns: dict[str, list[NDArray[Any]]] = {name: [] for name in TYPES}
        session = 0
        for rule, log in logs:
            names, codes = list(log.tags), np.zeros(len(log.tags), np.int32)
            for code in log._order:
                name = rule + names[code] if rule.endswith("/") else rule or names[code]
                codes[code] = index.setdefault(name, len(index))
            for name, parts in columns.items():
                parts.append(log._points.pop(name))
            columns["tag"][-1] = codes[columns["tag"][-1]]
            columns["session"][-1] += np.int32(session)
            session += log._session + 1
        joined = {name: _joined(columns.pop(name), kind) for name, kind in TYPES.items()}
        return Columns(tuple(index), **joined)


def _joined(parts: list[NDArray[Any]], kind: type) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, kind), *parts])


def _as_first_written(codes: NDArray[np.int32], most: int) -> list[int]:
    """The codes that occur, in the order in which they first do."""
    first = np.full(most, len(codes), np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return list(np.argsort(first, kind="stable")[: int((first < len(codes)).sum())].tolist())


class _Failures:
    """Offsets of the records that were dropped."""

    def __init__(self) -> None:
        self.corrupt: list[int] = []
        self.malformed: list[int] = []

    def notes(self) -> list[tuple[str, str]]:
        kinds = ((self.corrupt, "failed the checksum"), (self.malformed, "holds no valid event"))
        return [
            ("corrupt", f"{_counted(len(bad), 'record')} {what} at byte {_listed(bad)}; dropped")
            for bad, what in kinds
            if bad
        ]


def _framing_notes(framer: Framer) -> list[tuple[str, str]]:
    notes = []
    if framer.skipped:
        lost = _counted(sum(size for _, size in framer.skipped), "byte")
        notes.append(("corrupt", f"{lost} at {_listed([at for at, _ in framer.skipped])} hold no record; skipped"))
    if framer.torn:
        notes.append(("truncated", f"ends inside record {framer.count + 1} (writer killed or still writing)"))
    if not framer.size:
        notes.append(("empty", "an empty file"))
    return notes


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _listed(offsets: list[int]) -> str:
    return ", ".join(map(str, offsets[:3])) + (" ..." if len(offsets) > 3 else "")


def _open(path: Path) -> tuple[Buffer, list[tuple[str, str]]]:
    """The bytes of a file, mapped, not read; and notes on it."""
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
            if head.startswith(GZIP):
                return _inflate(file)
            return _mapped(file), []
    except OSError as error:
        raise RejectedError(f"cannot be read: {error.strerror or error}; check the path and its permissions") from None


def _mapped(file: IO[bytes]) -> Buffer:
    # A file that grows is read up to its size of now
    size = file.seek(0, 2)
    return mmap(file.fileno(), size, access=ACCESS_READ) if size else b""


def _inflate(file: IO[bytes]) -> tuple[Buffer, list[tuple[str, str]]]:
    """Unpacks gzip into a temporary file, within bounds; what can be unpacked is read."""
    most = min(GZIP_MOST, max(GZIP_SMALL, GZIP_TIMES * file.seek(0, 2)))
    file.seek(0)
    unpacker, notes = zlib.decompressobj(wbits=31), []
    with tempfile.TemporaryFile() as plain:
        try:
            while not unpacker.eof and plain.tell() < most:
                packed = unpacker.unconsumed_tail or file.read(1 << 16)
                if not packed:
                    break
                plain.write(unpacker.decompress(packed, 1 << 22))
        except zlib.error as error:
            notes.append(("corrupt", f"the compressed data are damaged ({error}); read up to there"))
        else:
            if plain.tell() >= most:
                notes.append(("truncated", f"unpacks to more than {most >> 20} MB: a bomb; read up to there"))
            elif not unpacker.eof:
                notes.append(("truncated", "the compressed data do not end; read up to there"))
        if notes and not plain.tell():
            raise RejectedError(notes[0][1].removesuffix("; read up to there") + "; fetch the file again")
        plain.flush()
        return _mapped(plain), notes


def _forget(data: Buffer, start: int, stop: int) -> None:
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
    if head.startswith(GZIP):
        head = zlib.decompressobj(wbits=31).decompress(head, 1 << 12)
    if len(head) < FRAME or masked_crc(head[:8]) != struct.unpack_from("<I", head, 8)[0]:
        return False
    length = struct.unpack_from("<Q", head)[0]
    if length > len(head) - HEADER:
        return False
    event = parse_event(head[HEADER : HEADER + length])
    return event.version.startswith("brain.Event:") or bool(event.values)
