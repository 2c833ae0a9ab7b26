"""Find the step of every line of a log: steps within epochs joined, restarts found, tables numbered."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from loglens.readers.tables.step_axis import NAMES, plain
from loglens.readers.text.line_records import Bools, LineRecords, forward_fill
from loglens.readers.text.rounded_epochs import bars, rounded_epochs
from loglens.stats.arrays import Floats, Ints

#: From so many lines on, and with so many of them in an epoch of their own, a line is printed once an epoch.
_FEW, _ONCE = 4, 0.9
#: Epochs that begin at so many different steps are printed by a counter of the whole run.
_PHASES = 3
_TABLE_STEPS = {name: rank for rank, name in enumerate(f"{NAMES['step']} {NAMES['epoch']}".split())}


@dataclass(frozen=True, slots=True)
class Positions:
    """The position of every record on each axis ("step" serves samples too), its session and whether in validation."""

    step: Floats
    epoch: Floats
    session: NDArray[np.int32]
    log: Floats
    log_axis: str
    remarks: tuple[str, ...]


def place(records: LineRecords) -> Positions:
    """Find the position of every record."""
    logs = records.has("log")
    epoch = forward_fill(np.where(logs, np.nan, records.epoch))
    families = _families(records)
    main = _main(records, families)
    epoch = _named_at_the_end(records, main, epoch)
    epoch = _count_epochs(records, families, epoch)
    session = _sessions(records, main, epoch)
    step = np.full(len(records.plan), np.nan)
    remarks = []
    for family, rows in families:
        step[rows], remark = _join(records, rows, epoch[rows], session[rows])
        if remark:
            remarks.append(f"{family.partition('/')[0]} lines: {remark}")
    training = np.zeros(len(step), bool)
    for family, rows in families:
        training[rows] = family.partition("/")[2] in ("", "train")
    known = np.where(training, step, np.nan)
    if not np.isfinite(known).any():
        known = bars(records)
    ahead = records.has("ahead") & any(family.startswith("llmc/") for family, _ in families)
    upcoming = np.where(ahead, forward_fill(known[::-1])[::-1] - 1, np.nan)
    carried = np.where(np.isnan(upcoming), forward_fill(known), upcoming)
    step = np.where(np.isnan(step), carried, step)
    log, log_axis = rounded_epochs(records, logs)
    return Positions(step, epoch, session, log, log_axis, tuple(dict.fromkeys(remarks)))


def _families(records: LineRecords) -> list[tuple[str, Ints]]:
    """The records that share a step counter."""
    names = [plan.family if plan.step >= 0 and not plan.words & {"bar", "final"} else "" for plan in records.plans]
    distinct = {name: code for code, name in enumerate(dict.fromkeys(["", *names]))}
    code = np.array([distinct[name] for name in names], np.int64)[records.plan]
    known = np.isfinite(records.step)
    found = ((name, np.flatnonzero((code == number) & known)) for name, number in distinct.items() if name)
    return [(name, rows) for name, rows in found if len(rows)]


def _main(records: LineRecords, families: list[tuple[str, Ints]]) -> Ints:
    """The records by which restarts are found: those of the most frequent training counter."""
    best = max((rows for name, rows in families if name.partition("/")[2] in ("", "train")), key=len, default=None)
    if best is not None:
        return best
    return np.flatnonzero(~records.has("log") & np.isfinite(records.epoch))


def _named_at_the_end(records: LineRecords, rows: Ints, epoch: Floats) -> Floats:
    """The epoch of each record, where lines of steps stand before the line that names the epoch: "Finished epoch 3".

    Their steps begin again behind each such line and nowhere else, and the first of them stand before the first one.
    rows: the records of the main counter of steps.
    """
    ends = np.flatnonzero(np.isfinite(records.epoch) & ~np.isin(np.arange(len(epoch)), rows))
    if not len(rows) or len(ends) < _PHASES or np.isfinite(records.epoch[rows]).any() or rows[0] > ends[0]:
        return epoch
    if np.any(np.diff(records.epoch[ends]) < 0):
        return epoch
    nth = np.searchsorted(ends, rows)
    again = np.diff(records.step[rows]) < 0
    if again.sum() < _PHASES - 1 or np.any(again & (np.diff(nth) == 0)) or 2 * again.sum() < len(np.unique(nth)):
        return epoch
    epoch = epoch.copy()
    named = np.append(records.epoch[ends], records.epoch[ends[-1]] + 1)
    epoch[rows] = named[nth]
    return epoch


def _count_epochs(records: LineRecords, families: list[tuple[str, Ints]], epoch: Floats) -> Floats:
    """Epochs of lines that name none but begin again after they have come to their end."""
    if np.isfinite(epoch).any():
        return epoch
    counted = epoch.copy()
    for _, rows in families:
        step, total = records.step[rows], records.total[rows]
        wraps = np.flatnonzero((step[1:] < step[:-1]) & (step[:-1] >= 0.9 * total[:-1]) & (total[1:] == total[:-1])) + 1
        falls = np.count_nonzero(step[1:] < step[:-1])
        if len(wraps) and len(wraps) >= 0.5 * falls:
            number = np.zeros(len(rows))
            number[wraps] = 1
            counted[rows] = np.cumsum(number)
    return counted


def _sessions(records: LineRecords, rows: Ints, epoch: Floats) -> NDArray[np.int32]:
    """A number that rises where the program began again: after its banner, or from the start again."""
    session = np.zeros(len(records.plan), np.int32)
    if not len(rows):
        return session
    era = np.nan_to_num(epoch[rows], nan=0.0)
    step = np.nan_to_num(records.step[rows], nan=0.0)
    banners = np.flatnonzero(records.has("restart"))
    stays = (era[1:] == era[:-1]) & (step[1:] == step[:-1])
    falls = (era[1:] < era[:-1]) | ((era[1:] == era[:-1]) & (step[1:] < step[:-1]))
    falls |= stays & (np.searchsorted(banners, rows[1:]) > np.searchsorted(banners, rows[:-1]))
    falls = np.flatnonzero(falls) + 1
    first = 0
    for fall in falls.tolist():
        near = np.searchsorted(banners, rows[fall])
        bannered = near > 0 and banners[near - 1] > rows[fall - 1]
        if bannered or (era[fall], step[fall]) <= (era[first], step[first]):
            session[banners[near - 1] if bannered else _opening(records, rows, fall)] = 1
            first = fall
    return np.cumsum(session, dtype=np.int32)


def _opening(records: LineRecords, rows: Ints, fall: int) -> int:
    """Where the lines begin that belong to a restart: behind the last line of its forerunner, or at the
    line that first named the epoch again."""
    after = int(rows[fall - 1]) + 1
    named = records.epoch[after : int(rows[fall]) + 1]
    if np.isfinite(records.epoch[rows[fall - 1]]) or not np.isfinite(named[:-1]).any():
        return int(rows[fall])
    return after + int(np.flatnonzero(np.isfinite(named))[-1])


def _join(records: LineRecords, rows: Ints, epoch: Floats, session: NDArray[np.int32]) -> tuple[Floats, str]:
    """Steps of the whole run from steps within epochs, where they begin again with each epoch."""
    step, total = records.step[rows], records.total[rows]
    if np.isnan(epoch).all() or np.isnan(epoch).any():
        return step, ""
    rises = epoch[1:] > epoch[:-1]
    if _is_length(step, total, rises):
        return epoch, "the step does not rise from epoch to epoch: steps count epochs"
    again = np.count_nonzero(rises & (step[1:] <= step[:-1]))
    words = records.plans[records.plan[rows[0]]].words
    # a bar may count over the whole run beside a line that names the epoch
    always = "within" in words and not ("postfix" in words and rises.any() and not again)
    if not always and (not again or again < 0.5 * np.count_nonzero(rises)):
        return step, ""
    base = 1.0 if epoch.min() >= 1 else 0.0
    joined = step.copy()
    remark = ""
    length = _length_by_phase(step, epoch) if np.isnan(total).all() else 0.0
    for _, group in groupby(range(len(rows)), key=lambda i: session[i]) if session.any() else [(0, range(len(rows)))]:
        mine = np.fromiter(group, np.int64)
        known = total[mine][np.isfinite(total[mine])]
        if length or len(known):
            span = length or float(known.max())
        else:
            span = float(step[mine].max()) + (1 if step[mine].min() == 0 else 0)
            remark = f"the step begins again each epoch: steps count {span:.0f} an epoch"
        with np.errstate(over="ignore", invalid="ignore"):  # a "step 1e308" is no step
            joined[mine] = (epoch[mine] - base) * span + step[mine]
    return joined, remark


def _length_by_phase(step: Floats, epoch: Floats) -> float:
    """The steps of an epoch, from where its lines stand; 0 where that does not follow.

    A loop that prints every 100 steps of the run ends an epoch at 1300 and begins the next one at 64: an epoch has
    1336 steps. Where each epoch begins at the same step, the loop counts its lines in the epoch.
    """
    moves = np.diff(step)
    every = float(np.median(moves[epoch[1:] == epoch[:-1]])) if np.any(epoch[1:] == epoch[:-1]) else 0.0
    next_one = np.flatnonzero(epoch[1:] == epoch[:-1] + 1)
    first = step[next_one + 1]
    if every <= 0 or len(np.unique(first)) < _PHASES:
        return 0.0
    lengths = step[next_one] + every - first
    length = float(np.median(lengths))
    return length if np.mean(lengths == length) >= _ONCE else 0.0


def _is_length(step: Floats, total: Floats, rises: Bools) -> bool:
    """Whether lines that come once an epoch, or an episode, say how many steps it took."""
    if len(rises) < _FEW or np.isfinite(total).any() or np.mean(rises) < _ONCE:
        return False
    return bool(np.mean(step[1:][rises] > step[:-1][rises]) < _ONCE)


def tables(names: list[str], value: Floats, rule: Ints, above: dict[str, Floats]) -> tuple[Floats, str]:
    """The step of every row of tables, by the counter in the same table, and which counter it is.

    names: what the rows are called; value: theirs; rule: how many ruled lines stand above each row; above: what the
    lines before each row count, by its name, which holds where a table counts nothing itself.
    """
    counters = [name for name in dict.fromkeys(names) if plain(name).rpartition("/")[2] in _TABLE_STEPS]
    best = min(counters, key=lambda name: _TABLE_STEPS[plain(name).rpartition("/")[2]], default="")
    step = np.full(int(rule.max(initial=0)) + 1, np.nan)
    if not best:
        first = np.flatnonzero(np.diff(rule, prepend=-1) > 0)
        for name, place in above.items():
            if len(first) >= _PHASES and np.all(np.diff(place[first]) > 0) and np.isfinite(place).all():
                return place, name
        return rule.astype(np.float64), best
    mine = np.array([name == best for name in names], bool)
    step[rule[mine]] = value[mine]
    return forward_fill(step)[rule], best
