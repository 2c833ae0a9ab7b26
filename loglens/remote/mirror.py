"""Mirror remote paths (`s3://`, `gs://`, `hf://`, `ssh://`) in a local folder, as far as readers look at them.

The remote tree is rebuilt below a temporary folder. Small files are fetched whole; of large ones first
the parts by which readers recognise their format, then those that the reader looks at, and the rest stays
a hole. Weights and media are never fetched.
"""

from __future__ import annotations

import contextlib
import os
import re
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

from loglens.errors import UnreadableError
from loglens.model.contract import Reader
from loglens.model.file_kinds import NEVER
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.model.temporary_folder import temporary_folder
from loglens.remote.sparse_file import BLOCK, Sparse
from loglens.remote.storage import JOURNALS, SETTINGS, Storage

#: Largest file that is fetched at once, and largest file of settings: no reader reads a larger one.
SMALL, MAX_SIZE = 1 << 18, 4 << 20
#: Bytes at the end of a file that hold the schema of a Parquet file or the directory of a zip archive.
TAIL = 1 << 20
#: Files fetched at the same time.
WORKERS = 8


class Url(type(Path())):  # type: ignore[misc]  # before Python 3.12 Path itself has no children
    """A remote path that keeps its scheme when it is shown in a report."""

    def __str__(self) -> str:
        return re.sub(":/+", "://", super().__str__(), count=1)


@overload
def with_remote_names(item: Run, folder: Path) -> Run:
    """The run with its remote names."""


@overload
def with_remote_names(item: UnreadableError, folder: Path) -> UnreadableError:
    """The failure with its remote names."""


def with_remote_names(item: Run | UnreadableError, folder: Path) -> Run | UnreadableError:
    """Replace the names below a mirror's folder by the remote ones in a run or a failure."""
    local = re.compile(re.escape(str(folder)) + r"/([^/\s]+)/?")

    def back(text: str) -> str:
        return local.sub(r"\1://", text)

    if isinstance(item, UnreadableError):
        return UnreadableError(back(str(item)), back(item.path))
    return replace(
        item,
        name=back(item.name),
        source=Url(back(str(item.source))),
        files=tuple(Url(back(str(file))) for file in item.files),
        notes=tuple(replace(note, message=back(note.message), file=back(note.file)) for note in item.notes),
    )


def display_path(source: Source) -> str:
    """The path of a source as reports name it."""
    return (
        with_remote_names(UnreadableError("", str(source.path)), source.mirror).path
        if source.mirror
        else str(source.path)
    )


class Mirror:
    """The local copy of remote paths in a temporary folder, deleted with its last reference or when Python ends.

    failures: what could not be fetched, and why.
    """

    def __init__(self) -> None:
        held = temporary_folder("remote")
        self.folder = held.__enter__().resolve()
        self.failures: list[UnreadableError] = []
        weakref.finalize(self, _remove, held, os.getpid())

    def add(self, url: str, readers: Sequence[Reader], skipped: frozenset[str], max_files: int) -> list[Path]:
        """Fetch what the readers look at below a remote path, and return the local paths of its copy.

        skipped: folders that are left out. most: limit on the number of files. Nothing is raised but
        KeyboardInterrupt.
        """
        storage, before = Storage(url), len(self.failures)
        roots: list[Path] = []
        found: dict[str, _File] = {}
        try:
            for top, sizes in storage.trees():
                roots.append(storage.local(top, self.folder))
                below = [name for name in sizes if not skipped & {*name.removeprefix(top).split("/")[:-1]}]
                found |= {name: _File(storage, name, sizes[name]) for name in below}
        except Exception as error:  # a driver may raise anything
            self.failures.append(UnreadableError(storage.why(error), storage.shown))
        if len(found) > max_files:
            self.failures.append(
                UnreadableError(f"{len(found)} files, of which {max_files} are looked at", storage.shown)
            )
        files = self._each(lambda file: file.begin(self.folder), list(found.values())[:max_files], storage)
        files = self._each(lambda file: file.finish(readers), files, storage)
        held = {above for file in files for above in (file.path, *file.path.parents)}
        for root in roots:
            if root not in held and len(self.failures) == before:
                root.mkdir(parents=True, exist_ok=True)  # an empty folder
                held.add(root)
        return [root for root in roots if root in held]

    def _each(self, do: Callable[[_File], None], files: list[_File], storage: Storage) -> list[_File]:
        """Call `do` for each file, several at a time, and return the files for which it raised nothing."""
        from concurrent.futures import ThreadPoolExecutor  # 10 ms, which a local path need not wait for

        def attempt(file: _File) -> UnreadableError | None:
            try:
                do(file)
            except Exception as error:  # a driver may raise anything
                file.drop()
                return UnreadableError(storage.why(error), storage.address(file.name))
            return None

        with ThreadPoolExecutor(WORKERS if files and storage.parallel else 1) as pool:
            try:
                outcomes = list(pool.map(attempt, files))
            except BaseException:  # Ctrl-C: what the threads are at ends with the next request
                storage.stopped = True
                raise
        self.failures += filter(None, outcomes)
        return [file for file, failure in zip(files, outcomes, strict=True) if not failure]


def _remove(held: AbstractContextManager[Path], owner: int) -> None:
    if os.getpid() == owner:  # not a process that was forked off
        held.__exit__(None, None, None)


@dataclass
class _File:
    """A remote file, and its local copy once fetching has begun."""

    storage: Storage
    name: str
    size: int
    path: Path = Path()
    image: Sparse | None = None

    def begin(self, folder: Path) -> None:
        """Fetch a small file, and of a large one the parts by which readers recognise it."""
        self.path = self.storage.local(self.name, folder)
        if self.path.is_file():  # reached by two paths
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.name.lower().endswith(NEVER):
            self.path.write_bytes(b"\0"[: self.size])
            return
        with Sparse(self.path, self.size, lambda start, stop: self.storage.fetch(self.name, start, stop)) as image:
            small = self.size <= SMALL or (self.size <= MAX_SIZE and self.name.endswith(SETTINGS))
            head = image.read(0, self.size if small else BLOCK)
            if self.name.endswith(JOURNALS) or head.startswith(b"SQLite format 3"):
                image.need(0, self.size)
            elif head.startswith((b"PAR1", b"PK")):
                image.need(self.size - TAIL, self.size)
            elif b"\0" not in head:
                image.need(self.size // 2, self.size // 2 + BLOCK)  # where the settings of a text log end
        self.image = None if image.fetched == self.size else image

    def finish(self, readers: Sequence[Reader]) -> None:
        """Fetch of a large file what its reader looks at: all of it where the reader has no `touch`."""
        if self.image is None:
            return
        reader = next((reader for reader in readers if reader.sniff(self.path)), None)
        if reader is not None:
            with self.image as image:
                touch = getattr(reader, "touch", None)
                touch(image) if touch else image.need(0, self.size)

    def drop(self) -> None:
        """Remove the local copy, if there is one."""
        with contextlib.suppress(OSError):
            self.path.unlink()
