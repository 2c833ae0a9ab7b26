"""A log in which training began from scratch several times holds several runs.

A session that begins at or before the first step of the one before is a run of its own: nothing of it continues
from there. One that begins inside the earlier range is a resume, and stays part of the run. Sessions that
overlap in time were written side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from loglens.model.columns import Columns
from loglens.model.run import Run
from loglens.model.source import Note

#: Notes on how the process ended, which is how the last start ended.
_ENDS = frozenset({"crash", "failed", "truncated", "unfinished"})
#: A log of more sessions is left in one piece: each costs a pass over the rows.
_MAX_SESSIONS = 1000


@dataclass(slots=True)
class _Start:
    """The sessions of one start, the first and the highest step of each of its tags, and when it began and ended."""

    sessions: list[int]
    first: dict[int, int]
    top: dict[int, int]
    begin: float
    end: float


@dataclass(slots=True)
class _Chain:
    """The starts of sessions that have curves in common; another folder of splits is a chain of its own."""

    starts: list[_Start] = field(default_factory=list)


def split_starts(run: Run) -> list[Run]:
    """The runs in a run as read, one for each start from scratch; the last one keeps the name."""
    chains = _chains(run.columns)
    main = max(chains, key=lambda chain: len(chain.starts), default=None)
    if main is None or len(main.starts) < 2:
        return [run]
    number = np.zeros(int(run.columns.session.max()) + 1, np.int64)
    for chain in chains:
        for place, start in enumerate(chain.starts):
            number[start.sessions] = _place(main, chain, place)
    return _apart(run, main.starts, number[run.columns.session])


def _chains(columns: Columns) -> list[_Chain]:
    session = columns.session
    if not 2 <= len(columns.sessions) <= _MAX_SESSIONS:
        return []
    chains: list[_Chain] = []
    for each, steps in _steps(columns).items():
        first, top = ({tag: step[at] for tag, step in steps.items()} for at in (0, 2))
        begin, end = _span(columns.time[session == each])
        chain = next((chain for chain in reversed(chains) if first.keys() & chain.starts[-1].first.keys()), None)
        if chain is None:
            chains.append(_Chain([_Start([each], first, top, begin, end)]))
            continue
        last = chain.starts[-1]
        common = first.keys() & last.first.keys()
        # one row at an odd step, after which the curve continues above the earlier ones, begins nothing
        from_scratch = sum(
            first[tag] <= last.first[tag] and (steps[tag][1] <= last.top[tag] or last.first[tag] == last.top[tag])
            for tag in common
        )
        if 2 * from_scratch > len(common) and not begin <= last.end:
            chain.starts.append(_Start([each], first, top, begin, end))
        else:
            last.sessions.append(each)
            last.first = first | last.first
            last.top |= {tag: max(step, last.top.get(tag, step)) for tag, step in top.items()}
            last.end = float(np.fmax(last.end, end))
    return chains


def _steps(columns: Columns) -> dict[int, dict[int, tuple[int, int, int]]]:
    """For each session and tag the first, the second (the first again where there is none) and the highest step."""
    width = len(columns.tags)
    pair = columns.session.astype(np.int64) * width + columns.tag
    order = np.argsort(pair, kind="stable")
    step, ordered = columns.step[order], pair[order]
    begin = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    size = np.diff(begin, append=len(ordered))
    second, top = step[begin + np.minimum(size - 1, 1)], np.maximum.reduceat(step, begin)
    found: dict[int, dict[int, tuple[int, int, int]]] = {}
    for each, *steps in zip(ordered[begin].tolist(), step[begin].tolist(), second.tolist(), top.tolist(), strict=True):
        found.setdefault(each // width, {})[each % width] = (steps[0], steps[1], steps[2])
    return found


def _span(time: NDArray[np.float64]) -> tuple[float, float]:
    known = time[np.isfinite(time)]
    return (float(known.min()), float(known.max())) if len(known) else (np.nan, np.nan)


def _place(main: _Chain, chain: _Chain, place: int) -> int:
    """To which start of the main chain one of another chain belongs: in order where both have as many, else by time."""
    begin = chain.starts[place].begin
    if chain is main or len(chain.starts) == len(main.starts):
        return place
    before = [at for at, start in enumerate(main.starts) if start.begin <= begin]
    return before[-1] if before else (0 if np.isfinite(begin) else len(main.starts) - 1)


def _apart(run: Run, starts: list[_Start], number: NDArray[np.int64]) -> list[Run]:
    begins = np.array([start.begin for start in starts])
    found = []
    for place, start in enumerate(starts):
        last = place == len(starts) - 1
        columns = _rows(run.columns, number == place)
        step = min(start.first.values())
        message = (
            f"start {place + 1} of {len(starts)} in this log, starting over at step {step}: each is a run of its own"
        )
        ends = [note for note in run.notes if last or note.kind not in _ENDS]
        inside = [last] * len(run.histogram_rows)
        if run.histogram_rows and np.isfinite(begins).all():
            times = np.array([row.time for row in run.histogram_rows])
            inside = (np.maximum(np.searchsorted(begins, times, "right") - 1, 0) == place).tolist()
        found.append(
            replace(
                run,
                name=run.name if last else f"{run.name}, start {place + 1}",
                columns=columns,
                histogram_rows=tuple(row for row, mine in zip(run.histogram_rows, inside, strict=True) if mine),
                notes=(*ends, Note("start", message, run.files[0].name if run.files else "")),
                axes=columns.axes_kept(run.axes),
            )
        )
    return found


def _rows(columns: Columns, chosen: NDArray[np.bool_]) -> Columns:
    """The chosen rows, and the tags that they have."""
    used = np.zeros(len(columns.tags), np.bool_)
    used[columns.tag[chosen]] = True
    code = (np.cumsum(used) - 1).astype(np.int32)
    return Columns(
        tuple(tag for tag, mine in zip(columns.tags, used.tolist(), strict=True) if mine),
        code[columns.tag[chosen]],
        columns.step[chosen],
        columns.time[chosen],
        columns.value[chosen],
        columns.session[chosen],
    )
