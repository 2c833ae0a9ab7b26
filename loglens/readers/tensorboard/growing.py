"""Event files that grow: of what was read before, only the end is read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loglens.model.budget import budget
from loglens.readers.files.kept import kept
from loglens.readers.tensorboard.event_file import RejectedError
from loglens.readers.tensorboard.event_log import EventLog
from loglens.readers.tensorboard.records import START, Place

#: So many bytes before the place are compared, to see that the file still is the one that was read.
COMPARED = 1 << 12


class Beginning(NamedTuple):
    """What was read of the event files of a folder: all but the last whole, of the last what is before the place.

    states: device, inode and size of the whole ones. last: device and inode of the last one. compared: its bytes before
    the place.
    """

    log: EventLog
    place: Place
    states: Sequence[tuple[int, int, int]]
    last: tuple[int, int]
    compared: bytes

    def is_of(self, files: Sequence[Path]) -> bool:
        """Whether these files begin with what was read."""
        whole = len(self.states)
        if len(files) <= whole:
            return False
        try:
            return (
                _state(files[whole])[:2] == self.last
                and [_state(path) for path in files[:whole]] == [*self.states]
                and _bytes_before(files[whole], self.place.at) == self.compared
            )
        except OSError:
            return False


def read_files(folder: Path, files: Sequence[Path]) -> tuple[EventLog, list[tuple[Path, RejectedError]]]:
    """The content of the event files of a folder, in this order, and the files that hold no events."""
    memory = kept()
    known: Beginning | None = memory.get(folder) if memory is not None else None
    if known is not None and known.is_of(files):
        log, place, left = known.log.copy(), known.place, files[len(known.states) :]
        budget().take("points", log.points)
    else:
        log, place, left = EventLog(), START, files
    states = [_state(path) for path in files] if memory is not None else []
    rejected: list[tuple[Path, RejectedError]] = []

    def keep(before: EventLog, at: Place) -> None:
        if memory is not None and not rejected:
            *whole, (device, inode, _) = states
            memory[folder] = Beginning(before, at, whole, (device, inode), _bytes_before(files[-1], at.at))

    for path in left:
        try:
            log.add(path, place, keep if memory is not None and path == files[-1] else None)
        except RejectedError as error:
            rejected.append((path, error))
        place = START
    return log, rejected


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size


def _bytes_before(path: Path, place: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, place - COMPARED))
        return file.read(min(place, COMPARED))
