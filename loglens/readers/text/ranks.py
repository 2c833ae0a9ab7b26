"""The processes of one run that print into one log: which of them a line is of, and whose lines count."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.line_records import LineRecords
from loglens.readers.text.templates import MARK
from loglens.stats.arrays import Floats, Ints

#: What numbers a process, the surest first: "[rank3]:", "[1,0]<stdout>:", "(Worker pid=812)", "[default0]:".
_NAMED = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"(?<![a-z])(?:(?:local|global)_)?rank['\"]?[ _:=#-]{{0,2}}({MARK}|\d{{1,6}})(?![\w.])",
        rf"\[{MARK},({MARK})\]<std",
        rf"\bpid={MARK}?({MARK})[,)]",
        rf"(?:^|[\[(<])(?:worker|proc(?:ess)?|gpu|default|replica|node|cuda)[ _:=#-]?({MARK}|\d{{1,6}}) ?[\])>|:]",
    )
)
#: srun, pdsh and mpirun put the number of the task before each line; others write "(0/8)".
_LEADING = re.compile(rf"\[?({MARK})\]?: (?=\S)|[\[(]({MARK})/{MARK}[\])] (?=[A-Za-z])")
#: Of the places of another process so many are those of the one that counts, and it has so many lines as others.
_SAME, _MANY = 0.5, 0.5


def rank_of(text: str, begin: int, first: int, counters: tuple[int, ...]) -> tuple[int, int]:
    """The slot of the number of a line's process, and that number where it stands in a word; -1 for none.

    text: the template of a line. begin: where its tags end. first: where the message of a line begins behind the
    tags of its logger. counters: slots that count and so number nothing.
    """
    end = min((at for at in (text.find(MARK, begin), len(text)) if at >= 0), default=len(text))
    for pattern in _NAMED:
        if found := pattern.search(text, 0, max(begin, end + 1)):
            return (text.count(MARK, 0, found.start(1)), -1) if found[1] == MARK else (-1, int(found[1]))
    leads = (_LEADING.match(text, at) for at in (0, first, begin))
    if (found := next(filter(None, leads), None)) and len(text) > found.end():
        slot = text.count(MARK, 0, found.start(found.lastindex or 1))
        if slot not in counters:
            return slot, -1
    return -1, -1


def of_other_ranks(records: LineRecords, owner: Ints) -> tuple[NDArray[np.bool_], int]:
    """Which records other processes of the run print beside the first one, and of how many processes there are any.

    Lines of the same names are those of several processes if they stand at the same steps and epochs. What one
    process alone prints, as the last one of a pipeline its loss, counts whoever prints it.
    owner: the record of each value.
    """
    others = np.zeros(len(records.plan), bool)
    rank = records.rank
    if len(np.unique(rank[np.isfinite(rank)])) < 2:
        return others, 1
    found: set[float] = set()
    for rows in _of_same_names(records):
        mine = rank[rows]
        numbers, code, count = np.unique(mine, return_inverse=True, return_counts=True)
        if len(numbers) < 2:
            continue
        lead = int(np.flatnonzero(count >= _MANY * count.max())[0])
        places = np.stack([np.nan_to_num(c[rows], nan=-1.0) for c in (records.epoch, records.step)], axis=1)
        _, place = np.unique(places, axis=0, return_inverse=True)
        place = place.reshape(-1)
        known = np.isin(place, place[code == lead])
        for at in range(len(numbers)):
            if at != lead and known[code == at].mean() >= _SAME:
                others[rows[code == at]] = True
                found |= {numbers[lead], numbers[at]}
    measured = np.zeros(len(others), bool)
    measured[owner] = True
    return others, max(len(found), 1) if (others & measured).any() else 1


def _of_same_names(records: LineRecords) -> list[Ints]:
    """The records with a rank, by the names of their values and what else their lines do."""
    kinds: dict[object, int] = {}
    names = [
        (frozenset(value.tag for value in plan.values), plan.section, plan.words, plan.raw, plan.family)
        for plan in records.plans
    ]
    kind = np.array([kinds.setdefault(name, len(kinds)) for name in names], np.int64)[records.plan]
    rows = np.flatnonzero(np.isfinite(records.rank))
    order = rows[np.argsort(kind[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(kind[order])) + 1)


def of_first_rank(
    records: LineRecords, owner: Ints, nth: NDArray[np.int32], number: Floats
) -> tuple[LineRecords, Ints, NDArray[np.int32], Floats, str]:
    """The records and values without those that other processes print again, and a remark."""
    others, count = of_other_ranks(records, owner)
    if not others.any():
        return records, owner, nth, number, ""
    keep = ~others
    columns = {name: getattr(records, name)[keep] for name in ("plan", "step", "epoch", "total", "time", "rank")}
    chosen = keep[owner]
    owner = (np.cumsum(keep) - 1)[owner[chosen]]
    remark = f"{count} processes print the same lines: those of the first one are read" if count > 1 else ""
    return replace(records, **columns), owner, nth[chosen], number[chosen], remark
