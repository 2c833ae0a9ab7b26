"""What reading one source may take. A reader charges it for what it unpacks and keeps, and ends where it is used up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from loglens.model.limits import LIMITS, limit_of, raise_hint
from loglens.model.source import Note

#: Of packed files so many points are kept, and one more for so many bytes on the disk, so that 100 KB take at most
#: 300 MB and 10 MB at most 600 MB: while it is judged a point takes up to 330 bytes (measured: a million, one curve).
PACKED_POINTS, BYTES_A_POINT = 500_000, 8
#: Of one source so many runs are read, and one more for so many bytes and for every file, so that runs of a point each
#: keep within these promises as well: a run takes some 1.5 ms and 40 kB, whatever is in it.
FEW_RUNS, BYTES_A_RUN = 500, 500
#: A packed file may grow to so many bytes, and beyond that to so many times its size.
PACKED_BYTES, PACKED_TIMES = 1 << 26, 100


class Budget:
    """Counts what was taken of each limit, and keeps what was left out."""

    def __init__(self, limits: Mapping[str, int] = MappingProxyType({}), files: Sequence[Path] = ()) -> None:
        self._limits, self._files = limits, files
        self._taken: Counter[str] = Counter()
        self._short: dict[str, str] = {}

    def limit(self, name: str) -> int:
        """The most that may be taken of a limit: what the user set; else of runs and of packed files by their size."""
        most = limit_of(self._limits, name)
        if name in self._limits or name not in ("points", "unpacked", "runs") or not self._files:
            return most
        size = self._size
        by_size = {
            "runs": FEW_RUNS + size // BYTES_A_RUN + len(self._files),
            "points": PACKED_POINTS + size // BYTES_A_POINT,
            "unpacked": max(PACKED_BYTES, PACKED_TIMES * size),
        }
        return min(most, by_size[name])

    def left(self, name: str) -> int:
        """How much may still be taken."""
        return max(0, self.limit(name) - self._taken[name])

    def take(self, name: str, amount: int = 1, what: str = "") -> int:
        """Take up to `amount`, and return how much was granted; what: names what is left out where that is less."""
        granted = min(amount, self.left(name))
        self._taken[name] += granted
        if granted < amount:
            self.leave_out(name, what)
        return granted

    def leave_out(self, name: str, what: str = "") -> None:
        """Remember that this limit made a reader leave something out."""
        self._short.setdefault(name, what)

    def reason(self, name: str) -> str:
        """What was left out for a limit, and how to raise it."""
        what = self._short.get(name) or "the rest"
        return f"more than {self.limit(name):,} {LIMITS[name].unit}: {what} is left out; {raise_hint(name)}"

    def notes(self, file: str) -> list[Note]:
        """A note for each limit that was met."""
        return [Note("left-out", self.reason(name), file) for name in self._short if name != "runs"]

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Make this the budget that `budget()` gives to readers."""
        global _current
        before, _current = _current, self
        try:
            yield
        finally:
            _current = before

    @cached_property
    def _size(self) -> int:
        size = 0
        for file in self._files:
            with suppress(OSError):
                size += file.stat().st_size
        return size


_current = Budget()


def budget() -> Budget:
    """The budget of the source that is being read."""
    return _current
