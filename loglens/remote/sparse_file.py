"""Fetch only the needed parts of a remote file, into a local sparse file with holes instead of the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

#: Bytes of a block, and largest single fetch where a file is read sequentially.
BLOCK, AHEAD = 1 << 15, 1 << 23
#: Bytes of one file that are fetched at most. Logs are far smaller; data sets in the same formats are not.
MAX_BYTES = 1 << 30


class TooLargeError(ValueError):
    """More than `MAX_BYTES` bytes of a file would have to be fetched."""


class Sparse:
    """The local copy of a remote file of `size` bytes; `fetch(start, stop)` returns a range of its bytes.

    path is created, and is open within a `with` block. Raises OSError where it cannot be written or where the remote
    file shrank.
    """

    def __init__(self, path: Path, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self.size, self.fetched = size, 0
        self._path, self._fetch = path, fetch
        self._has: set[int] = set()  # numbers of the blocks that are there
        self._end = -1  # the block after the last one fetched
        self._ahead = 1
        self._file: IO[bytes] = path.open("xb")
        with self._file:
            self._file.truncate(size)

    def __enter__(self) -> Self:
        self._file = self._path.open("r+b")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def need(self, start: int, stop: int) -> None:
        """Fetch those bytes of [start, stop) that are not there yet."""
        self._bound(min(stop, self.size) - start - self.fetched)
        block, last = max(start, 0) // BLOCK, -(-min(stop, self.size) // BLOCK)
        while block < last:
            if block not in self._has:
                # As a file system reads ahead: twice as far each time, as long as it continues end
                self._ahead = min(2 * self._ahead, AHEAD // BLOCK) if block == self._end else 1
                far = min(block + max(self._ahead, min(last - block, AHEAD // BLOCK)), -(-self.size // BLOCK))
                self._take(block, next((b for b in range(block, far) if b in self._has), far))
            block += 1

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer at the end of the file."""
        self.need(start, stop)
        self._file.seek(start)
        return self._file.read(max(min(stop, self.size) - start, 0))

    def onward(self, start: int) -> bytes:
        """The bytes from `start` on that are there: at least to the end of its block."""
        self.need(start, start + 1)
        block, last = start // BLOCK, start // BLOCK + AHEAD // BLOCK
        end = next(b for b in range(block + 1, last + 1) if b not in self._has or b == last)
        return self.read(start, end * BLOCK)

    def _take(self, first: int, end: int) -> None:
        start, stop = first * BLOCK, min(end * BLOCK, self.size)
        self._bound(stop - start)
        data = self._fetch(start, stop)
        if len(data) != stop - start:
            raise OSError("shorter than when it was listed; read it again when nothing writes to it")
        self._file.seek(start)
        self._file.write(data)
        self._file.flush()
        self.fetched += len(data)
        self._has.update(range(first, end))
        self._end = end

    def _bound(self, more: int) -> None:
        if self.fetched + more > MAX_BYTES:
            raise TooLargeError(
                f"over {MAX_BYTES >> 30} GiB of it is needed; copy it to a local disk and name the copy"
            )
