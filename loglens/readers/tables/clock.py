"""Find the column of a table that holds the wall-clock time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from loglens.readers.tables.step_axis import plain
from loglens.stats.arrays import Floats

if TYPE_CHECKING:
    from loglens.readers.tables.table import Table

#: Names of columns that may hold the time of day, the best first. Durations have such names too
#: ("time" is seconds since the start, or seconds an iteration), so that the values decide.
NAMES = "_timestamp timestamp wall_time walltime datetime date_time date time created_at logged_at t".split()
#: 2001-09-09 to 2096-10-02 in seconds: no duration is as long, and no other unit fits in between.
_EARLIEST, _LATEST = 1e9, 4e9


@dataclass(frozen=True, slots=True)
class Clock:
    """Unix seconds of every row, NaN where unknown, and the columns they came from."""

    time: Floats
    used: frozenset[int] = frozenset()


def find_clock(table: Table) -> Clock:
    """The time of every row, from the first column that holds times."""
    columns = {plain(name): col for col, name in reversed(list(enumerate(table.names)))}
    for name in NAMES:
        if name in columns:
            col = columns[name]
            time = unix(table.dense(col))
            if time is None and table.texts.get(col):
                time = _dates(table, col)
            if time is not None:
                return Clock(time, frozenset({col}))
    return Clock(np.broadcast_to(np.nan, table.height))


def unix(values: Floats) -> Floats | None:
    """Seconds, milli-, micro- or nanoseconds since 1970 as seconds; None where they are not that."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    for unit in (1.0, 1e3, 1e6, 1e9):
        if known.min() >= _EARLIEST * unit and known.max() <= _LATEST * unit:
            return values / unit
    return None


def seconds(text: str) -> float | None:
    """A date and time as Unix seconds, taken as UTC where it names no zone; None for other text."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            moment = datetime.strptime(text.strip(), "%Y-%m-%d_%H-%M-%S")  # Ray Tune
        except ValueError:
            return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except OverflowError:
        return None


def _dates(table: Table, col: int) -> Floats | None:
    time = np.full(table.height, np.nan)
    for row, text in table.text.get(col, {}).items():
        moment = seconds(text)
        if moment is None:
            return None
        time[row] = moment
    return time
