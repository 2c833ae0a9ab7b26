"""Find the column of a table that counts the steps, and where the writer was restarted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loglens.stats.arrays import Floats, Ints

if TYPE_CHECKING:
    from loglens.readers.tables.table import Table

#: Names of step columns by axis, the best first. A column that counts over the whole run stands
#: before one that may count within an epoch.
NAMES = {
    "step": """_step trainer/global_step train/global_step global_step global_batch step steps
        time/total_timesteps total_timesteps timesteps_total num_timesteps timesteps
        num_env_steps_sampled_lifetime totalenvinteracts training_iteration iteration iterations iter
        iters itr it update updates num_updates n_updates current_steps current_step batch tick""",
    "epoch": "epoch epochs train/epoch trainer/epoch time/epoch current_epoch ep",
    "samples": "samples consumed_samples num_samples kimg images",
    "tokens": "tokens num_tokens consumed_tokens n_tokens_seen num_input_tokens_seen tokens_seen",
    "episode": "episode episodes num_episodes n_episodes episodes_total ep_num game games",
}
_RANK = {name: (axis, rank) for rank, (axis, name) in enumerate((a, n) for a, ns in NAMES.items() for n in ns.split())}
#: Words that mark a counter inside a longer name ("Epoch #", "train_iter"), as a last resort.
_FUZZY = re.compile(r"(?:^|[^a-z])(step|iter|iteration|itr|update|epoch|episode)s?(?:$|[^a-z])")
#: So many columns are looked at; each costs a pass over the points.
_MAX_CANDIDATES = 32
#: So many names are remembered in their normal form: a wide table asks for each several times.
_MAX_NAMES = 1 << 15
_AXIS_OF = {"epoch": "epoch", "episode": "episode"}


@dataclass(frozen=True, slots=True)
class Axis:
    """The step and the session of every row. used: the columns it is made of; remarks: for notes."""

    name: str
    step: Ints
    session: NDArray[np.int32]
    used: frozenset[int] = frozenset()
    remarks: tuple[tuple[str, str], ...] = ()


class _Candidate(NamedTuple):
    """A column that may be the axis; they sort from the likeliest on."""

    late: bool  # not in steps
    inner: bool  # only the last part of the name tells ("charts/step")
    rank: int
    col: int
    axis: str


@lru_cache(_MAX_NAMES)
def plain(name: str) -> str:
    """Normalise a column name for comparisons."""
    return name.strip(" %#\t").lower().replace(" ", "_")


def is_counter(name: str) -> bool:
    """Whether a column of this name counts steps, epochs, samples or episodes."""
    return plain(name) in _RANK or plain(name).rpartition("/")[2] in _RANK


def find_axis(table: Table) -> Axis:
    """The step axis of a table: a counter among its columns, or the number of the row."""
    for min_share in (0.5, 0.02):  # a counter that most rows have beats one that few have
        for axis, col in _candidates(table):
            values = table.dense(col)
            known = np.isfinite(values)
            if np.count_nonzero(known) >= max(1, min_share * table.height) and _counts(values[known]):
                return _axis(table, axis, col, values)
    rows = np.arange(table.height, dtype=np.int64)
    return Axis("row", rows, np.zeros(table.height, np.int32), _row_numbers(table))


def row_axis(table: Table, name: str) -> Axis:
    """The number of the row as the axis, under another name."""
    rows = np.arange(table.height, dtype=np.int64)
    return Axis(name, rows, np.zeros(table.height, np.int32))


def column_axis(table: Table, name: str, col: int) -> Axis | None:
    """One column as the axis; None where it does not count."""
    values = table.dense(col)
    known = np.isfinite(values)
    return _axis(table, name, col, values) if known.any() and _counts(values[known]) else None


def _candidates(table: Table) -> Iterator[tuple[str, int]]:
    """Columns that may be the axis, the likeliest first: steps, then epochs and samples, then guesses."""
    found: list[_Candidate] = []
    fuzzy: list[tuple[str, int]] = []
    for col, name in enumerate(table.names):
        key = plain(name)
        last = key.rpartition("/")[2]
        if key in _RANK or last in _RANK:
            axis, rank = _RANK.get(key) or _RANK[last]
            found.append(_Candidate(axis != "step", key not in _RANK, rank, col, axis))
        elif word := _FUZZY.search(key):
            fuzzy.append((_AXIS_OF.get(word[1], "step"), col))
    several = sum(not each.late for each in found) > 1  # a single one is the axis either way
    for each in sorted(
        sorted(found)[:_MAX_CANDIDATES], key=lambda each: (each.late, several and _within_epoch(table, each))
    ):
        yield each.axis, each.col
    yield from (each for each in fuzzy[:_MAX_CANDIDATES] if _rises(table.dense(each[1])))


def _rises(values: Floats) -> bool:
    values = values[np.isfinite(values)]
    return len(values) > 1 and bool((np.diff(values) >= 0).all())


def _counts(values: Floats) -> bool:
    """Whether finite values can be step numbers: integers that move."""
    whole = bool((values == np.floor(values)).all()) and bool((np.abs(values) < 2.0**62).all())
    return whole and (len(values) < 4 or bool((values != values[0]).any()))


def _row_numbers(table: Table) -> frozenset[int]:
    """A first column without a name that counts the rows: the index that pandas writes."""
    if table.names and plain(table.names[0]) in {"", "unnamed:_0", "index"}:
        values = table.dense(0)
        if len(values) and np.isfinite(values[0]) and np.array_equal(values, values[0] + np.arange(len(values))):
            return frozenset({0})
    return frozenset()


def _axis(table: Table, name: str, col: int, values: Floats) -> Axis:
    known = np.isfinite(values)
    step, remarks = _fill(values, known), []
    if orphans := int(np.count_nonzero((table.sizes > 0) & ~known)):
        remarks.append(("no-step", f"{orphans} rows name no {table.names[col]}: taken at that of the row before"))
    epoch = _epoch(table, step) if name == "step" else None
    if epoch is not None:
        span = int(step.max()) + (1 if step.min() == 0 else 0)
        step = (epoch - epoch.min()) * span + step
        remarks.append(("axis", f"{table.names[col]} begins again each epoch: steps count {span} an epoch"))
    return Axis(name, step, _sessions(step), frozenset({col}), tuple(remarks))


def _fill(values: Floats, known: NDArray[np.bool_]) -> Ints:
    """Steps of all rows: a row without one was written after the row before it, at the same step."""
    if known.all():
        return values.astype(np.int64)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    last[last < 0] = np.argmax(known)
    return values[last].astype(np.int64)


def _within_epoch(table: Table, candidate: _Candidate) -> bool:
    """Whether a step counter begins again each epoch, so that one that counts on is the better axis."""
    if candidate.axis != "step":
        return False
    values = table.dense(candidate.col)
    known = np.isfinite(values)
    if not known.any() or not _counts(values[known]):
        return False
    return _epoch(table, _fill(values, known)) is not None


def _epoch(table: Table, step: Ints) -> Ints | None:
    """The epoch of every row where the steps begin again with each epoch, else None."""
    falls = np.flatnonzero(step[1:] < step[:-1]) + 1
    if not len(falls):
        return None
    for col, name in enumerate(table.names):
        if _RANK.get(plain(name), ("", 0))[0] == "epoch":
            values = table.dense(col)
            known = np.isfinite(values)
            if known.mean() > 0.5 and _counts(values[known]):
                epoch = _fill(values, known)
                if np.mean(epoch[falls] > epoch[falls - 1]) >= 0.8:
                    return epoch
    return None


def _sessions(step: Ints) -> NDArray[np.int32]:
    """A number that rises where the steps begin again from the start, as when a file is appended to."""
    session = np.zeros(len(step), np.int32)
    falls = np.flatnonzero((step[1:] < step[:-1]) & (step[1:] <= step[:1])) + 1
    if not len(falls):
        return session  # zeros that nothing was written to take no memory
    session[falls] = 1
    return np.cumsum(session, dtype=np.int32)
