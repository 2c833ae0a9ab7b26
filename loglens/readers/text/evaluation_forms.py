"""Lines of an evaluation that name their values as the lines of the training do, and say nowhere what they are."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from loglens.readers.text.cell_names import OPTIMIZER
from loglens.readers.text.line_plan import LinePlan
from loglens.readers.text.line_records import LineRecords
from loglens.stats.arrays import Floats

#: Lines that say how fast they are, or what the optimizer does, are those of the training.
_SPEEDS = ("/s", "/sec")
_SPLIT = re.compile(r"(?:train|val|test)/")
#: An evaluation comes so often, says so many of the same names, and comes at most at every second of the lines.
_FEW, _SHARED, _RARER = 3, 2, 2
#: So many of its steps are those of lines of the training, which stand before it.
_SAME = 0.9


def with_evaluations(records: LineRecords) -> LineRecords:
    """The records with such lines as ones of held-out data.

    Leela's trainer prints "step 2000, lr=0.02 policy=4.5 value=0.9" and then "step 2000, policy=4.6 value=0.9 policy
    accuracy=21.0%": what is said twice at one step, and but once with the learning rate, is measured on other data.
    """
    kinds: dict[frozenset[str], list[int]] = {}
    for i, plan in enumerate(records.plans):
        if "generic" in plan.words and plan.step >= 0 and not any(_SPLIT.match(value.tag) for value in plan.values):
            kinds.setdefault(frozenset(value.tag for value in plan.values), []).append(i)
    plans = list(records.plans)
    for i in _lone_metrics(records):
        plans[i] = _of_held_out(plans[i])
    if len(kinds) < 2:
        return replace(records, plans=tuple(plans))
    for tags, forms in kinds.items():
        if _steers(tags):
            continue
        training = [main for others, main in kinds.items() if len(tags & others) >= _SHARED and _steers(others)]
        if any(_evaluates(records, forms, main) for main in training):
            for i in forms:
                plans[i] = _of_held_out(plans[i])
    return replace(records, plans=tuple(plans))


def _lone_metrics(records: LineRecords) -> list[int]:
    """The forms without a counter that name metrics of the lines that count, and nothing else, and come more seldom.

    A renderer prints "8500/25000: loss=0.007, psnr=24.7" and at times, of other views, "psnr = 25.9".
    """
    said = {value.tag for plan in records.plans for value in plan.values}
    lines = np.bincount(records.plan, minlength=len(records.plans))
    naming: dict[str, set[int]] = {}
    for i, plan in enumerate(records.plans):
        if plan.step >= 0 or plan.epoch >= 0:
            for value in plan.values if len(plan.values) > 1 else ():
                naming.setdefault(value.tag, set()).add(i)
    found = []
    for i in np.flatnonzero(lines >= _FEW).tolist():
        plan = records.plans[i]
        tags = {value.tag for value in plan.values}
        if plan.step >= 0 or plan.epoch >= 0 or not tags or any("loss" in tag.lower() for tag in tags):
            continue
        if any(_SPLIT.match(tag) or {f"val/{tag}", f"test/{tag}"} & said for tag in tags):
            continue
        main = set.intersection(*(naming.get(tag, set()) for tag in tags))
        if _RARER * lines[i] <= lines[list(main)].sum():
            found.append(i)
    return found


def _steers(tags: frozenset[str]) -> bool:
    return any(OPTIMIZER.search(tag) or tag.lower().endswith(_SPEEDS) for tag in tags)


def _evaluates(records: LineRecords, forms: list[int], main: list[int]) -> bool:
    """Whether lines of the first forms come at steps of the others, but more seldom."""
    mine, steps = _steps(records, forms), _steps(records, main)
    if len(mine) < _FEW or _RARER * len(mine) > len(steps):
        return False
    return bool(np.isin(mine, steps).mean() >= _SAME) and _behind(records, forms, main)


def _steps(records: LineRecords, forms: list[int]) -> Floats:
    steps: Floats = records.step[np.isin(records.plan, forms)]
    return steps[np.isfinite(steps)]


def _behind(records: LineRecords, forms: list[int], main: list[int]) -> bool:
    """Whether lines of the first forms stand behind one of the others, at its step."""
    rows = np.flatnonzero(np.isin(records.plan, forms))
    training = np.flatnonzero(np.isin(records.plan, main))
    before = np.searchsorted(training, rows) - 1
    known = before >= 0
    return bool(np.mean(records.step[training[before[known]]] == records.step[rows[known]]) >= _SAME)


def _of_held_out(plan: LinePlan) -> LinePlan:
    values = tuple(replace(value, tag=f"val/{value.tag}") for value in plan.values)
    return replace(plan, family=f"{plan.family}val", section="", values=values)
