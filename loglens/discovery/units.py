"""Group the sources that were found into units that are read together, and read their runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglens.discovery.find import Found
from loglens.discovery.same_run import merge
from loglens.discovery.starts import split_starts
from loglens.errors import UnreadableError
from loglens.model.contract import Reader
from loglens.model.run import Run
from loglens.model.source import Source
from loglens.remote.mirror import with_remote_names

#: Sources that are read together, each with its reader.
Unit = tuple[tuple[Reader, Source], ...]


def units(found: Found) -> list[Unit]:
    """Group the sources into units that can be read independently.

    Sources of one folder in several formats are one unit, so that a run in several formats can be recognised
    as one; two sources of one format are never merged. Each folder below a folder `runs` is a run of its own,
    except where a log lies beside `runs`: Hugging Face and torch write event files of that log's run there.
    """
    folders: dict[Path, list[tuple[Reader, Source]]] = {}
    wandb = {
        file.parent: _folder(source) for _, source in found.sources for file in source.files if file.suffix == ".wandb"
    }
    own = [_folder(source) for _, source in found.sources]
    own = [wandb.get(folder.parent, folder) if folder.name == "files" else folder for folder in own]
    logged = set(own)
    for folder, member in zip(own, found.sources, strict=True):
        above = folder.parent.parent
        whole = above if folder.parent.name == "runs" and above in logged else folder
        folders.setdefault(whole, []).append(member)
    grouped: list[Unit] = []
    for group in folders.values():
        formats = {reader.FORMAT for reader, _ in group}
        grouped.extend([tuple(group)] if len(formats) > 1 else [(member,) for member in group])
    return grouped


def open_unit(unit: Unit) -> Iterator[Run | UnreadableError]:
    """Yield every run of a unit, or the error in place of a source that cannot be read."""
    if len(unit) == 1:
        yield from _read(*unit[0])
        return
    items = [item for reader, source in unit for item in _read(reader, source)]
    yield from (item for item in items if isinstance(item, UnreadableError))
    yield from merge([item for item in items if isinstance(item, Run)])


class Reading:
    """Every run that was found, read one at a time when it is iterated over.

    unread: what could not be read, complete after the last run. sources: how many there are to read.
    """

    def __init__(self, found: Found) -> None:
        self._found = found
        self.unread: list[UnreadableError] = list(found.failures)
        self.sources = len(found.sources)

    def __iter__(self) -> Iterator[Run]:
        for unit in units(self._found):
            for item in open_unit(unit):
                if isinstance(item, UnreadableError):
                    self.unread.append(item)
                else:
                    yield item


def _read(reader: Reader, source: Source) -> Iterator[Run | UnreadableError]:
    for item in _attempt(reader, source):
        for one in split_starts(item) if isinstance(item, Run) else [item]:
            yield with_remote_names(one, source.mirror) if source.mirror else one


def _attempt(reader: Reader, source: Source) -> Iterator[Run | UnreadableError]:
    try:
        yield from reader.read(source)
    except UnreadableError as error:
        path = error.path or str(source.path)
        yield UnreadableError(str(error).removeprefix(f"{Path(path).name}: "), path)
    except OSError as error:
        yield UnreadableError(f"cannot be read: {error.strerror or error}", str(source.path))


def _folder(source: Source) -> Path:
    """The folder in which other logs of the same run would lie."""
    return source.path if source.path.is_dir() else source.path.parent
