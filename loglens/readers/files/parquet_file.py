"""Parquet files, where pyarrow is installed; their column names without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from loglens.errors import UnreadableError
from loglens.readers.files.parquet_extents import within_budget
from loglens.readers.files.values import refuse

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


def rows(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows as dictionaries, a batch in memory at a time. Raises UnreadableError."""
    for batch in batches(path, columns):
        try:
            found = [cells(column) for column in batch.columns]
        except (ValueError, LookupError, ArithmeticError, NotImplementedError) as error:  # no UTF-8, a date beyond all
            raise refuse(path, f"a damaged Parquet file ({_said(error)})") from None
        yield from (dict(zip(batch.schema.names, row, strict=True)) for row in zip(*found, strict=True))


def batches(path: Path, columns: list[str] | None = None) -> Iterator[Any]:
    """The record batches of pyarrow. Raises UnreadableError, that the extra is missing among others."""
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise refuse(path, 'a Parquet file; to read it: pip install "loglens[parquet]"') from None
    try:
        with pq.ParquetFile(path, memory_map=False) as file:
            words = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
        # a word of a megabyte that stands once in the file may stand in every row
        with pq.ParquetFile(path, memory_map=False, read_dictionary=words) as file:
            count, size = file.metadata.num_rows, path.stat().st_size
            if count > max(MAX_ROWS, size):
                raise refuse(path, f"{count} rows in {size} bytes: a decompression bomb, or damaged")
            names = file.schema_arrow.names
            wanted = names if columns is None else [name for name in columns if name in names]
            wanted = within_budget(file.metadata, file.schema_arrow, wanted)
            rows_at_once = max(1, min(BATCH, CELLS // max(1, len(wanted))))
            for batch in file.iter_batches(rows_at_once, columns=wanted):
                batch.validate(full=True)  # pyarrow believes numbers of words that are not there
                yield batch
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise refuse(path, f"a damaged Parquet file, or cut off while being written ({_said(error)})") from None


def cells(column: Any) -> list[Any]:
    """The cells of a column of a batch. A word that stands in many of them is in memory once."""
    if not hasattr(column, "dictionary"):
        return list(column.to_pylist())
    words = column.dictionary.to_pylist()
    return [None if index is None else words[index] for index in column.indices.to_pylist()]


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
