"""Framing of TFRecord files: where the records lie, and CRC-32C for many of them at once.

A record is `u64 length | u32 masked CRC of the length | payload | u32 masked CRC of the payload`,
all little-endian. Header checksums are always checked here; whoever uses a payload checks its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from loglens.readers.tensorboard.checksum import crc32c
from loglens.stats.arrays import Ints

Buffer = bytes
Words = NDArray[np.uint32]

HEADER, FRAME = 12, 16  # bytes before the payload; bytes around it
MASK_DELTA = 0xA282EAD8

BLOCK = 1 << 16  # records handed on at once; what they span should fit the cache
SPAN = 1 << 24  # bytes read and walked over at once, so that memory stays bounded
MAX_RECORD = 1 << 26  # a longer record is not read into memory
CHECKS = 4  # so many times its size a file is checked for a record that swallowed others
HISTORY = 1 << 12  # records walked one by one before a period is looked for


def masked_crc(data: bytes | memoryview) -> int:
    """The checksum as event files store it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def unmask(stored: Words) -> Words:
    """CRC-32C from its stored, masked form."""
    crc = stored - np.uint32(MASK_DELTA)
    return crc >> np.uint32(17) | crc << np.uint32(15)


@lru_cache(maxsize=96)
def pair_table(after: int) -> Words:
    """What two bytes, read as one little-endian u16, add (xor) to the CRC when `after` bytes follow.

    CRC-32C is linear over GF(2): flipping a bit of the data flips the same bits of the checksum
    whatever the rest is. So the change from a known record is a xor of one table entry per pair.
    """
    zero = crc32c(bytes(after + 2))
    table = np.zeros(1, np.uint32)
    for bit in range(16):
        change = crc32c((1 << bit).to_bytes(2, "little") + bytes(after)) ^ zero
        table = np.concatenate([table, table ^ np.uint32(change)])
    return table


def windows(data: Buffer, width: int) -> NDArray[np.uint8]:
    """Every `width` bytes of the data as a row, without a copy."""
    raw = np.frombuffer(data, np.uint8)
    return np.lib.stride_tricks.as_strided(raw, (len(raw) - width + 1, width), (1, 1), writeable=False)


class Ranged(Protocol):
    """A file that is read piece by piece. read: the bytes [start, stop), fewer where the file ends before."""

    size: int

    def read(self, start: int, stop: int) -> bytes: ...


class Block(NamedTuple):
    """Records that follow each other: where they begin in the file, their bytes, and their payloads in those.

    data: empty for a single record beyond `MAX_RECORD`, which is left in the file.
    """

    base: int
    data: bytes
    start: Ints
    size: Ints


class Place(NamedTuple):
    """Where a walk over the records of a file stands: at a byte, and how many records and what else lie before it."""

    at: int = 0
    records: int = 0
    skipped: tuple[tuple[int, int], ...] = ()


START = Place()


class Framer:
    """Walks the records of a file from a place on.

    place: where the block that was yielded last begins, and what is before it. skipped: (offset, bytes) of stretches
    that hold no valid record. cut_off: the last record is not whole; both are known after the walk. A window of the
    file is in memory at a time. It is read, not mapped: a mapped file that shrinks kills the process.
    """

    def __init__(self, file: Ranged, place: Place = START) -> None:
        self.file = file
        self.place = place
        self.count = place.records
        self.skipped = [*place.skipped]
        self.cut_off = False
        self._known: dict[bytes, int] = {}  # header -> bytes of the whole record
        self._patience = HISTORY
        self._recent, self._recent_end = np.zeros(0, np.int64), 0  # sizes of the last records, and where they end
        self._data, self._base = b"", 0  # the window
        self._checks = CHECKS * file.size + SPAN  # bytes that may still be checked for a broken record

    @property
    def size(self) -> int:
        """Bytes of the file, as far as it is known to reach."""
        return self.file.size

    def __iter__(self) -> Iterator[Block]:
        """The records, block by block."""
        at = self.place.at
        while at < self.size:
            self.place = Place(at, self.count, tuple(self.skipped))
            sizes, end = self._block(at)
            if not len(sizes) and self._whole(at):  # longer than the window
                sizes = np.array([self._header(at)], np.int64)
                end = at + int(sizes[0])
            heads = at + np.cumsum(sizes) - sizes
            if end < self.size and not self._whole(end):
                heads, sizes, end = self._resume_at_next_header(heads, sizes, end)
            block = self._handed_on(heads, sizes)
            self.count += len(block.start)
            if len(block.start):
                yield block
            at = end

    def _handed_on(self, heads: Ints, sizes: Ints) -> Block:
        if not len(heads):
            return Block(0, b"", heads, sizes)
        base, end = int(heads[0]), int(heads[-1] + sizes[-1])
        if end - base > MAX_RECORD:
            return Block(base, b"", heads - base + HEADER, sizes - FRAME)
        data = self._bytes(base, end)
        there = heads + sizes <= base + len(data)  # a file may shrink while it is read
        return Block(base, data, heads[there] - base + HEADER, sizes[there] - FRAME)

    def _load(self, at: int, min_bytes: int = HEADER) -> None:
        """Move the window so that so many bytes from `at` on are in it, with some that stand before."""
        if not self._base <= at <= self._base + len(self._data) - min(min_bytes, self.size - at):
            self._base = max(0, at - SPAN // 16)
            self._data = self.file.read(self._base, at + SPAN)

    def _bytes(self, start: int, stop: int) -> bytes:
        if self._base <= start and stop <= self._base + len(self._data):
            return self._data[start - self._base : stop - self._base]
        return self.file.read(start, stop)

    def _block(self, at: int) -> tuple[Ints, int]:
        """Sizes of the records from here on, as far as one block goes, and where it ends."""
        self._load(at, SPAN // 4)
        first, count, pieces = at, 0, [np.zeros(0, np.int64)]
        while count < BLOCK and at - first < SPAN and self._fits(at):
            max_records = BLOCK - count
            sizes, at = self._repeat(at, max_records)
            if len(sizes) >= min(HISTORY, max_records):
                self._patience = HISTORY
            else:  # a log that does not repeat itself is asked ever more rarely whether it does
                walked, at = self._walk(at, min(self._patience, max_records - len(sizes)))
                self._patience = min(2 * self._patience, BLOCK)
                sizes = np.concatenate([sizes, walked])
            self._recent, self._recent_end = np.concatenate([self._recent, sizes])[-HISTORY:], at
            pieces.append(sizes)
            count += len(sizes)
        return np.concatenate(pieces), at

    def _walk(self, at: int, max_records: int) -> tuple[Ints, int]:
        """Up to `max_records` records in the window one by one: their sizes, and where the walk stands."""
        data, base, size, heads = self._data, self._base, self._known.get, []
        end = base + len(data)
        for _ in range(max_records):
            place = at - base
            whole = size(data[place : place + HEADER]) or self._header(at)
            if not whole or at + whole > end:
                break
            heads.append(at)
            at += whole
        edges = np.array([*heads, at], np.int64)
        return edges[1:] - edges[:-1], at

    def _header(self, at: int) -> int:
        """The size of the whole record that begins here, 0 if none does."""
        head = self._bytes(at, at + HEADER)
        if len(head) < HEADER:
            return 0
        length, crc = struct.unpack("<QI", head)
        if crc != masked_crc(head[:8]):
            return 0
        if len(self._known) > 1 << 16:  # many lengths: a file of images, say
            self._known.clear()
        self._known[head] = length + FRAME
        return int(length) + FRAME

    def _whole(self, at: int) -> bool:
        size = self._header(at)
        return 0 < size <= self.size - at

    def _fits(self, at: int) -> bool:
        """Whether a whole record begins here and ends in the window."""
        size = self._header(at)
        return 0 < size <= self._base + len(self._data) - at

    def _repeat(self, at: int, max_records: int) -> tuple[Ints, int]:
        """Records that repeat the last ones' pattern of sizes, all headers verified at once.

        A training loop writes the same tags step after step, so sizes come back with a period. The
        guess costs little if wrong: it holds up to the first header that is not the foretold one.
        """
        if self._recent_end != at:
            self._recent = self._recent[:0]
        lag = _period(self._recent)
        period = self._recent[len(self._recent) - lag :]
        span, place = int(period.sum()), at - self._base
        rounds = min(-(-max_records // lag), (len(self._data) - place) // span) if lag and span <= place else 0
        if rounds < 1:
            return period[:0], at
        rows = windows(self._data, HEADER)
        want = rows[place - span + np.cumsum(period) - period].view("<u4")
        guess = np.tile(period, rounds)[:max_records]
        got = rows[place + np.cumsum(guess) - guess].view("<u4")
        wrong = (got != np.tile(want, (rounds, 1))[:max_records]).any(axis=1)
        guess = guess[: int(wrong.argmax())] if wrong.any() else guess
        return guess, at + int(guess.sum())

    def _resume_at_next_header(self, heads: Ints, sizes: Ints, at: int) -> tuple[Ints, Ints, int]:
        """No whole record begins at `at`: continue at the next valid header, or end."""
        if len(heads) and self._broken(last := int(heads[-1]), int(sizes[-1])):
            # A writer died inside this record and another went on after it in the same file: the
            # length of the cut off record swallowed the beginning of what follows
            found = self._resync(last + 1, at)
            if found:
                self.skipped.append((last, found - last))
                return heads[:-1], sizes[:-1], found
        found = self._resync(at + 1, self.size)
        if not found and (self._header(at) or self.size - at < HEADER):
            self.cut_off = True
        else:
            self.skipped.append((at, (found or self.size) - at))
        return heads, sizes, found or self.size

    def _broken(self, head: int, size: int) -> bool:
        """Whether a record's payload fails its checksum. Records that lie in each other soon use up the budget."""
        self._checks -= size
        if self._checks < 0 or size > MAX_RECORD:
            return False
        record = self._bytes(head, head + size)
        return masked_crc(memoryview(record)[HEADER:-4]).to_bytes(4, "little") != record[-4:]

    def _resync(self, at: int, end: int) -> int:
        """Offset of the first header in [at, end) of a record that fits into the file; 0 if none."""
        end = min(end, self.size - FRAME)
        while at < end:
            stop = min(at + SPAN // 16, end)
            self._load(at, stop - at + FRAME)
            for offset in (at + _plausible(np.frombuffer(self._bytes(at, stop + 7), np.uint8))).tolist():
                if self._whole(offset):
                    return int(offset)
            at, end = stop, min(end, self.size - FRAME)
        return 0


def _plausible(raw: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Where a u64 stands that may be a length: below 4 GiB and not zero (no event is empty)."""
    zero, n = raw == 0, len(raw) - 7
    high = zero[4 : n + 4] & zero[5 : n + 5] & zero[6 : n + 6] & zero[7:]
    low = zero[:n] & zero[1 : n + 1] & zero[2 : n + 2] & zero[3 : n + 3]
    return np.flatnonzero(high & ~low)


def _period(sizes: Ints) -> int:
    """The shortest period with which the last sizes repeat, 0 if they do not."""
    back = sizes[::-1]
    for lag in (np.flatnonzero(back[1 : len(back) // 2 + 1] == back[:1]) + 1)[:64].tolist():
        if np.array_equal(back[:lag], back[lag : 2 * lag]):
            return int(lag)
    return 0
