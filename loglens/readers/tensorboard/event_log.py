"""The event files of one directory, read one after another into columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loglens.model.budget import budget
from loglens.model.columns import Columns
from loglens.model.resume import Purge
from loglens.model.source import Note
from loglens.readers.tables.growing_columns import Growing
from loglens.readers.tensorboard.event_file import EventFile, RejectedError, open_events
from loglens.readers.tensorboard.records import HEADER, MAX_RECORD, SPAN, START, Block, Framer, Place
from loglens.readers.tensorboard.remote_ranges import LongPayload
from loglens.readers.tensorboard.scalar_batches import Batch, Kernel
from loglens.readers.tensorboard.summaries import CorruptError, Summaries

TYPES = {"tag": np.int32, "step": np.int64, "time": np.float64, "value": np.float64, "session": np.int32}


class EventLog:
    """The content of the event files of one directory, in the order written."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.summaries = Summaries()
        self.points = 0
        self.notes: list[Note] = []
        self._kernel = Kernel()
        self._points = Growing(**TYPES)
        self._order: dict[int, None] = {}  # codes of the tags as first written
        self._session = -1
        self._failed = _Failures()  # of the last file
        self._resumes: list[tuple[int, int]] = []  # sessions that the writer began at a step other than 0

    @property
    def tags(self) -> dict[str, int]:
        """Scalar tags and the codes that stand for them in the blocks."""
        return self._kernel.tags

    def add(self, path: Path, place: Place = START, keep: Callable[[EventLog, Place], None] | None = None) -> None:
        """Read one more file, or from a place on the last one. Raises RejectedError if there is not one record in it.

        keep: called once near the end of a long file, with the log as it was at a place between two blocks.
        """
        events, cut = open_events(path)
        framer, failed = Framer(events, place), self._failed if place.at else _Failures()
        self._failed = failed
        self._session += place.at == 0
        with events:
            for block in framer:
                if keep is not None and place.at < framer.place.at >= events.size - SPAN:
                    keep(self.copy(), framer.place)
                    keep = None
                if not budget().left("points"):
                    budget().leave_out("points")
                    break
                before = self.points
                self._block(block, events, failed)
                budget().take("points", self.points - before)
        if framer.skipped and not framer.count:
            raise RejectedError("no event record in it, so not a TensorBoard event file; leave it out")
        self.files.append(path)
        notes = [*cut, *failed.notes(), *_framing_notes(framer)]
        self.notes += [Note(kind, message, str(path)) for kind, message in notes]

    def copy(self) -> EventLog:
        """The log by itself; what is added to it does not change this one."""
        shared = {id(row): row for row in self.summaries.histograms}
        return deepcopy(self, shared)

    def _block(self, block: Block, events: EventFile, failed: _Failures) -> None:
        base, data, start, size = block
        if not data:  # a single record that is too long for memory
            try:
                if self.summaries.reads(LongPayload(events, base + int(start[0]), int(size[0])).as_raw()):
                    failed.long.append(base)
            except ValueError:
                failed.malformed.append(base)
            return
        batches, left = self._kernel.decode(data, start, size)
        sessions = np.zeros(len(start), np.int32)
        resumes: list[tuple[int, int]] = []
        loose: list[tuple[int, int, float, int, float]] = []
        with memoryview(data) as view:
            for record, at, length in zip(left.tolist(), start[left].tolist(), size[left].tolist(), strict=True):
                end = at + length
                try:
                    with view[at:end] as raw:
                        taken = self.summaries.take(raw, data[end : end + 4])
                except CorruptError:
                    failed.corrupt.append(base + at - HEADER)
                    continue
                except ValueError:
                    failed.malformed.append(base + at - HEADER)
                    continue
                sessions[record] = taken.starts_session
                if taken.starts_session and taken.step > 0:
                    resumes.append((record, taken.step))
                    self.summaries.resume(taken.step)
                loose += [(record, self._code(tag), taken.time, taken.step, x) for tag, x in taken.scalars]
        sessions = np.cumsum(sessions, dtype=np.int32) + np.int32(self._session)
        self._session = int(sessions[-1])
        self._resumes += [(int(sessions[record]), step) for record, step in resumes]
        self._append(batches, loose, sessions, (base + len(data)) / events.size)

    def _code(self, tag: str) -> int:
        return self.tags.setdefault(tag, len(self.tags))

    def _append(
        self,
        batches: list[Batch],
        loose: list[tuple[int, int, float, int, float]],
        sessions: NDArray[np.int32],
        share: float,
    ) -> None:
        """Puts the points of a block back into the order of their records. share: of the file, read with them."""
        counts = np.zeros(len(sessions), np.int64)
        for batch in batches:
            counts[batch.record] = batch.tag.shape[1]
        owners = np.array([record for record, *_ in loose], np.int64)
        np.add.at(counts, owners, 1)
        first, total = np.cumsum(counts) - counts, int(counts.sum())
        block = self._points.extend(total, share)
        block["session"][:] = np.repeat(sessions, counts)
        for record, step, time, tag, value in batches:
            rows = first[record][:, None] + np.arange(tag.shape[1])
            block["tag"][rows], block["value"][rows] = tag, value
            block["step"][rows], block["time"][rows] = step[:, None], time[:, None]
        if loose:
            # `loose` is by record, so that a point's place in its record is its distance from the first
            rows = first[owners] + np.arange(len(loose)) - np.searchsorted(owners, owners)
            _, block["tag"][rows], block["time"][rows], block["step"][rows], block["value"][rows] = zip(
                *loose, strict=True
            )
        self.points += total
        if len(self._order) < len(self.tags):
            self._order |= dict.fromkeys(_as_first_written(block["tag"], len(self.tags)))

    def last(self) -> dict[str, float]:
        """The last value of each scalar."""
        codes, row = np.unique(self._points["tag"][::-1], return_index=True)
        values = self._points["value"][::-1][row]
        final = dict(zip(codes.tolist(), values.tolist(), strict=True))
        return {name: final[code] for name, code in self.tags.items() if code in final}

    @staticmethod
    def purges(logs: Iterable[tuple[str, EventLog]]) -> tuple[Purge, ...]:
        """Where writers took points back, over the sessions of `columns` of the same directories."""
        found, first = [], 0
        for _, log in logs:
            found += [Purge(first, first + session, step) for session, step in log._resumes]
            first += log._session + 1
        return tuple(found)

    @staticmethod
    def columns(logs: Iterable[tuple[str, EventLog]]) -> Columns:
        """The points of several directories of a run, each with the rule that renames its tags.

        Takes the points out of the logs, column by column, so that they are not held twice.
        """
        index: dict[str, int] = {}
        columns: dict[str, list[NDArray[Any]]] = {name: [] for name in TYPES}
        session = 0
        for rule, log in logs:
            names, codes = list(log.tags), np.zeros(len(log.tags), np.int32)
            for code in log._order:
                name = rule + names[code] if rule.endswith("/") else rule or names[code]
                codes[code] = index.setdefault(name, len(index))
            for name, parts in columns.items():
                parts.append(log._points.pop(name))
            columns["tag"][-1] = codes[columns["tag"][-1]]
            columns["session"][-1] += np.int32(session)
            session += log._session + 1
        joined = {name: _joined(columns.pop(name), kind) for name, kind in TYPES.items()}
        return Columns(tuple(index), **joined)


def _joined(parts: list[NDArray[Any]], kind: type) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, kind), *parts])


def _as_first_written(codes: NDArray[np.int32], size: int) -> list[int]:
    """The codes that occur, in the order in which they first do."""
    first = np.full(size, len(codes), np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return list(np.argsort(first, kind="stable")[: int((first < len(codes)).sum())].tolist())


class _Failures:
    """Offsets of the records that were dropped."""

    def __init__(self) -> None:
        self.corrupt: list[int] = []
        self.malformed: list[int] = []
        self.long: list[int] = []

    def notes(self) -> list[tuple[str, str]]:
        kinds = (
            (self.corrupt, "failed the checksum"),
            (self.malformed, "holds no valid event"),
            (self.long, f"longer than {MAX_RECORD >> 20} MB"),
        )
        return [
            ("corrupt", f"{_counted(len(bad), 'record')} {what} at byte {_listed(bad)}; dropped")
            for bad, what in kinds
            if bad
        ]


def _framing_notes(framer: Framer) -> list[tuple[str, str]]:
    notes = []
    if framer.skipped:
        lost = _counted(sum(size for _, size in framer.skipped), "byte")
        notes.append(("corrupt", f"{lost} at {_listed([at for at, _ in framer.skipped])} hold no record; skipped"))
    if framer.cut_off:
        notes.append(("truncated", f"ends inside record {framer.count + 1} (writer killed or still writing)"))
    if not framer.size:
        notes.append(("empty", "an empty file"))
    return notes


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _listed(offsets: list[int]) -> str:
    return ", ".join(map(str, offsets[:3])) + (" ..." if len(offsets) > 3 else "")
