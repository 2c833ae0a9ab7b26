"""Columns that grow block by block, each in one array with spare room.

Many small arrays that are joined at the end stand in memory twice: freed, they leave holes that nothing large fits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: So many times what is there is the most that there is made room for.
_MAX_GROWTH = 4.0


class Growing:
    """Columns of equal length, by name."""

    def __init__(self, **types: DTypeLike) -> None:
        self._columns: dict[str, NDArray[Any]] = {name: np.empty(0, kind) for name, kind in types.items()}
        self.size = self._room = 0

    def extend(self, count: int, share: float) -> dict[str, NDArray[Any]]:
        """Add empty rows for the caller to fill. share: the part of the file read so far, for the final size."""
        begin, self.size = self.size, self.size + count
        if self.size > self._room:
            self._room = int(self.size * min(1.02 / min(share, 1.0), _MAX_GROWTH))  # memory never filled is never taken
            for name, old in self._columns.items():
                self._columns[name] = np.empty(self._room, old.dtype)
                self._columns[name][:begin] = old[:begin]
        return {name: column[begin : self.size] for name, column in self._columns.items()}

    def add(self, share: float, **rows: NDArray[Any]) -> None:
        """Append rows; every column needs a value."""
        count = len(next(iter(rows.values())))
        for name, column in self.extend(count, share).items():
            column[:] = rows[name]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name][: self.size]

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def pop(self, name: str) -> NDArray[Any]:
        """Remove one column and return it."""
        return self._columns.pop(name)[: self.size]
