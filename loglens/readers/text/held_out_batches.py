"""Lines of batches under a heading such as "Validating", which look like those of training but for their total."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loglens.readers.text.line_plan import LinePlan
from loglens.readers.text.line_records import LineRecords, forward_fill
from loglens.readers.text.sections import HELD_OUT

#: So often passes of two lengths take turns.
_PASSES = 3


def with_held_out_batches(
    records: LineRecords, owner: NDArray[np.int64], nth: NDArray[np.int32]
) -> tuple[LineRecords, NDArray[np.int32]]:
    """The records and the indices of their values, with such lines as ones of their part of the data.

    AllenNLP prints "Batch 1/17168: loss: 6.6" behind "Training" and "Batch 1/307: loss: 5.9" behind "Validating".
    owner, nth: record of each value, and its index into the values of all plans.
    """
    names = list(dict.fromkeys(["", *(plan.section for plan in records.plans)]))
    headings = [names.index(plan.section) if _is_heading(plan) else np.nan for plan in records.plans]
    under = np.nan_to_num(forward_fill(np.array(headings, np.float64)[records.plan]), nan=0.0).astype(np.int64)
    batches = np.array([_is_of_batches(plan) for plan in records.plans], bool)[records.plan]
    batches &= np.isfinite(records.total)
    held = np.array([name in HELD_OUT for name in names], bool)[under] & batches
    main = np.unique(records.total[batches & ~held])
    held &= ~np.isin(records.total, main)
    if not held.any() or not len(main):
        under, held = _alternating(records, names)
    if not held.any():
        under, held = _going_back(records, names, headings)
    if not held.any():
        return records, nth
    plans, plan, nth = list(records.plans), records.plan.copy(), nth.copy()
    first = np.cumsum([0, *(len(each.values) for each in plans)])
    for old, part in sorted(set(zip(plan[held].tolist(), under[held].tolist(), strict=True))):
        rows = np.flatnonzero(held & (records.plan == old) & (under == part))
        mine = np.isin(owner, rows)
        nth[mine] += int(first[-1] - first[old])
        plan[rows] = len(plans)
        plans.append(_of(plans[old], names[part]))
        first = np.append(first, first[-1] + len(plans[-1].values))
    return replace(records, plans=tuple(plans), plan=plan), nth


def _alternating(records: LineRecords, names: list[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The part of the data of each record by its index into the names, and which records it holds for, no heading said.

    Where batches count up to two totals in turn, the shorter pass behind the longer one is over held-out data.
    """
    held = np.zeros(len(records.plan), bool)
    part = names.index("val") if "val" in names else len(names)
    counted = [_is_of_batches(plan) or _is_unnamed(plan) for plan in records.plans]
    rows = np.flatnonzero(np.array(counted, bool)[records.plan] & np.isfinite(records.total))
    sizes = np.unique(records.total[rows])
    if len(sizes) != 2:
        return np.full(len(held), part), held
    short = records.total[rows] == sizes[0]
    passes = np.count_nonzero(np.diff(short.astype(int)) > 0)
    again = np.count_nonzero(np.diff(records.step[rows][short]) <= 0)
    if passes >= _PASSES and not short[0] and again == passes - 1:
        held[rows[short]] = True
        if part == len(names):
            names.append("val")
    return np.full(len(held), part), held


def _going_back(
    records: LineRecords, names: list[str], headings: list[float]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The part of the data of each record by its index into the names, and which records it holds for.

    A line under a heading of held-out data is of it while its counter is not beyond that of the last line before the
    heading: "step 100, loss 0.7" again behind "Evaluation:", or the batches of the same epoch from the first one on.
    """
    held = np.zeros(len(records.plan), bool)
    held_out = np.array([name in HELD_OUT for name in names], bool)
    if not held_out[[int(at) for at in headings if np.isfinite(at)]].any():
        return np.zeros(len(held), np.int64), held
    counts = np.array([bool({"generic", "unnamed"} & plan.words) and plan.step >= 0 for plan in records.plans], bool)
    rows = np.flatnonzero(counts[records.plan] & np.isfinite(records.step))
    said = np.array(headings, np.float64)[records.plan]
    under = np.nan_to_num(forward_fill(said), nan=0.0).astype(np.int64)
    begun = np.nan_to_num(forward_fill(np.where(np.isnan(said), np.nan, np.arange(len(said)))), nan=-1).astype(np.int64)
    before = np.searchsorted(rows, begun[rows]) - 1
    known = (begun[rows] >= 0) & (before >= 0) & held_out[under[rows]]
    rows, last = rows[known], rows[before[known]]
    same = records.epoch[rows] == records.epoch[last]
    again = np.isnan(records.epoch[rows]) & np.isnan(records.epoch[last]) & (records.step[rows] == records.step[last])
    back = (same & (records.step[rows] <= records.step[last])) | again
    families = {plan.family: number for number, plan in enumerate(records.plans)}
    family = np.array([families[plan.family] for plan in records.plans])[records.plan]
    back &= family[rows] == family[last]
    if len(np.unique(begun[rows[back]])) >= _PASSES:
        held[rows[back]] = True
    return under, held


def _is_unnamed(plan: LinePlan) -> bool:
    return plan.family == "unnamed/" and plan.step >= 0 and plan.epoch < 0 and plan.total >= 0


def _is_heading(plan: LinePlan) -> bool:
    return "set" in plan.words and bool(plan.section) and plan.step < 0


def _is_of_batches(plan: LinePlan) -> bool:
    return "generic" in plan.words and plan.family.endswith("/") and plan.step >= 0 and plan.epoch < 0


def _of(plan: LinePlan, part: str) -> LinePlan:
    values = tuple(replace(value, tag=f"{part}/{value.tag}") for value in plan.values)
    return replace(plan, family=f"{plan.family}{part}", section="", values=values)
