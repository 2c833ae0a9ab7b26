"""The cache of diagnoses, so that judging an unchanged folder again costs next to nothing.

One SQLite file, which any number of processes may use at once. A key holds everything that a diagnosis
depends on: the code, the settings, and of each file its size, times, inode and last bytes. Errors of the
cache are ignored: they never fail a report.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from loglens.model.report import Judged
from loglens.pipeline.serialise import loads

#: Bytes at the end of a file that its key holds a hash of: a log that grows or is rewritten ends differently.
TAIL = 4096
#: Size in bytes beyond which the older half of the cache is deleted.
MAX_SIZE = 512 << 20
#: Files beside a run's logs beyond which it is judged again each time, and where looking for them ends.
MAX_BESIDE, MAX_FILES = 2000, 200_000
#: Rows that are looked up or written at once.
AT_ONCE = 256


class Cache:
    """Diagnoses by key, in one SQLite file. salt: whatever changes a diagnosis although no file has changed."""

    def __init__(self, path: Path, salt: str) -> None:
        self._salt = hashlib.blake2b(salt.encode("utf-8", "surrogateescape")).digest()
        self._signatures: dict[str, bytes | None] = {}
        self._near: dict[tuple[str, bool], list[str]] = {}
        self._new: list[tuple[bytes, bytes, bytes]] = []
        self._written = time.monotonic()
        self._base = _open(path)

    def owner(self, file: Path, ask: Callable[[Path], int | None]) -> int | None:
        """The number of the file's reader, as `ask` determines it, from the cache where it is known."""
        key = self.key("owner", [os.fspath(file)])
        known = self.get(key)
        if known is not None:
            return int(known) if known else None
        number = ask(file)
        self.put(key, b"" if number is None else str(number).encode())
        return number

    def key(self, what: str, files: Iterable[str]) -> bytes | None:
        """The key of a result about these files; None where a change of one of them could go unnoticed."""
        digest = hashlib.blake2b(self._salt, digest_size=20)
        digest.update(what.encode("utf-8", "surrogateescape"))
        for file in files:
            if file not in self._signatures:
                self._signatures[file] = signature(file)
            known = self._signatures[file]
            if known is None:
                return None
            digest.update(known)
        return digest.digest()

    def run_key(self, what: str, homes: Iterable[Path], files: Sequence[str], logs: frozenset[str]) -> bytes | None:
        """The key of the diagnosis of a run's files; other files beside them count too, except for other `logs`.

        None also where too many files lie beside them.
        """
        folders = {(os.fspath(home), True) for home in homes if home.is_dir()}
        folders |= {(os.path.dirname(file) or os.curdir, False) for file in files}  # noqa: PTH120 - see _files
        beside = {near for folder, deep in folders for near in self._files(folder, deep) if near not in logs}
        return None if len(beside) > MAX_BESIDE else self.key(what, [*files, *sorted(beside)])

    def recall(self, keys: Sequence[bytes | None], part: str) -> Iterator[list[Judged] | None]:
        """The result cached in one form under each key, or None."""
        for start in range(0, len(keys), AT_ONCE):
            some = [key and key + part.encode() for key in keys[start : start + AT_ONCE]]
            bodies = self._found(some)
            for key in some:
                try:
                    yield loads(bodies[key]) if key in bodies else None
                except (ValueError, LookupError, TypeError, struct.error):
                    yield None

    def remember(self, key: bytes | None, parts: Mapping[str, bytes]) -> None:
        """Cache a result, serialised in one form or more."""
        for part, frozen in parts.items():
            self.put(key and key + part.encode(), frozen)

    def get(self, key: bytes | None) -> bytes | None:
        """The bytes cached under a key, or None."""
        return self._found([key]).get(key)

    def put(self, key: bytes | None, body: bytes) -> None:
        """Cache bytes under a key. They are written in batches, so that no other process waits long for the file."""
        if self._base is not None and key is not None:
            self._new.append((key, body, _sum(body)))
            if len(self._new) >= AT_ONCE or time.monotonic() - self._written > 1.0:
                self._write()

    def close(self) -> None:
        """Write what is new, and delete the older half where the cache has grown too large."""
        self._write()
        if self._base is None:
            return
        with contextlib.suppress(sqlite3.Error):
            pages, size = (self._base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            if pages * size > MAX_SIZE:
                self._base.execute(
                    "DELETE FROM results WHERE rowid <= (SELECT (min(rowid) + max(rowid)) / 2 FROM results)"
                )
                self._base.commit()
                self._base.execute("VACUUM")
        self._base.close()

    def _files(self, folder: str, deep: bool) -> list[str]:
        """The files in a folder, and if `deep` in those below it; it stops once there are too many.

        As strings in the normal form of paths: path objects are slow to make and to hash.
        """
        if (folder, deep) not in self._near:
            found: list[str] = []
            for above, below, names in os.walk(folder):
                found.extend(os.path.join(above, name).removeprefix(os.curdir + os.sep) for name in names)  # noqa: PTH118
                if not deep or len(found) > MAX_FILES:
                    below.clear()
            self._near[folder, deep] = found
        return self._near[folder, deep]

    def _found(self, keys: Sequence[bytes | None]) -> dict[bytes | None, bytes]:
        if self._base is None:
            return {}
        query = f"SELECT key, body, sum FROM results WHERE key IN ({','.join('?' * len(keys))})"  # noqa: S608 - marks alone
        try:
            rows = self._base.execute(query, keys).fetchall()
        except sqlite3.Error:
            return {}
        return {key: body for key, body, total in rows if isinstance(body, bytes) and _sum(body) == total}

    def _write(self) -> None:
        if self._base is not None and self._new:
            try:
                with self._base:
                    self._base.executemany(
                        "INSERT OR REPLACE INTO results (key, body, sum) VALUES (?, ?, ?)", self._new
                    )
            except sqlite3.Error:  # a full disk, or a file that another process holds: done without
                self._base.close()
                self._base = None
        self._new.clear()
        self._written = time.monotonic()


def place() -> Path:
    """The cache's folder: $LOGLENS_CACHE_DIR, or loglens/ in the user's cache folder ($XDG_CACHE_HOME on Linux)."""
    own = os.environ.get("LOGLENS_CACHE_DIR")
    if own:
        return Path(own)
    from platformdirs import user_cache_path  # wanted only where no folder was set

    return user_cache_path("loglens", appauthor=False)


def signature(file: str | Path) -> bytes | None:
    """The signature of a file's present state; None where a later change could have the same one."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None
        os.lseek(handle, max(status.st_size - TAIL, 0), os.SEEK_SET)
        tail = hashlib.blake2b(os.read(handle, TAIL), digest_size=16).hexdigest()
    except OSError:
        return None
    finally:
        os.close(handle)
    facts = (
        os.fspath(file),
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_dev,
        status.st_ino,
        tail,
    )
    return repr(facts).encode("utf-8", "surrogateescape")


def _open(path: Path) -> sqlite3.Connection | None:
    for attempt in range(2):
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            base = sqlite3.connect(path, timeout=2.0)
            base.execute("PRAGMA synchronous = OFF")  # what a crash of the machine breaks, the sums tell
            base.execute("CREATE TABLE IF NOT EXISTS results (key BLOB UNIQUE, body BLOB, sum BLOB)")
            base.commit()
        except sqlite3.DatabaseError as error:
            if attempt or isinstance(error, sqlite3.OperationalError):
                return None
            with contextlib.suppress(OSError):  # no database, or a broken one: begun again
                path.unlink()
        except OSError:
            return None
        else:
            return base
    return None


def _sum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=8).digest()
