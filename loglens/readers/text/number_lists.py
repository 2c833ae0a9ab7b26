"""Lines that are nothing but a list of numbers with a step at one of its places: "[5.87, 1.43, 200, 0.0002]"."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.line_plan import LinePlan, Value
from loglens.readers.text.line_records import LineRecords
from loglens.stats.arrays import Floats, Ints

_LIST = re.compile(r"[\[(]\0(?:, ?\0){1,63}[\])] ?")
#: A step and the one value at it, without a name: "1200:\t-4.31", "10000/ 200000: 2.41", "[300] 0.52".
_PAIR = re.compile(r"(?:\0: |\0 ?/ ?\0: ?|\[ ?\0(?: ?/ ?\0)? ?\]:? )(?P<value>\0) ?")
#: So many lists make a curve: fewer may be anything.
_FEW = 10
#: Of the steps from list to list so many rise: all but those of restarts.
_RISING = 0.9


def number_list(body: str) -> LinePlan | None:
    """The plan of a list without names: its values are called by their places, "[0]", "[1]", ... or else "value"."""
    if pair := _PAIR.fullmatch(body):
        named = (Value(0, "[0]", "follow"), Value(body.count("\0", 0, pair.start("value")), "value", "follow"))
        return LinePlan("list of 2/", frozenset({"follow", "list"}), values=named)
    if not _LIST.fullmatch(body):
        return None
    values = tuple(Value(slot, f"[{slot}]", "follow") for slot in range(body.count("\0")))
    return LinePlan(f"list of {len(values)}/", frozenset({"follow", "list"}), values=values)


def counted_lists(records: LineRecords, owner: Ints, number: Floats) -> tuple[LineRecords, NDArray[np.bool_]]:
    """The records with the steps of their lists, and which values to keep: none of a list that does not count.

    The step is the last place whose numbers are whole and rise from list to list, where others are not whole.
    owner, number: record and value of each value, by record.
    """
    keep = np.ones(len(owner), bool)
    lists = records.has("list")
    if not lists.any():
        return records, keep
    keep = ~lists[owner]
    step, plans = records.step.copy(), list(records.plans)
    for family in dict.fromkeys(plan.family for plan in plans if "list" in plan.words):
        mine = [i for i, plan in enumerate(plans) if plan.family == family]
        rows = np.flatnonzero(np.isin(records.plan, mine))
        places = np.flatnonzero(np.isin(owner, rows))
        table = number[places].reshape(len(rows), -1)
        at = _counter(table)
        if at < 0:
            continue
        step[rows] = table[:, at]
        keep[places] = np.arange(len(places)) % table.shape[1] != at
        for i in mine:
            kept = tuple(replace(value, axis="step") for value in plans[i].values)
            plans[i] = replace(plans[i], step=plans[i].values[at].slot, values=kept, words=frozenset({"list"}))
    return replace(records, step=step, plans=tuple(plans)), keep


def _counter(table: Floats) -> int:
    """The last column of whole numbers that rise from row to row; -1 for none."""
    if len(table) < _FEW or not np.isfinite(table).all():
        return -1
    whole = (table == np.round(table)).all(axis=0)
    counts = whole & (np.mean(np.diff(table, axis=0) > 0, axis=0) >= _RISING)
    return int(np.flatnonzero(counts)[-1]) if counts.any() and not whole.all() else -1
