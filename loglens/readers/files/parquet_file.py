"""Parquet files, where pyarrow is installed; their column names without it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from loglens.errors import UnreadableError
from loglens.model.budget import budget
from loglens.readers.files.parquet_extents import within_budget
from loglens.readers.files.parquet_process import DiedError, answers
from loglens.readers.files.values import refuse
from loglens.stats.arrays import Floats

MAGIC = b"PAR1"
#: The schema stands at the end of the file; so much of it is looked at, and read so much at a time.
TAIL, BATCH = 1 << 20, 1 << 14
#: So many cells are in memory at a time.
CELLS = 1 << 19
#: More rows than this in a file of fewer bytes are no history: steps and times differ from row to row, which
#: takes more than a byte a row however well it is packed.
MAX_ROWS = 100_000
_NAME = re.compile(rb"[A-Za-z_][\w/.\- ]{0,200}")


def names(path: Path) -> frozenset[bytes]:
    """Words of the file's schema, its column names among them; none for other files. Never raises."""
    try:
        if not path.is_file():
            return frozenset()
        with path.open("rb") as file:
            if file.read(4) != MAGIC:
                return frozenset()
            end = file.seek(0, 2)
            file.seek(max(0, end - 8))
            size = int.from_bytes(file.read(8)[:4], "little")
            file.seek(max(0, end - 8 - min(size, TAIL)))
            return frozenset(_NAME.findall(file.read(min(size, TAIL))))
    except OSError:
        return frozenset()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a batch. values: an array where it is of numbers or times (in Unix seconds), else its cells."""

    kind: str
    values: Any
    empty: NDArray[np.bool_] | None = None

    def cells(self) -> list[Any]:
        """The cells; a word that stands in many of them is in memory once. Raises ValueError for an impossible date."""
        if self.kind in ("words", "json"):
            return list(self.values)
        found = self.values.tolist()
        if self.kind == "time":
            found = [None if self._is_empty(n) else _date(each) for n, each in enumerate(found)]
        elif self.empty is not None:
            found = [None if none else each for each, none in zip(found, self.empty.tolist(), strict=True)]
        return list(found)

    def numbers(self) -> Floats:
        """The cells as numbers, NaN where there is none. Raises ValueError for what is no number."""
        if self.kind in ("words", "json"):
            try:
                return np.array([np.nan if cell is None else float(cell) for cell in self.values], np.float64)
            except (TypeError, OverflowError) as error:
                raise ValueError(str(error)) from None
        found = self.values.astype(np.float64)
        if self.empty is not None:
            found[self.empty] = np.nan
        return cast(Floats, found)

    def _is_empty(self, row: int) -> bool:
        return self.empty is not None and bool(self.empty[row])


#: A batch of rows, as a list of columns with their names: a name may stand twice.
Batch = list[tuple[str, Column]]


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows as dictionaries, a batch in memory at a time. Raises UnreadableError."""
    for batch in batches(path):
        try:
            found = [column.cells() for _, column in batch]
        except (ValueError, ArithmeticError, OSError) as error:  # a date beyond all
            raise refuse(path, f"a damaged Parquet file ({error})") from None
        names = [name for name, _ in batch]
        yield from (dict(zip(names, row, strict=True)) for row in zip(*found, strict=True))


def batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[Batch]:
    """The rows, so many at a time. Raises UnreadableError, that the extra is missing among others."""
    if not find_spec("pyarrow"):
        raise refuse(path, 'a Parquet file; to read it: pip install "loglens[parquet]"')
    request = {"path": str(path.absolute()), "columns": columns}
    try:
        ((footer, _),) = answers(request | {"want": "footer", "room": budget().left("unpacked")})
        count, size = footer["rows"], path.stat().st_size
        if count > max(MAX_ROWS, size):
            raise refuse(path, f"{count} rows in {size} bytes: a decompression bomb, or damaged")
        wanted = within_budget(footer)
        rows_at_once = max(1, min(BATCH, CELLS // max(1, len(wanted))))
        with closing(answers(request | {"want": "rows", "columns": wanted, "rows": rows_at_once})) as found:
            for told, blocks in found:
                yield _batch(told, blocks)
    except DiedError as error:
        raise refuse(path, str(error)) from None
    except (OSError, ValueError, MemoryError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise refuse(path, f"a damaged Parquet file, or cut off while being written ({error})") from None


def _batch(told: dict[str, Any], blocks: list[bytes]) -> Batch:
    batch, left = Batch(), iter(blocks)
    for name, kind, sizes in told["columns"]:
        first, *second = (next(left) for _ in sizes)
        if kind == "json":
            column = Column(kind, json.loads(first))
        elif kind == "words":
            words = [*json.loads(first), None]  # the last one, at -1, is none
            column = Column(kind, [words[place] for place in np.frombuffer(second[0], "<i4").tolist()])
        else:
            values = np.frombuffer(first, "<i8" if kind == "int" else "<f8")
            column = Column(kind, values, np.frombuffer(second[0], np.bool_) if second else None)
        batch.append((name, column))
    return batch


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
