"""Read untrusted SQLite files: read-only, known tables only, no views or triggers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from loglens.model.budget import budget
from loglens.model.source import Note
from loglens.model.temporary_folder import free_space, temporary_folder
from loglens.readers.files.values import refuse

MAGIC = b"SQLite format 3\0"
#: No text or blob is longer; no journal that is copied is bigger.
MAX_LENGTH, MAX_SIZE = 64 << 20, 4 << 30
#: In a file beyond the first size texts and blobs are counted, and cut to the second.
LARGE, MAX_CELL = 16 << 20, 1 << 20
#: The texts of so many rows are charged to the budget at a time.
CHARGED_AT_ONCE = 32
#: Cells that are no texts.
_NUMBERS = frozenset({int, float, type(None)})
#: What a writer leaves beside its file while it is at work, without which the file is not whole; and how it begins.
BESIDE: dict[str, tuple[bytes, ...]] = {
    "-wal": (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    "-journal": (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",),
}
Row = tuple[object, ...]
#: What reading a damaged file raises: SQLite quotes names in its messages, which
#: need not be UTF-8, and a length that lies asks for more memory than there is.
_DAMAGE = (sqlite3.Error, UnicodeDecodeError, MemoryError)


def holds(path: Path, words: Sequence[bytes]) -> bool:
    """Whether a file is an SQLite file in whose schema these words stand. Never raises.

    The schema is looked for in the first pages as text; a schema elsewhere is found by asking SQLite.
    """
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(16)
            if start != MAGIC:
                return False
            start = file.read(1 << 18)
    except OSError:
        return False
    if all(word in start for word in words):
        return True
    try:
        connection = _connect(path)
        try:
            sql = b" ".join(row[0].encode() for row in connection.execute("SELECT sql FROM sqlite_master") if row[0])
        finally:
            connection.close()
    except _DAMAGE:
        return False
    return all(word in sql for word in words)


def _connect(path: Path, immutable: bool = True) -> sqlite3.Connection:
    flags = "?mode=ro&immutable=1" if immutable else "?mode=rw"
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}{flags}", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_LENGTH)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


@contextmanager
def opened(path: Path, notes: list[Note]) -> Iterator[sqlite3.Connection]:
    """Open a file for reading; with a write-ahead log beside it, a copy of both. Raises UnreadableError."""
    beside, copy = _journals(path), None
    with ExitStack() as stack:
        if beside:
            copy = _copied(path, beside, stack.enter_context(temporary_folder("sqlite")), notes)
        try:
            connection = _connect(copy, immutable=False) if copy else _connect(path)
        except _DAMAGE as error:
            raise refuse(path, f"SQLite cannot open it ({_said(error)})") from None
        try:
            yield connection
        except _DAMAGE as error:
            raise refuse(path, f"a damaged SQLite file ({_said(error)})") from None
        finally:
            connection.close()


def _copied(path: Path, beside: list[Path], folder: Path, notes: list[Note]) -> Path | None:
    """A copy of a file with its journals; None with a note where there is no room for it."""
    size = sum(file.stat().st_size for file in (path, *beside))
    if size > min(MAX_SIZE, free_space(folder)):
        why = "too big" if size > MAX_SIZE else "too big for the free space of the temporary folder"
        notes.append(Note("truncated", f"the latest rows are in a journal {why} to be copied", path.name))
        return None
    copy = folder / "copy.db"
    shutil.copyfile(path, copy)
    for file in beside:
        shutil.copyfile(file, f"{copy}{file.name[len(path.name) :]}")
    return copy


def _journals(path: Path) -> list[Path]:
    """The journals beside a file that hold something: SQLite passes over one that does not begin as such."""
    found = []
    for end, magic in BESIDE.items():
        file = Path(f"{path}{end}")
        try:
            if file.is_file() and not file.is_symlink():
                with file.open("rb") as stream:
                    if stream.read(8).startswith(magic):
                        found.append(file)
        except OSError:
            continue
    return found


def _said(error: Exception) -> str:
    """The message of SQLite as one safe line: it may quote the schema, which is untrusted."""
    return " ".join(str(error).split())[:120]


def columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """The columns of a plain table, none where there is no such table or where it is a view."""
    found = connection.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (table,)).fetchall()
    if len(found) != 1 or found[0][0] != "table" or not str(found[0][1]).upper().startswith("CREATE TABLE"):
        return frozenset()
    return frozenset(row[1] for row in connection.execute(f'PRAGMA table_info("{table}")'))


def rows(
    connection: sqlite3.Connection, table: str, wanted: Sequence[str], notes: list[Note], file: str
) -> Iterator[Row]:
    """Yield the wanted columns of a table in the order written, None for a column that it lacks.

    Where pages are damaged, what stands before and after them is read, and that is said in `notes`.
    """
    known = columns(connection, table)
    if not known:
        return
    large = _size(connection) > LARGE
    named = ", ".join((_cut(name) if large else f'"{name}"') if name in known else "NULL" for name in wanted)
    query = f'SELECT {named}, rowid FROM "{table}" ORDER BY rowid'  # noqa: S608 - our names
    texts, last = _Texts(), None
    try:
        cursor = connection.execute(query)
        for row in texts.affordable(cursor) if large else cursor:
            last = row[-1]
            yield row[:-1]
    except _DAMAGE as error:
        notes.append(Note("corrupt", f"table {table} is damaged ({_said(error)}); the rows around it are read", file))
        yield from _backwards(connection, table, named, last)
    if texts.longest >= MAX_CELL:
        notes.append(Note("left-out", f"texts of table {table} are read up to {MAX_CELL >> 20} MB each", file))


def _size(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0]) * int(
        connection.execute("PRAGMA page_size").fetchone()[0]
    )


def _cut(name: str) -> str:
    """The SQL of a column whose texts and blobs are cut: one that is long would stand in memory whole."""
    long = f"typeof(\"{name}\") IN ('text', 'blob') AND length(\"{name}\") > {MAX_CELL}"
    return f'CASE WHEN {long} THEN substr("{name}", 1, {MAX_CELL}) ELSE "{name}" END'


class _Texts:
    """Charges the budget for the texts and blobs of rows, many rows at a time. longest: the length of the longest."""

    def __init__(self) -> None:
        self.longest = 0
        self._room = budget()

    def affordable(self, found: Iterable[Row]) -> Iterator[Row]:
        """Rows until the budget has no room for their texts. Those before a damaged page come before its error."""
        some: list[Row] = []
        try:
            for row in found:
                some.append(row)
                if len(some) == CHARGED_AT_ONCE:
                    if not self._afford(some):
                        return
                    yield from some
                    some = []
        except _DAMAGE:
            if self._afford(some):
                yield from some
            raise
        if self._afford(some):
            yield from some

    def _afford(self, rows: list[Row]) -> bool:
        lengths: list[int] = []
        for column in zip(*rows, strict=True):
            if not _NUMBERS.issuperset(map(type, column)):
                lengths += [len(cell) for cell in column if isinstance(cell, str | bytes)]
        self.longest = max(self.longest, max(lengths, default=0))
        return self._room.take("text", sum(lengths)) == sum(lengths)


def _backwards(connection: sqlite3.Connection, table: str, named: str, last: object) -> list[Row]:
    found: list[Row] = []
    try:
        for row in connection.execute(f'SELECT {named}, rowid FROM "{table}" ORDER BY rowid DESC'):  # noqa: S608 - our names
            if row[-1] == last:
                break
            found.append(row[:-1])
    except _DAMAGE:
        pass
    return found[::-1]
